"""The rows of the books that a night can reach: those of files that came, and of the others only where a key leads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.manifest import FOLDER, LARGE, SMALL, Earlier
from he_sync.reconcile.again.numbers import MERGED
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.given import Books
from he_sync.reconcile.given.files import quoted

COPIES = "copies"
DAYS = {"pos_payments": "business_date", "settlement_lines": "txn_date", "gl_lines": "posting_date"}
"""The dates by which rows are looked for; of each file the first and last are kept."""
BOOKED = "source IN ('DEPOSIT', 'BATCH')"
"""The ledger lines that the bank's side asks for: 1 in 25, kept as a copy."""
COPIED = {**{name: (name, "true") for name in SMALL}, "booked": ("gl_lines", BOOKED)}
"""By copy its relation, and which rows of it."""


def dates_of(books: Books, relation: str, parts: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """First and last date of each file's rows, in days since 1970, by the file's name."""
    some = tuple(parts)
    if not some:
        return {}
    day = f"({DAYS[relation]}::DATE - DATE '1970-01-01')"
    raw = books.raws[relation].only(some)
    sql = f"SELECT file_index, min({day}), max({day}) FROM {raw.source} GROUP BY file_index"
    return {some[index].name: (low, high) for index, low, high in books.connection.execute(sql).fetchall()}


def dates(books: Books, before: Earlier | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """The same by relation for all files; those of an earlier run need not be read again."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for relation in DAYS:
        parts = before.came[relation] if before else books.raws[relation].parts
        new = dates_of(books, relation, parts)
        known = before.noted["dates"][relation] if before else {}
        found[relation] = {name: new.get(name) or tuple(known[name]) for name in books.noted[relation]}
    return found


def copy(books: Books, state: Path, before: Earlier | None = None) -> None:
    """Keep the small relations and the ledger's lines of batches and deposits as they are read.

    Where nothing went since an earlier run its copies are linked, and what came is one more.
    """
    (state / COPIES).mkdir()
    for name, (relation, where) in COPIED.items():
        if relation not in books.noted:
            continue
        old = _copies_of(before.out / FOLDER, name) if before and not before.went[relation] else []
        more = 0 < len(old) <= MERGED
        for path in old if more else ():
            tables.link(path, state / COPIES / path.name)
        if not more or (before and before.came[relation]):
            path = state / COPIES / f"{name}.{len(old) if more else 0}.parquet"
            query = f"FROM {'came' if more else 'main'}.{relation} WHERE {where}"
            books.connection.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION uncompressed)")


def _copies_of(state: Path, name: str) -> list[Path]:
    return sorted((state / COPIES).glob(f"{name}.*.parquet"))


class Reach:
    """Shows what came and went, and finds rows of the other files by key."""

    def __init__(self, books: Books, before: Earlier) -> None:
        self.books, self.before = books, before
        self.connection, self.run = books.connection, books.connection.execute
        self.digests = {
            relation: {name: one.digest for name, one in files.items()} for relation, files in books.noted.items()
        }
        self.dates = dates(books, before)
        self._shown: dict[tuple[str, frozenset[str]], str] = {}
        self._files()
        self._copies()

    def _files(self) -> None:
        self.run("CREATE SCHEMA came; CREATE SCHEMA went")
        if "erp_orders" not in self.before.came:
            for schema in ("came", "went"):
                self.run(f"CREATE TABLE {schema}.erp_orders (erp_doc BIGINT, order_id BIGINT)")
        for name in LARGE:
            if name in self.before.came:
                for schema, files in (("came", self.before.came[name]), ("went", self.before.went[name])):
                    self.books.show("shown_files", name, files)
                    self.run(f"CREATE TABLE {schema}.{name} AS FROM shown_files; DROP VIEW shown_files")

    def _copies(self) -> None:
        """Small relations as an earlier run's copies and what came, unless files of theirs went."""
        for name in SMALL:
            if name in self.books.noted:
                self._copied(name)
        still = "ANTI JOIN went.gl_lines USING (gl_id)" if self.before.went["gl_lines"] else ""
        came = f"FROM came.gl_lines WHERE {BOOKED}"
        self.run(f"CREATE VIEW main.booked AS FROM {self._kept('booked')} {still} UNION ALL {came}")

    def _copied(self, name: str) -> None:
        new = f"main.new_{name}"  # beside the books: a whole run that follows still reads them
        if self.before.came[name]:
            self.books.show(new, name, self.before.came[name])
        else:
            self.run(f"CREATE TABLE {new} AS FROM main.{name} LIMIT 0")
        self.run(f"CREATE VIEW came.{name} AS FROM {new}")
        if not self.before.went[name]:
            self.run(f"CREATE OR REPLACE VIEW main.{name} AS FROM {self._kept(name)} UNION ALL FROM {new}")

    def _kept(self, name: str) -> str:
        return f"read_parquet([{', '.join(map(quoted, _copies_of(self.before.out / FOLDER, name)))}])"

    def names(self, relation: str, columns: str, asked: Frame) -> tuple[set[str], Frame]:
        """The files, less those that came, whose rows may have `columns` as a row of `asked` has its own.

        And the rows of `asked` that may be in one: with few of them most of a file is passed over.
        """
        came = {path.name for path in self.before.came.get(relation, ())}
        *_, column = columns.split(", ")
        column = column.removeprefix("t.")
        keys = list(asked.values())[-1]
        if column == DAYS.get(relation):
            wanted = np.unique(keys)
            found = {name for name, span in self.dates[relation].items() if _any_in(wanted, span)}
        else:
            found, some = self.before.numbers.holding(relation, column, keys, self.digests.get(relation))
            asked = asked if len(asked) > 1 else dict.fromkeys(asked, some)
        return found - came, asked

    def source(self, relation: str, names: set[str]) -> str:
        """What to put after FROM for the rows of some files."""
        key = relation, frozenset(names)
        if key not in self._shown:
            view = f"reached_{len(self._shown)}"
            parts = [one for one in self.books.raws[relation].parts if one.name in names]
            self.books.show(f"main.{view}", relation, parts)
            self._shown[key] = f"main.{view}"
        return self._shown[key]

    @property
    def last_line(self) -> int:
        """The last date of all lines."""
        return max((high for _, high in self.dates["settlement_lines"].values() if high is not None), default=0)


def _any_in(sorted_days: Ints, span: tuple[int, int]) -> bool:
    if span[0] is None:
        return False
    low, high = np.searchsorted(sorted_days, [span[0], span[1] + 1])
    return bool(low < high)
