"""The files of each relation by number, and tables of their keys: so that a night need not look through all rows.

A file keeps its number from run to run while its content is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from he_sync.reconcile.again.whereabouts import MOST_FILES, Packed, Spans, pack, shifted
from he_sync.reconcile.chain.arrays import Reader
from he_sync.reconcile.chain.keys import Ints, among
from he_sync.reconcile.given import Books
from he_sync.reconcile.given.files import Raw

FOLDER = "keys"
COLUMNS = {
    "pos_payments": ("payment_id", "order_id", "auth_ref"),
    "settlement_lines": ("line_id", "auth_ref", "batch_id"),
    "gl_lines": ("gl_id", "ref", "erp_doc"),
    "pos_orders": ("order_id",),
    "erp_orders": ("erp_doc", "order_id"),
    "batches": ("batch_id",),
    "bank_lines": ("bank_id",),
}
"""By relation the columns by which its rows are looked for, its key first."""
MERGED = 12
"""Tables of nights that are put together as one, so that a search meets few of them."""

Digests = Mapping[str, str]


@dataclass
class Numbers:
    """Numbers of files by relation, and by column the names of the tables of their keys in `folder`."""

    folder: Path
    files: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)  # relation -> name -> digest, number
    tables: dict[str, list[str]] = field(default_factory=dict)  # "relation.column" -> names
    next: dict[str, int] = field(default_factory=dict)  # by relation the number of the next file
    base: dict[str, int] = field(default_factory=dict)  # and of the first that is not in each column's first table
    _spans: dict[str, list[Spans]] = field(default_factory=dict)

    @classmethod
    def read(cls, state: Path, document: Mapping[str, Any]) -> Numbers:
        """What `document` noted beside the tables."""
        files = {
            relation: {name: (digest, number) for name, (digest, number) in some.items()}
            for relation, some in document["files"].items()
        }
        return cls(state / FOLDER, files, document["tables"], document["next"], document["base"])

    def document(self) -> dict[str, Any]:
        """What is to be noted."""
        return {"files": self.files, "tables": self.tables, "next": self.next, "base": self.base}

    def names(self, relation: str, column: str, keys: Ints, files: Digests | None = None) -> set[str]:
        """Names of the files of a relation that may have one of the keys, of `files` only those with these digests.

        A key of 0 names nothing.
        """
        return self._search(relation, column, keys, files)[0]

    def holding(self, relation: str, column: str, keys: Ints, files: Digests | None = None) -> tuple[set[str], Ints]:
        """The same, and the keys that may be in a file: of a new day's 90,000 references a few."""
        keys = keys[keys != 0]
        names, there = self._search(relation, column, keys, files)
        some = np.unique(np.concatenate(there)) if there else np.empty(0, np.uint64)
        return names, keys[among(some, shifted(keys))]

    def _search(self, relation: str, column: str, keys: Ints, files: Digests | None) -> tuple[set[str], list[Packed]]:
        """Names of files, and by table the keys that may be in one."""
        keys = keys[keys != 0]
        known = self.files.get(relation, {})
        alive = np.zeros(MOST_FILES, bool)
        name_of = {
            number: name for name, (digest, number) in known.items() if files is None or files.get(name) == digest
        }
        alive[list(name_of)] = True
        found, there = np.zeros(MOST_FILES, bool), list[Packed]()
        for spans in self._tables(relation, column) if len(keys) and name_of else ():
            mask, hit = spans.found(keys)
            found |= alive & mask
            there += hit
        return {name_of[number] for number in np.flatnonzero(found).tolist()}, there

    def _tables(self, relation: str, column: str) -> list[Spans]:
        key = f"{relation}.{column}"
        if key not in self._spans:
            self._spans[key] = [Spans.read(self.folder / name) for name in self.tables.get(key, ())]
        return self._spans[key]

    def suspects(self, connection: duckdb.DuckDBPyConnection, new: Raw) -> set[str]:
        """Names of the known files that may have a key of the new rows."""
        relation = new.relation.name
        column = COLUMNS[relation][0]
        keys = connection.execute(f"SELECT {column}::BIGINT AS k FROM {new.source}").fetchnumpy()["k"]
        return self.names(relation, column, np.asarray(keys, np.int64))

    def extended(self, state: Path, books: Books, reader: Reader) -> Numbers:
        """Numbers and tables for the books as they are now, written into a new state; old tables are linked there."""
        new = Numbers(state / FOLDER)
        new.folder.mkdir()
        for relation, columns in COLUMNS.items():
            if relation in books.noted:
                came = new._take(self, relation, books)
                if came and len(self.tables.get(f"{relation}.{columns[0]}", ())) > MERGED:
                    self._forget(relation, columns)
                    came = new.later(relation, books)
                found = _keys(reader, books, relation, columns, came) if came else {}
                for column in columns:
                    self._extend(new, f"{relation}.{column}", found.get(column), came)
        return new

    def later(self, relation: str, books: Books) -> list[tuple[Path, int]]:
        """The files that are not in the first tables."""
        numbers = self.files[relation]
        some = [(path, numbers[path.name][1]) for path in books.raws[relation].parts]
        return [(path, number) for path, number in some if number >= self.base[relation]]

    def _forget(self, relation: str, columns: Sequence[str]) -> None:
        """Take over the first table of each column alone; one of all that came since follows."""
        for column in columns:
            key = f"{relation}.{column}"
            self.tables[key] = self.tables.get(key, [])[:1]

    def _take(self, old: Numbers, relation: str, books: Books) -> list[tuple[Path, int]]:
        """Number a relation's files; gives those that are new to `old`, with their numbers."""
        known, noted = old.files.get(relation, {}), books.noted[relation]
        following = old.next.get(relation, 0)
        if following + len(noted) >= MOST_FILES:
            raise OverflowError(f"{relation}: more than {MOST_FILES} files came over time")
        came = []
        self.files[relation] = {}
        for path in books.raws[relation].parts:
            digest = noted[path.name].digest
            number = known[path.name][1] if path.name in known and known[path.name][0] == digest else following
            if number == following:
                came.append((path, number))
                following += 1
            self.files[relation][path.name] = digest, number
        self.next[relation] = following
        self.base[relation] = old.base.get(relation, following)
        return came

    def _extend(self, new: Numbers, key: str, packed: Packed | None, came: Sequence[tuple[Path, int]]) -> None:
        """Link the tables of a column and add one of what came."""
        names = list(self.tables.get(key, ()))
        for name in names:
            Spans.link(self.folder / name, new.folder / name)
        if packed is not None:
            names.append(f"{key}.{came[-1][1]}")
            Spans.of(packed).write(new.folder / names[-1])
        new.tables[key] = names


def _keys(
    reader: Reader, books: Books, relation: str, columns: Sequence[str], files: Sequence[tuple[Path, int]]
) -> dict[str, Packed]:
    """By column the keys of some files with their numbers."""
    raw = books.raws[relation].only(tuple(path for path, _ in files))
    found = reader.fetch(raw.source, [f"coalesce({column}, 0)::bigint" for column in columns])
    rows = [books.noted[relation][path.name].rows for path, _ in files]
    numbers = np.repeat(np.array([number for _, number in files], np.uint64), rows)
    return {column: pack(keys, numbers) for column, keys in zip(columns, found, strict=True)}
