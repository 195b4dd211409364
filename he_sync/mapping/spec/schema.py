"""The JSON schema of a mapping file, for editors. Made from the same lists as the check."""

from __future__ import annotations

from typing import Any

from he_sync.mapping.spec.model import TAKES
from he_sync.mapping.spec.parameters import Parameter
from he_sync.mapping.spec.steps import STEPS, Step

Schema = dict[str, Any]
VALUE: Schema = {"type": ["string", "number", "boolean", "null"]}
SQL: Schema = {"type": "string", "maxLength": 2000, "description": "A scalar SQL expression over the source's fields"}
ENTRIES: Schema = {"type": "object", "additionalProperties": {"$ref": "#/$defs/entry"}}
KIND: Schema = {
    "type": "string",
    "pattern": r"^(text(\([0-9]+\))?|integer|decimal(\([0-9]+\))?|boolean|date|instant|list)$",
}


def schema() -> Schema:
    """JSON schema 2020-12 of the whole file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping of he-sync",
        "$defs": {"entry": _entry()},
        **_object(
            {
                "mapping": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,59}$"},
                "version": {"type": "integer", "minimum": 1},
                "description": {"type": "string"},
                "source": _side(),
                "target": _side(),
                "only": {**SQL, "description": "Records for which it does not hold are left out"},
                "tables": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": VALUE}},
                "map": ENTRIES,
                "tests": {"type": "array", "items": _test()},
            },
            ("mapping", "version", "source", "target", "map"),
        ),
    }


def _side() -> Schema:
    fields = {"type": "object", "additionalProperties": KIND}
    return _object({"record": {"type": "string"}, "fields": fields}, ("record", "fields"))


def _entry() -> Schema:
    lines = _object(
        {
            "of": {"type": "string"},
            "take": {"enum": list(TAKES)},
            "sql": SQL,
            "only": SQL,
            "by": {"type": "string"},
        },
        ("of", "take"),
    )
    whole = _object(
        {
            "from": {"type": "string", "description": "A field of the source"},
            "sql": SQL,
            "value": VALUE,
            "lines": lines,
            "each": {"type": "string", "description": "A list of the source: one target line for each of its lines"},
            "map": ENTRIES,
            "steps": {"type": "array", "items": {"anyOf": [_step(step) for step in STEPS.values()]}},
            "only": {**SQL, "description": "The field is filled for records for which it holds"},
            "otherwise": VALUE,
        },
        (),
    )
    return {**whole, "oneOf": [{"required": [name]} for name in ("from", "sql", "value", "lines", "each")]}


def _step(step: Step) -> Schema:
    """A bare name, a name with its first parameter, or a name with all of them."""
    needed = [one.name for one in step.parameters if one.default is None]
    bare: list[Schema] = [] if needed else [{"const": step.name, "description": step.words}]
    if not step.parameters:
        return bare[0]
    ways = [_object({one.name: _parameter(one) for one in step.parameters}, tuple(needed))]
    if needed in ([], [step.parameters[0].name]):
        ways.append(_parameter(step.parameters[0]))
    return {"anyOf": [*bare, {**_object({step.name: {"anyOf": ways}}, (step.name,)), "description": step.words}]}


def _parameter(one: Parameter) -> Schema:
    if one.kind == "whole":
        return {"type": "integer", "minimum": one.low, "maximum": one.high, "description": one.words}
    if one.kind == "choice":
        return {"enum": list(one.choices), "description": one.words}
    if one.kind == "fields":
        return {"type": "array", "items": {"type": "string"}, "description": one.words}
    kinds = {"exact": ["number", "string"], "any": VALUE["type"]}.get(one.kind, "string")
    return {"type": kinds, "description": one.words}


def _test() -> Schema:
    anything = {"type": "object"}
    return _object(
        {
            "name": {"type": "string"},
            "given": anything,
            "expect": anything,
            "refused": {"type": "string"},
            "left_out": {"const": True},
        },
        ("given",),
    )


def _object(properties: Schema, required: tuple[str, ...]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
