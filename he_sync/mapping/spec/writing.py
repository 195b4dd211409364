"""Parts of a mapping as YAML text, in the one form that the canvas writes: block style, two columns a level."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping as Map
from decimal import Decimal
from typing import Any

import yaml

from he_sync.mapping.spec.model import Each, Entry, From, Lines, Sql, StepUse, Written
from he_sync.mapping.spec.steps import STEPS

WIDE = 10**6
Data = Map[str, Any]


def entry_data(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in the file, as plain data."""
    start = entry.start
    found: dict[str, Any] = {}
    if isinstance(start, From):
        found["from"] = start.field
    elif isinstance(start, Written):
        found["value"] = start.content
    elif isinstance(start, Sql):
        found["sql"] = start.text
    elif isinstance(start, Each):
        found["each"] = start.of
        found["map"] = {name: entry_data(one) for name, one in start.inner.entries.items()}
        found |= {"only": start.inner.only.text} if start.inner.only else {}
    else:
        found["lines"] = _lines(start)
    if entry.steps:
        found["steps"] = [step_data(step) for step in entry.steps]
    if entry.only:
        found["only"] = entry.only.text
    if entry.only and entry.otherwise is not None:
        found["otherwise"] = entry.otherwise
    return found


def _lines(start: Lines) -> dict[str, Any]:
    found = {"of": start.of, "take": start.take}
    found |= {"sql": start.sql.text} if start.sql else {}
    found |= {"only": start.only.text} if start.only else {}
    return found | ({"by": start.by} if start.take == "join" and start.by != ", " else {})


def step_data(step: StepUse) -> Any:
    """`trim`, `{cut: 30}` or `{replace: {old: a, new: b}}`: as short as it can be read."""
    parameters = STEPS[step.name].parameters
    given = {name: value for name, value in step.given.items() if value is not None}
    if not given:
        return step.name
    if len(given) == 1 and parameters[0].name in given and not isinstance(given[parameters[0].name], dict):
        return {step.name: given[parameters[0].name]}
    return {step.name: given}


def scalar(value: Any) -> str:
    """One value on one line, quoted where YAML would read it as something else."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str) and ("\n" in value or "\r" in value):
        return json.dumps(value, ensure_ascii=False)
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=WIDE)
    return text.split("\n", maxsplit=1)[0]


def block(data: Any, indent: int) -> list[str]:
    """Lines of a value below a key, at so many columns."""
    return list(_block(data, " " * indent))


def _block(data: Any, before: str) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _keyed(f"{before}{scalar(key)}:", value, before)
    else:
        for value in data:
            yield from _item(value, before)


def _keyed(start: str, value: Any, before: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield start
        yield from _block(value, before + "  ")
    elif (
        isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")) and value.isprintable() is False
    ):
        yield f"{start} {_literal(value)}"
        yield from (f"{before}  {line}" if line else "" for line in value.rstrip("\n").split("\n"))
    else:
        yield f"{start} {flow(value)}"


def _literal(value: str) -> str:
    return "|" if value.endswith("\n") else "|-"


def _item(value: Any, before: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        lines = list(_block(value, before + "  "))
        yield f"{before}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield f"{before}- {flow(value)}"


def flow(data: Any) -> str:
    """A value in flow style: `{from: id, steps: [trim, {cut: 30}]}`."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{_inside(key)}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(flow(value) for value in data) + "]"
    return _inside(data)


def _inside(value: Any) -> str:
    """Within brackets a comma or a bracket ends a plain text."""
    text = scalar(value)
    if isinstance(value, str) and not text.startswith(("'", '"')) and any(sign in text for sign in ",[]{}:#"):
        return json.dumps(value, ensure_ascii=False)
    return text


def in_words(data: Data) -> str:
    """An entry for people: `billing.city, then trim, cut: 30, if total > 5, else "NONE"`."""
    lines = data.get("lines") or {}
    start = {
        "from": str(data.get("from")),
        "sql": f"= {data.get('sql')}",
        "value": flow(data.get("value")),
        "each": f"each of {data.get('each')}: "
        + "; ".join(f"{k} {in_words(v)}" for k, v in (data.get("map") or {}).items()),
        "lines": " ".join(filter(None, [str(lines.get("take")), str(lines.get("sql") or ""), f"of {lines.get('of')}"])),
    }
    parts = [next((words for key, words in start.items() if key in data), "")]
    if data.get("steps"):
        parts.append("then " + ", ".join(flow(step).removeprefix("{").removesuffix("}") for step in data["steps"]))
    parts += [f"if {data['only']}"] if "only" in data else []
    parts += [f"else {flow(data['otherwise'])}"] if "otherwise" in data else []
    return ", ".join(parts)
