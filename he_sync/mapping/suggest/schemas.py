"""JSON schemas as tables: properties are fields, those of objects within get dotted names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from he_sync.mapping.suggest.tables import Field, Table, table
from he_sync.model.errors import FixInput

DEEPEST = 6
"""Objects within objects; a schema that refers to itself ends here."""
KINDS = {"integer": "integer", "number": "decimal", "boolean": "boolean", "string": "text"}
FORMATS = {"date": "date", "date-time": "datetime", "int32": "integer", "int64": "integer", "decimal": "decimal"}


def from_schema(path: Path) -> Table:
    """Raises FixInput where the file is no JSON object or has no properties."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FixInput(f"{path}: is not utf-8 (byte {error.start}); a JSON schema must be") from None
    except (ValueError, RecursionError) as error:
        raise FixInput(f"{path}: is not JSON ({error})") from None
    return table(str(path), list(_fields(whole, whole, "", 0)))


def _fields(whole: Any, node: Any, prefix: str, depth: int) -> Iterator[Field]:
    node = _resolved(whole, node)
    if isinstance(node.get("items"), dict) and "properties" not in node:
        node = _resolved(whole, node["items"])
    properties = node.get("properties")
    for name, given in properties.items() if isinstance(properties, dict) else ():
        below = _resolved(whole, given)
        if isinstance(below.get("properties"), dict) and depth < DEEPEST:
            yield from _fields(whole, below, f"{prefix}{name}.", depth + 1)
        else:
            yield _field(f"{prefix}{name}", below)


def _resolved(whole: Any, node: Any) -> dict[str, Any]:
    """The node that a local reference names, or an empty one."""
    for _ in range(DEEPEST):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return node
        node = whole
        for part in reference[2:].split("/"):
            node = node.get(part, {}) if isinstance(node, dict) else {}
    return {}


def _field(name: str, node: dict[str, Any]) -> Field:
    given = node.get("type")
    kinds = [one for one in (given if isinstance(given, list) else [given]) if one != "null"]
    kind = FORMATS.get(str(node.get("format")), KINDS.get(str(kinds[0]) if kinds else "", ""))
    known = [*_listed(node.get("enum")), *_listed(node.get("examples"))]
    return Field(name, tuple(str(one) for one in known), kind, str(node.get("description") or ""))


def _listed(value: Any) -> list[Any]:
    return [one for one in value if one is not None] if isinstance(value, list) else []
