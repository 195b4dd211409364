"""Changes of a flow's text at the places of its nodes: comments, order, quotes and every other character stay.

What comes out is read again and must be what was wanted; nothing is written that reads otherwise.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from he_sync.flows.spec import Flow
from he_sync.mapping.spec.document import composed, plain
from he_sync.mapping.spec.places import cut, end_of, in_brackets, index, inserted, last, lines_put, span
from he_sync.mapping.spec.writing import block, flow, scalar
from he_sync.model.errors import FixInput

OFF = "# Switched off: nothing runs by this flow."
BEGINS = "a flow begins with `type: assets.flow.Flow`"
WIDE = 116
PASSES = 3
"""A list is put into its new order first, its items are changed in the pass behind it."""
ORDER = tuple(field.alias or name for name, field in Flow.model_fields.items())
NUMBER, DATE = re.compile(r"'(\d+(?:\.\d+)?)'"), re.compile(r"^'(\d{4}-\d\d-\d\d)'$")
ELSEWHERE = "this part cannot be edited by the form, edit the YAML"


def is_off(text: str) -> bool:
    """Whether a text says that nothing runs by it."""
    return text.startswith(OFF)


def switched(text: str, *, on: bool) -> str:
    """The text of a flow that runs, or does not."""
    if on == (not is_off(text)):
        return text
    return text.partition("\n")[2] if on else f"{OFF}{end_of(text)}\n{text}"


def parts_of(text: str) -> dict[str, Any]:
    """The attributes of a flow as plain data; amounts are texts. Raises FixInput for what is no YAML of a flow."""
    found = plain(composed(text, "flow", BEGINS)).get("attributes")
    if not isinstance(found, dict):
        raise FixInput("the text has no `attributes`; edit its YAML")
    return found


def version_of(text: str) -> int:
    """The version that a text says; 0 where it says none."""
    try:
        said = parts_of(text).get("version")
    except FixInput:
        return 0
    return said if isinstance(said, int) else 0


def with_part(text: str, key: str, value: Any) -> str:
    """The text with an attribute of the flow; None takes it out. What is the same already is not touched.

    Raises FixInput where the text is written in a way that only a person can change.
    """
    wanted = plain(composed(text, "flow", BEGINS))
    parts = {name: one for name, one in parts_of(text).items() if name != key}
    wanted["attributes"] = parts if value is None else {**parts, key: value}
    tail = "" if text.endswith("\n") else f"{end_of(text)}\n"
    made = f"{text}{tail}"
    for _ in range(PASSES):
        if _reads(made) == wanted:
            return made.removesuffix(tail)
        made = _put(made, key, value)
    raise FixInput(f"{key}: {ELSEWHERE}")


def _reads(text: str) -> Any:
    try:
        return plain(composed(text, "flow", BEGINS))
    except FixInput:
        return None


def _put(text: str, key: str, value: Any) -> str:
    [holder] = [node for name, node in composed(text, "flow", BEGINS).value if name.value == "attributes"]
    if in_brackets(holder) or not holder.value:
        raise FixInput(f"attributes: {ELSEWHERE}")
    pair = next(((name, node) for name, node in holder.value if name.value == key), None)
    if pair and value is None:
        return cut(text, *pair)
    if pair:
        return _changed(text, *pair, value)
    before = [pair for pair in holder.value if _rank(pair[0].value) <= _rank(key)] or holder.value[-1:]
    return inserted(text, last(before[-1][1], text), _written(key, value, holder.value[0][0].start_mark.column))


def _rank(key: str) -> int:
    return ORDER.index(key) if key in ORDER else len(ORDER)


def _changed(text: str, name: yaml.Node, node: yaml.Node, value: Any) -> str:
    """The text with the value of a key, which stands in block style, changed."""
    if isinstance(node, yaml.MappingNode) and isinstance(value, dict) and node.value:
        return _mapping(text, node, value)
    if isinstance(node, yaml.SequenceNode) and isinstance(value, list) and node.value and value:
        return _in_row(text, node, value) if in_brackets(node) else _in_lines(text, name, node, value)
    if isinstance(node, yaml.ScalarNode) and node.style not in {"|", ">"} and not isinstance(value, dict | list):
        return span(text, node, _like(node, value))
    return lines_put(text, name, node, _written(str(name.value), value, name.start_mark.column))


def _mapping(text: str, node: yaml.MappingNode, data: dict[str, Any]) -> str:
    """From the last key to the first, so that the places of those before stay right."""
    there = plain(node)
    if in_brackets(node):
        return _braces(text, node, data)
    fresh = [line for key, value in data.items() if key not in there for line in _written(key, value, _column(node))]
    made = inserted(text, last(node, text), fresh) if fresh else text
    for key, inner in reversed(node.value):
        if key.value not in data:
            made = cut(made, key, inner)
        elif data[key.value] != there[key.value]:
            made = _changed(made, key, inner, data[key.value])
    return made


def _column(node: yaml.MappingNode) -> int:
    column: int = node.value[0][0].start_mark.column
    return column


def _braces(text: str, node: yaml.MappingNode, data: dict[str, Any]) -> str:
    """`{when: amount, over: "5000.00"}`: what stays keeps its own characters."""
    there = {key.value: (inner, plain(inner)) for key, inner in node.value}
    said = {}
    for key, value in data.items():
        inner, old = there.get(key, (None, None))
        kept = inner is not None and old == value
        said[key] = _source(text, inner) if kept and inner else _like(inner, value) if _plain(value) else _flow(value)
    return _spanned(text, node, "{" + ", ".join(f"{scalar(key)}: {one}" for key, one in said.items()) + "}")


def _in_row(text: str, node: yaml.SequenceNode, value: Sequence[Any]) -> str:
    """`[contract, has_lines]`."""
    there = [(plain(inner), _source(text, inner)) for inner in node.value]
    said = [next((source for old, source in there if old == one), None) or _flow(one) for one in value]
    return _spanned(text, node, f"[{', '.join(said)}]")


def _in_lines(text: str, name: yaml.Node, node: yaml.SequenceNode, value: Sequence[Any]) -> str:
    """Items on lines of their own: each goes with the comments above it."""
    olds = [plain(inner) for inner in node.value]
    if [_who(one) for one in olds] == [_who(one) for one in value]:
        for inner, old, new in reversed(list(zip(node.value, olds, value, strict=True))):
            text = _mapping(text, inner, new) if old != new else text
        return text
    lines, chunks, dash = text.split("\n"), list(_chunks(text, name, node)), _dash(text, node)
    free, found = list(range(len(olds))), []
    for one in value:
        like = [i for i in free if olds[i] == one] or [i for i in free if _who(olds[i]) == _who(one)]
        found.append(chunks[like[0]] if like else [f"{dash}- {_flow(one)}{end_of(text)}"])
        free = [i for i in free if i not in like[:1]]
    first, after = name.start_mark.line + 1, last(node, text) + 1
    return "\n".join([*lines[:first], *(line for chunk in found for line in chunk), *lines[after:]])


def _who(item: Any) -> Any:
    """By what an item is known again after a change: a route by its condition, anything else by itself."""
    return item.get("when") if isinstance(item, dict) else item


def _chunks(text: str, name: yaml.Node, node: yaml.SequenceNode) -> Iterator[list[str]]:
    lines, start = text.split("\n"), name.start_mark.line + 1
    for inner in node.value:
        end = last(inner, text) + 1
        yield lines[start:end]
        start = end


def _dash(text: str, node: yaml.SequenceNode) -> str:
    """The spaces before the dash of an item."""
    line: str = text.split("\n")[node.value[0].start_mark.line]
    if not line.lstrip().startswith("- "):
        raise FixInput(f"line {node.value[0].start_mark.line + 1}: {ELSEWHERE}")
    return line[: len(line) - len(line.lstrip())]


def _written(key: str, value: Any, column: int) -> list[str]:
    """Lines of a new key; a long text is folded."""
    before = " " * column
    if isinstance(value, str) and len(value) > WIDE - column and " ".join(value.split()) == value:
        folded = textwrap.wrap(value, WIDE - column, break_long_words=False, break_on_hyphens=False)
        return [f"{before}{key}: >-", *(f"{before}  {line}" for line in folded)]
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [f"{before}{key}:", *(f"{before}  - {_flow(one)}" for one in value)]
    if isinstance(value, str) and "\n" in value:
        return block({key: value}, column)
    return [f"{before}{key}: {_flow(value)}"]


def _like(node: yaml.Node | None, value: Any) -> str:
    """A value in the quotes of the one that it replaces."""
    if isinstance(value, str) and isinstance(node, yaml.ScalarNode) and node.style == '"':
        return _quotes(value)
    return _flow(value)


def _quotes(value: str) -> str:
    """A text in double quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _flow(value: Any) -> str:
    """In flow style; numbers that are texts in double quotes, as the shipped flows have them."""
    return DATE.sub(r"\1", NUMBER.sub(r'"\1"', flow(value)))


def _plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _source(text: str, node: yaml.Node) -> str:
    return text[index(text, node.start_mark) : index(text, node.end_mark)]


def _spanned(text: str, node: yaml.Node, new: str) -> str:
    """Raises FixInput where a comment stands within the brackets: it would be lost."""
    if any(" #" in line or line.lstrip().startswith("#") for line in _source(text, node).split("\n")[:-1]):
        raise FixInput(f"line {node.start_mark.line + 1}: a comment stands within the brackets; edit the YAML")
    return span(text, node, new)
