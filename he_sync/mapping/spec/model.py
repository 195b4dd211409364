"""A mapping, read. Every part keeps its place in the file, because what is wrong with it may show only later."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from he_sync.mapping.expressions.kinds import Kind
from he_sync.model.errors import FixInput

TAKES = ("sum", "count", "first", "last", "min", "max", "join")
"""What may become of the lines of a record."""
Constant = Any
"""A value written in place: text, whole number, Decimal, true or false, or nothing."""


@dataclass(frozen=True, order=True)
class Place:
    """Line and column in the file, counted from 1, and the keys that lead there."""

    line: int
    column: int
    key: str


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing that is wrong with a file, at its key."""

    place: Place
    text: str

    def said(self, file: str) -> str:
        """`file:line:column: key: what is wrong and what may be meant`."""
        return f"{file}:{self.place.line}:{self.place.column}: {self.place.key or 'file'}: {self.text}"


class WrongMapping(FixInput):
    """A mapping that cannot be used; a line for each complaint."""

    def __init__(self, file: str, complaints: list[Complaint]) -> None:
        self.complaints = sorted(complaints)
        super().__init__("\n".join(one.said(file) for one in self.complaints))


@dataclass(frozen=True)
class Sql:
    """An expression, and where each of its lines begins in the file: line and column of its first character."""

    text: str
    place: Place
    begins: tuple[tuple[int, int], ...]

    def at(self, offset: int) -> Place:
        """The place of a character of the expression."""
        before = self.text[:offset]
        number = min(before.count("\n"), len(self.begins) - 1)
        line, column = self.begins[number]
        return Place(line, column + offset - (before.rfind("\n") + 1), self.place.key)


@dataclass(frozen=True)
class From:
    """Level one: a field of the source."""

    field: str
    place: Place


@dataclass(frozen=True)
class Written:
    """A value written in place."""

    content: Constant
    place: Place


@dataclass(frozen=True)
class Lines:
    """Something of all lines of a record: `take` of `sql` over those for which `only` holds."""

    of: str
    take: str
    sql: Sql | None
    only: Sql | None
    by: str
    place: Place


@dataclass(frozen=True)
class Each:
    """A list of records, one for each line: a mapping of lines within the mapping, its `only` over lines too."""

    of: str
    inner: Mapping
    place: Place


@dataclass(frozen=True)
class StepUse:
    """Level two: a named step with its parameters."""

    name: str
    given: Map[str, Any]
    place: Place
    places: Map[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """How one target field is filled: where the value comes from, steps, and for which records at all."""

    target: str
    start: From | Written | Lines | Each | Sql
    steps: tuple[StepUse, ...]
    only: Sql | None
    otherwise: Constant
    place: Place


@dataclass(frozen=True)
class Side:
    """Source or target: the record's name, the kinds of its fields, and its lists with the kinds of theirs."""

    record: str
    fields: Map[str, Kind]
    lists: Map[str, Map[str, Kind]] = field(default_factory=dict)
    places: Map[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Try:
    """A test that the mapping carries. `refused` names the field that must refuse it; `left_out`: by `only`."""

    name: str
    given: Map[str, Any]
    expect: Map[str, Any]
    refused: str
    left_out: bool
    place: Place


@dataclass(frozen=True)
class Mapping:
    """One mapping file."""

    name: str
    version: int
    description: str
    source: Side
    target: Side
    only: Sql | None
    tables: Map[str, Map[str, Constant]]
    entries: Map[str, Entry]
    tests: tuple[Try, ...]
