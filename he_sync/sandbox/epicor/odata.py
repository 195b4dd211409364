"""Query options: `$filter $select $expand $orderby $top $skip $count` parsed, checked against the columns, as SQL.

The grammar of `$filter` is the odata-query package's; what the stand-in refuses (any, all, unknown functions, wrong
types) is refused here with the server's words. Options of OData 3 (`$inlinecount`, datetime'', substringof) are
rewritten to those of OData 4 first, so that v1 and v2 share the rest.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from he_sync.sandbox.epicor import catalog
from he_sync.sandbox.epicor.catalog import DEFAULTS, Kind, Table
from he_sync.sandbox.epicor.errors import BadQuery
from he_sync.sandbox.state import field

PAGE = 100
DEPTH = 2
OPTIONS = frozenset(["$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$inlinecount", "$format"])
PLACE = re.compile(r"[0-9]{1,9}")
NAME = re.compile(r"[A-Za-z_]\w*")
V1_LITERAL = re.compile(r"\b(?:datetime|datetimeoffset|guid)'([^']*)'")
V1_CONTAINS = re.compile(r"\bsubstringof\(\s*('(?:[^']|'')*')\s*,\s*(\w+)\s*\)")


@dataclass(frozen=True)
class Shape:
    """What can be asked of a type: its name for messages, and column and kind by OData property."""

    name: str
    columns: dict[str, tuple[str, Kind]]
    numbered: frozenset[str] = frozenset()
    renamed: dict[str, str] = dataclasses.field(default_factory=dict)

    def sql(self, column: str) -> str:
        """SQL of a column in the documents that are asked."""
        return field(self.renamed.get(column, column))

    def find(self, name: str) -> tuple[str, Kind]:
        """Column and kind of a property. Raises BadQuery."""
        if name not in self.columns:
            raise BadQuery(f"Could not find a property named '{name}' on type '{self.name}'.")
        return self.columns[name]


@dataclass(frozen=True)
class Expand:
    """One navigation property of `$expand` with its own options."""

    name: str
    select: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()


@dataclass(frozen=True)
class Query:
    """The options of one request, not yet checked against a type."""

    filter: str = ""
    select: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    orderby: str = ""
    top: int | None = None
    skip: int = 0
    count: bool = False

    @property
    def page(self) -> int:
        """How many rows come back at most: 100 unless `$top` says otherwise, also when it says more."""
        return PAGE if self.top is None else self.top


def shape(table: Table, namespace: str) -> Shape:
    """The type of a table."""
    return _shape(table.name, namespace)


@cache
def _shape(name: str, namespace: str) -> Shape:
    table, names = catalog.table(name), catalog.table(name).odata_names
    properties = {names.get(column, column): (column, kind) for column, kind in table.columns.items()}
    return Shape(f"{namespace}.{table.name}", properties, frozenset({*table.keys, "SysRevID"}), table.renamed)


def parse(params: list[tuple[str, str]], *, v1: bool = False) -> Query:
    """Options of a query string; parameters without `$` are not ours. Raises BadQuery."""
    asked = {name: value for name, value in params if name.startswith("$")}
    if unknown := asked.keys() - OPTIONS:
        raise BadQuery(f"The query parameter '{min(unknown)}' is not supported.")
    return Query(
        (_modern(asked.get("$filter", "")) if v1 else asked.get("$filter", "")).strip(),
        select(asked.get("$select", "")),
        _expand(asked.get("$expand", ""), 1),
        asked.get("$orderby", ""),
        _number(asked, "$top"),
        _number(asked, "$skip") or 0,
        asked.get("$count", "").lower() == "true" or asked.get("$inlinecount") == "allpages",
    )


def _modern(text: str) -> str:
    return V1_CONTAINS.sub(r"contains(\2,\1)", V1_LITERAL.sub(r"\1", text))


def _number(asked: dict[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    if not PLACE.fullmatch(asked[name]):
        raise BadQuery(
            f"Invalid value '{asked[name]}' for {name} query option found. "
            f"The {name} query option requires a non-negative integer value.",
        )
    return int(asked[name])


def select(text: str) -> tuple[str, ...]:
    """Names of a `$select`. A stray comma is an error at its position."""
    names, place = [], 0
    if not text.strip():
        return ()
    for part in text.split(","):
        if not part.strip():
            raise BadQuery(f"An identifier was expected at position {place}.")
        names.append(part.strip())
        place += len(part) + 1
    return () if names == ["*"] else tuple(names)


def _expand(text: str, depth: int) -> tuple[Expand, ...]:
    if text.strip() and depth > DEPTH:
        raise BadQuery(f"The request includes a $expand path which is too deep. The maximum depth allowed is {DEPTH}.")
    return tuple(_expanded(part.strip(), depth) for part in _split(text, ",") if text.strip())


def _expanded(part: str, depth: int) -> Expand:
    """`Name($select=a,b;$expand=...)`; a nested `$filter`, `$orderby` or `$top` is read and ignored, as measured."""
    name, bracket, rest = part.partition("(")
    if not NAME.fullmatch(name.strip()) or (bracket and not rest.endswith(")")):
        raise BadQuery(f"Term '{part}' is not valid in a $select or $expand expression.")
    options = dict(option.strip().split("=", 1) for option in _split(rest[:-1], ";") if "=" in option)
    return Expand(name.strip(), select(options.get("$select", "")), _expand(options.get("$expand", ""), depth + 1))


def _split(text: str, separator: str) -> Iterator[str]:
    """Parts between separators that stand outside of brackets and quotes."""
    level, quoted, part = 0, False, ""
    for letter in text:
        quoted ^= letter == "'"
        level += {"(": 1, ")": -1}.get(letter, 0) if not quoted else 0
        if letter == separator and not level and not quoted:
            yield part
            part = ""
        else:
            part += letter
    yield part


def order(text: str, of: Shape, default: str) -> str:
    """SQL order of an `$orderby`; ties come in key order."""
    terms, last = [], ""
    for part in text.split(",") if text.strip() else []:
        name, _, way = part.strip().partition(" ")
        last = {"": "", "asc": "", "desc": " DESC"}.get(way.strip().lower(), "?")
        if last == "?":
            raise BadQuery(f"Syntax error at position {len(name) + 1} in '{text}'.")
        terms.append(_sortable(of, name) + last)
    return ", ".join([*terms, "key" + last]) if terms else default


def _sortable(of: Shape, name: str) -> str:
    """A column that every document stores sorts by its index; a number that may be left out counts as zero."""
    column, kind = of.find(name)
    plain = column in of.numbered or kind not in {"int32", "int64", "decimal"}
    return of.sql(column) if plain else f"coalesce({of.sql(column)}, 0)"


def wire(of: Shape, names: tuple[str, ...], suffix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function from a full row to its OData properties, all of them or the named ones."""
    chosen = [(name, of.find(name)) for name in (names or of.columns)]

    def project(row: dict[str, Any]) -> dict[str, Any]:
        return {
            name: row[column] + suffix if suffix and kind == "date" and row[column] else row[column]
            for name, (column, kind) in chosen
        }

    return project


def default_of(kind: Kind) -> Any:
    """What a document that leaves the column out means."""
    return DEFAULTS[kind]
