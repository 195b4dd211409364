"""An entry of a mapping as a person types it: a field's name, `= expression`, or `"a value"`; and as forms build it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from he_sync.mapping.expressions.compiling import used
from he_sync.mapping.expressions.kinds import Kind
from he_sync.mapping.expressions.wrong import WrongExpression
from he_sync.mapping.spec.parameters import Parameter
from he_sync.model.errors import FixInput

Data = dict[str, Any]
STARTS = ("from", "sql", "value", "lines", "each", "map")
OPERATORS = {
    "=": "is",
    "<>": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    "contains": "contains",
    "starts_with": "starts with",
    "is null": "is empty",
    "is not null": "is not empty",
}


def cell(data: Data) -> str:
    """What stands in the cell of a target field; "" for lines, which have a form of their own."""
    if "from" in data:
        return str(data["from"])
    if "sql" in data:
        return f"= {' '.join(str(data['sql']).split())}"
    return shown(data["value"]) if "value" in data else ""


def shown(value: Any) -> str:
    """A value as `typed` reads it: texts in quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def typed(text: str) -> Any:
    """The value that a person typed: a number, true, false, nothing, or a text, quoted where it looks like another."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in {"", "true", "false"}:
        return {"": None, "true": True, "false": False}[text]
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or text.lower().find("e") >= 0:
        return text
    return int(number) if "." not in text else number


def start_of(text: str) -> Data:
    """The beginning of an entry that a cell says. Nothing for an empty one."""
    text = text.strip()
    if not text:
        return {}
    if text.startswith("="):
        return {"sql": text[1:].strip()}
    return {"value": typed(text)} if text.startswith('"') else {"from": text}


def with_start(old: Data | None, start: Data) -> Data:
    """An entry with another beginning and the same steps and condition."""
    return {**start, **{key: value for key, value in (old or {}).items() if key not in STARTS}}


def bridge(source: Kind, target: Kind) -> list[Any]:
    """The steps without which a field of one kind does not fit one of another; none where they go together."""
    if target.name in {source.name, "text"}:
        return []
    ways = {"number": {"number": target.scale}, "date": "date", "instant": "instant", "boolean": "yes_no"}
    return [ways[target.name]] if source.name == "text" or (source.name, target.name) == ("instant", "date") else []


def condition(field: str, kind: Kind, operator: str, value: str) -> str:
    """An expression of a condition made by a form. Raises FixInput where the value is none of the field's kind."""
    name = quoted(field)
    if operator in {"is null", "is not null"}:
        return f"{name} {operator.upper()}"
    if operator not in OPERATORS:
        raise FixInput(f"choose {', '.join(OPERATORS.values())}")
    written = _literal(kind, value.strip())
    return (
        f"{operator}({name}, {written})" if operator in {"contains", "starts_with"} else f"{name} {operator} {written}"
    )


def quoted(field: str) -> str:
    """A field's name as an expression writes it: in double quotes where it is not a plain word."""
    try:
        plain = used(field) == [field]
    except WrongExpression:
        plain = False
    return field if plain else ".".join(f'"{part}"' for part in field.split("."))


def _literal(kind: Kind, value: str) -> str:
    if kind.name == "number":
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise FixInput(f"{value[:40]!r} is no number") from None
        return f"{number:f}"
    if kind.name == "boolean":
        return "true" if value.lower() in {"true", "yes", "1"} else "false"
    return "'" + value.replace("'", "''") + "'"


def parameter_value(one: Parameter, text: str) -> Any:
    """A parameter's value from its input; what it may be is checked with the whole mapping."""
    if text == "" and one.default is not None:
        return None
    if one.kind == "whole":
        return int(text) if text.strip().lstrip("-").isdecimal() else text
    if one.kind == "fields":
        return [part.strip() for part in text.split(",") if part.strip()]
    if one.kind in {"exact", "any"}:
        return typed(text)
    return text


def parameter_text(one: Parameter, given: Mapping[str, Any]) -> str:
    """A parameter's value as its input shows it."""
    value = given.get(one.name, one.default)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if one.kind == "any":
        return shown(value)
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
