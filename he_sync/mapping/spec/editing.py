"""Changes of a mapping's text at the places of its nodes. Every other character stays: comments, order, quotes, ends.

What comes out is read again and must be what was wanted; nothing is written that reads otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

import yaml

from he_sync.mapping.spec.document import composed, plain
from he_sync.mapping.spec.places import appended, cut, in_brackets, inserted, last, lines_put, span
from he_sync.mapping.spec.writing import block, flow, scalar
from he_sync.model.errors import BrokenPromise, FixInput


def with_entry(text: str, target: str, data: Map[str, Any] | None) -> str:
    """The text with a target field mapped so; None takes it out. What is the same already is not touched."""
    return with_entries(text, {target: data})


def with_entries(text: str, changes: Map[str, Map[str, Any] | None]) -> str:
    """The same for many fields, from the last to the first: the places of those before stay right."""
    held, there = _at(text, "map"), _plain_at(text, "map")
    real = {name: data for name, data in changes.items() if there.get(name) != data and (data or name in there)}
    if not real:
        return text
    kept = {name: one for name, one in there.items() if real.get(name, one) is not None}
    wanted = {**kept, **{name: dict(data) for name, data in real.items() if data is not None}}
    if held is None:
        made = appended(text, ["map:", *block(wanted, 2)])
    elif not isinstance(held[1], yaml.MappingNode) or not held[1].value or in_brackets(held[1]) or not kept:
        made = _as_block(text, held, wanted)
    else:
        made = _changed(text, held[1], real)
    return _sure(made, text, "map", wanted)


def with_value(text: str, key: str, value: Any) -> str:
    """The text with a value at its top, such as `version` or `description`."""
    whole = composed(text, "mapping")
    if _plain_at(text, key) == value:
        return text
    node = next((inner for name, inner in whole.value if name.value == key), None)
    made = appended(text, [f"{key}: {scalar(value)}"]) if node is None else span(text, node, scalar(value))
    return _sure(made, text, key, value)


def without(text: str, key: str) -> str:
    """The text without a key at its top."""
    whole = composed(text, "mapping")
    found = next(((name, inner) for name, inner in whole.value if name.value == key), None)
    return text if found is None else cut(text, *found)


def with_test(text: str, data: Map[str, Any]) -> str:
    """The text with one more test behind the others."""
    tests = list(_plain_at(text, "tests") or [])
    held = _at(text, "tests")
    lines = block([dict(data)], 2)
    if held is None or not tests:
        made = appended(text if held is None else without(text, "tests"), ["tests:", *lines])
    elif in_brackets(held[1]):
        made = span(text, held[1], flow([*tests, dict(data)]))
    else:
        indent = held[1].value[0].start_mark.column - 2
        made = inserted(text, last(held[1], text), block([dict(data)], max(indent, 0)))
    return _sure(made, text, "tests", [*tests, dict(data)])


def _changed(text: str, listed: yaml.MappingNode, changes: Map[str, Map[str, Any] | None]) -> str:
    """Fields of a `map` in block style: put in, taken out, or changed key by key so that their comments stay."""
    there = {str(name.value) for name, _ in listed.value}
    fresh = {name: dict(data) for name, data in changes.items() if data is not None and name not in there}
    column = listed.value[0][0].start_mark.column
    made = inserted(text, last(listed, text), block(fresh, column)) if fresh else text
    for name, node in reversed(listed.value):
        if name.value in changes:
            made = _one(made, name, node, changes[name.value])
    return made


def _one(text: str, name: yaml.Node, node: yaml.Node, data: Map[str, Any] | None) -> str:
    if data is None:
        return cut(text, name, node)
    if not isinstance(node, yaml.MappingNode) or in_brackets(node) or not node.value:
        return span(text, node, flow(dict(data)))
    return _by_key(text, name, node, data)


def _by_key(text: str, name: yaml.Node, node: yaml.MappingNode, data: Map[str, Any]) -> str:
    """From the last key to the first, so that the places of those before stay right."""
    column, there = node.value[0][0].start_mark.column, plain(node)
    if not set(there) & set(data):
        return lines_put(text, name, node, block({str(name.value): dict(data)}, name.start_mark.column))
    fresh = {key: value for key, value in data.items() if key not in there}
    made = inserted(text, last(node, text), block(fresh, column)) if fresh else text
    for key, inner in reversed(node.value):
        if key.value not in data:
            made = cut(made, key, inner)
        elif data[key.value] != there[key.value]:
            made = _put(made, key, inner, data[key.value], column)
    return made


def _put(text: str, key: yaml.Node, node: yaml.Node, value: Any, column: int) -> str:
    simple = isinstance(node, yaml.ScalarNode) and node.style not in {"|", ">"} and not isinstance(value, dict | list)
    if simple and not (isinstance(value, str) and "\n" in value):
        return span(text, node, scalar(value))
    if in_brackets(node) and isinstance(value, dict | list):
        return span(text, node, flow(value))
    return lines_put(text, key, node, block({str(key.value): value}, column))


def _as_block(text: str, held: tuple[yaml.Node, yaml.Node], data: Map[str, Any]) -> str:
    key, node = held
    lines = block({"map": dict(data)}, 0) if data else ["map: {}"]
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return lines_put(text, key, key, lines)
    return lines_put(text, key, node, lines)


# texts and places


def _at(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in _pairs(composed(text, "mapping")) if pair[0].value == key), None)


def _plain_at(text: str, key: str) -> Any:
    held = _at(text, key)
    found = plain(held[1]) if held else None
    return (found if isinstance(found, dict) else {}) if key == "map" else found


def _pairs(node: yaml.Node) -> Iterable[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else ()


def _sure(made: str, before: str, key: str, wanted: Any) -> str:
    """Raises FixInput for a text that cannot be edited so; its own keys and all others must read as they should."""
    try:
        whole, old = plain(composed(made, "mapping")), plain(composed(before, "mapping"))
    except FixInput as error:
        raise FixInput(f"this file cannot be edited here, edit its YAML: {error}") from None
    found = whole.get(key) or ({} if key == "map" else None)
    others = {name: value for name, value in whole.items() if name != key}
    if found != wanted or others != {name: value for name, value in old.items() if name != key}:
        raise BrokenPromise(f"an edit of {key} would not read as it was meant; edit the YAML instead")
    return made
