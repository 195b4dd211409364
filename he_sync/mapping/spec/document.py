"""A YAML text as nodes with their places. Tags, anchors and keys given twice are refused: a mapping is plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from he_sync.mapping.expressions.names import did_you_mean
from he_sync.mapping.spec.model import Complaint, Place, Sql, WrongMapping

MOST = 400_000
"""Characters of a file: two systems of 500 fields with a page of tests take some 60,000."""
DEEPEST = 12
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAG = "tag:yaml.org,2002:"
PLAIN = {
    f"{TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
}


def composed(text: str, file: str, begins: str = "a mapping begins with `mapping: its_name`") -> yaml.MappingNode:
    """The document. Raises WrongMapping where it is no YAML, or not plain."""
    if len(text) > MOST:
        raise WrongMapping(
            file, [Complaint(Place(1, 1, ""), f"is {len(text):,} characters long, the most is {MOST:,}")]
        )
    try:
        node = yaml.compose(text, LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1, "") if mark else Place(1, 1, "")
        raise WrongMapping(file, [Complaint(place, f"is no YAML: {error.problem or error.context}")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise WrongMapping(file, [Complaint(Place(1, 1, ""), f"is no YAML: {' '.join(str(error).split())}")]) from None
    if not isinstance(node, yaml.MappingNode):
        raise WrongMapping(file, [Complaint(Place(1, 1, ""), f"holds no keys; {begins}")])
    wrong = list(_odd(node, set(), ""))
    if wrong:
        raise WrongMapping(file, wrong)
    return node


def _odd(node: yaml.Node, seen: set[int], key: str, deep: int = 0) -> Iterator[Complaint]:
    if id(node) in seen or deep > DEEPEST:
        why = "is an alias; write the value out" if id(node) in seen else f"is nested deeper than {DEEPEST}"
        yield Complaint(place(node, key), why)
        return
    seen.add(id(node))
    if node.tag not in PLAIN:
        yield Complaint(place(node, key), f"has the tag {node.tag}; the file is plain data")
    if isinstance(node, yaml.SequenceNode):
        for number, inner in enumerate(node.value):
            yield from _odd(inner, seen, f"{key}.{number}".lstrip("."), deep + 1)
    elif isinstance(node, yaml.MappingNode):
        yield from _twice(node, key)
        for name, inner in node.value:
            yield from _odd(inner, seen, f"{key}.{name.value}".lstrip("."), deep + 1)


def _twice(node: yaml.MappingNode, key: str) -> Iterator[Complaint]:
    seen: set[str] = set()
    for name, _ in node.value:
        if not isinstance(name, yaml.ScalarNode):
            yield Complaint(place(name, key), "a key is one word")
        elif name.value in seen:
            yield Complaint(place(name, f"{key}.{name.value}".lstrip(".")), "is given twice; keep one of them")
        else:
            seen.add(name.value)


def place(node: yaml.Node, key: str) -> Place:
    """Where a node begins."""
    return Place(node.start_mark.line + 1, node.start_mark.column + 1, key)


def plain(node: yaml.Node) -> Any:
    """The data of a node: numbers as int or Decimal, days as the text that was written, never a float."""
    if isinstance(node, yaml.MappingNode):
        return {name.value: plain(inner) for name, inner in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(inner) for inner in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text, tag = str(node.value), node.tag.removeprefix(TAG)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in {"true", "yes", "on"}
    if tag in {"int", "float"}:
        bare = text.replace("_", "")
        try:
            return int(bare) if tag == "int" else Decimal(bare)
        except (ValueError, ArithmeticError):
            return text
    return text


@dataclass
class Notes:
    """A text under reading: its lines, and what is wrong so far."""

    lines: list[str]
    wrong: list[Complaint] = field(default_factory=list)


class Part:
    """A mapping node whose keys are read one by one. A key outside `known` is a complaint with the nearest one."""

    def __init__(self, node: yaml.Node, key: str, notes: Notes, known: tuple[str, ...] = ()) -> None:
        self.node, self.key, self.notes = node, key, notes
        self.inner: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, "", f"holds keys: {', '.join(known)}")
            return
        for name, value in node.value:
            if known and name.value not in known:
                self.complain(name, name.value, f"there is no key {name.value}{did_you_mean(name.value, known)}")
            self.inner[name.value] = value

    def path(self, name: str) -> str:
        """The keys that lead to one of this part."""
        return f"{self.key}.{name}".strip(".")

    def complain(self, node: yaml.Node, name: str, text: str) -> None:
        """Note what is wrong with a key."""
        self.notes.wrong.append(Complaint(place(node, self.path(name)), text))

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text, "" where it is not there."""
        node = self.inner.get(name)
        if node is None or not isinstance(node, yaml.ScalarNode) or node.tag == f"{TAG}null":
            if needed or node is not None:
                self.complain(node or self.node, name, "is missing" if node is None else "is a text")
            return ""
        return str(node.value)

    def sql(self, name: str) -> Sql | None:
        """An expression with its place; None where the key is not there."""
        node = self.inner.get(name)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, name, "is an expression, one text")
            return None
        return expression(node, self.path(name), self.notes.lines)


def expression(node: yaml.ScalarNode, key: str, lines: list[str]) -> Sql:
    """An expression of a scalar, in whatever way YAML lets it be written."""
    text, start = str(node.value), node.start_mark
    if node.style not in {"|", ">"}:
        quoted = 1 if node.style in {"'", '"'} else 0
        return Sql(text, place(node, key), ((start.line + 1, start.column + 1 + quoted),))
    inside = lines[start.line + 1 : node.end_mark.line + 1]
    indent = min((len(line) - len(line.lstrip()) for line in inside if line.strip()), default=0)
    begins = tuple((start.line + 2 + number, indent + 1) for number in range(text.count("\n") + 1))
    return Sql(text.rstrip("\n"), place(node, key), begins)
