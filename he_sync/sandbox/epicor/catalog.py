"""The field catalogue: every table's keys, parent and columns with their kinds, read from `tables/<Table>.txt`.

A table file names its keys in order, its parent (with `ParentKey=Column` where the names differ), the columns that an
OData collection reads as zero, and the columns by kind. A search names the table whose rows it `shows`, with
`Column=StoredColumn` where the names differ. Names and kinds are facts of the live service descriptions;
a table that no description lists (GLJrnGrp, InvcGrp, APInvGrp, BankGrp, PartBin, PartAlloc, InvcMisc, APInvTax, Reason,
Warehse, WhseBin, Plant, Company, Vendor, SysTask and the two posting parameter tables) carries only what we use.
Behaviour belongs into the business objects, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from he_sync.sandbox.state import field as json_field

Kind = Literal["string", "boolean", "int32", "int64", "decimal", "date", "guid"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DEFAULTS: dict[Kind, Any] = {
    "string": "",
    "boolean": False,
    "int32": 0,
    "int64": 0,
    "decimal": 0,
    "date": None,
    "guid": "00000000-0000-0000-0000-000000000000",
}
EDM: dict[Kind, str] = {
    "string": "Edm.String",
    "boolean": "Edm.Boolean",
    "int32": "Edm.Int32",
    "int64": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "date": "Edm.DateTimeOffset",
    "guid": "Edm.Guid",
}
FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Table:
    """One table: keys in order, parent table or None, every column with its kind."""

    name: str
    keys: tuple[str, ...]
    parent: str | None
    columns: dict[str, Kind]
    calculated: frozenset[str] = frozenset()
    parent_columns: tuple[str, ...] = ()
    shows: str = ""
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def collection(self) -> str:
        """Name of the state table that keeps the rows."""
        return f"epicor/{self.shows or self.name}"

    def sql(self, column: str) -> str:
        """SQL of a column in the documents of the collection."""
        return json_field(self.renamed.get(column, column))

    @property
    def odata_names(self) -> dict[str, str]:
        """Columns whose OData property is called differently.

        A property may not share its type's name: GLAccount.GLAccount is GLAccount1 there, and GLAccount in datasets.
        """
        return {self.name: f"{self.name}1"} if self.name in self.columns else {}

    def key_of(self, row: dict[str, Any]) -> str:
        """The row's key: key values in key order joined by `~`. Raises KeyError when a key column is missing."""
        return join_key([row[column] for column in self.keys])

    def parent_key_of(self, row: dict[str, Any]) -> str | None:
        """The parent row's key, or None for a head."""
        return join_key([row[column] for column in self.parent_columns]) if self.parent else None

    def defaults(self) -> dict[str, Any]:
        """A new row with every column at its default: empty, 0, false, no date."""
        return dict(self._defaults)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {column: DEFAULTS[kind] for column, kind in self.columns.items()}


def join_key(values: list[Any]) -> str:
    """Key values as one text; a boolean reads `true` or `false` as on the wire."""
    return "~".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def names() -> list[str]:
    """Every table of the catalogue."""
    return sorted(file.stem for file in FOLDER.glob("*.txt"))


@cache
def table(name: str) -> Table:
    """The table of that name. Raises KeyError for a name that the catalogue does not know."""
    file = FOLDER / f"{name}.txt"
    if not name.isalnum() or not file.is_file():
        raise KeyError(f"no table is called {name!r}")
    return _read(name, file.read_text("utf-8"))


def _read(name: str, text: str) -> Table:
    parts = _paragraphs(text)
    keys = tuple(parts["keys"])
    columns: dict[str, Kind] = {column: kind for kind in KINDS for column in parts.get(kind, [])}
    parent, mapped = _source(parts, "parent")
    shows, renamed = _source(parts, "shows")
    parent_keys = table(parent).keys if parent else ()
    return Table(
        name,
        keys,
        parent or None,
        columns,
        frozenset(parts.get("calculated", [])),
        tuple(mapped.get(key, key) for key in parent_keys),
        shows,
        renamed,
    )


def _source(parts: dict[str, list[str]], label: str) -> tuple[str, dict[str, str]]:
    """Another table's name and the pairs of columns behind it."""
    name, *pairs = parts.get(label, [""])
    return name, dict(pair.split("=") for pair in pairs)


def _paragraphs(text: str) -> dict[str, list[str]]:
    """Label to words; an indented line continues the paragraph above."""
    parts: dict[str, list[str]] = {}
    words: list[str] = []
    for line in text.splitlines():
        if line.startswith(" "):
            words.extend(line.split())
            continue
        label, _, rest = line.partition(":")
        words = parts[label] = rest.split()
    return parts
