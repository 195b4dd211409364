"""A folder opened as books: every file found, read, checked and given its exact types, in one DuckDB connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb

from he_sync.model.errors import FixInput
from he_sync.reconcile.chain.terms import Terms
from he_sync.reconcile.given import checks, files, values
from he_sync.reconcile.given.columns import HOME_CURRENCY, RATES, RELATIONS, Kind, Subject
from he_sync.reconcile.given.files import Raw, Shaped
from he_sync.reconcile.given.known import Checked, Folder, Noted, digest, note
from he_sync.reconcile.given.terms import read_terms, tenders


@dataclass(frozen=True)
class Books:
    """Checked relations in `connection`, by the names of `columns.RELATIONS`, and the contract's terms.

    Parquet is read where it lies, through a view; a CSV's rows are a table. `rows` counts each relation that is there.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    terms: Terms
    format: Literal["csv", "parquet"]
    rows: dict[str, int]
    paths: dict[str, Path]
    deferred: dict[str, Raw]
    raws: dict[str, Raw]
    noted: dict[str, dict[str, Noted]]  # of the relations that are folders, each file by its name

    def has(self, name: str) -> bool:
        """Whether a relation is there."""
        return name in self.rows

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Currencies of the bank accounts."""
        found = self.connection.execute("SELECT DISTINCT currency FROM bank_lines").fetchall()
        return frozenset(name for (name,) in found) or frozenset({self.terms.currency})

    def check_keys(self) -> None:
        """Look for the row of a repeated key where that was left to the comparison to notice. Raises FixInput."""
        for name, raw in self.deferred.items():
            checks.unique(self.connection, raw, self.rows[name])

    @cached_property
    def versions(self) -> dict[str, str]:
        """SHA-256 of each file that was read, by relation, and of the terms: the data version of a run.

        That of a folder is the digest of its files' digests and names.
        """
        return {
            name: _of_parts(self.noted[name]) if name in self.noted else digest(path)
            for name, path in sorted(self.paths.items())
        }

    def forget(self) -> None:
        """Drop what `show` and its callers have made beside the books."""
        for (schema,) in self.connection.execute(
            "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database()"
            " AND schema_name NOT IN ('main', 'information_schema', 'pg_catalog')"
        ).fetchall():
            self.connection.execute(f"DROP SCHEMA {schema} CASCADE")

    def show(self, view: str, name: str, parts: Sequence[Path]) -> None:
        """Make a view of only some files of a relation, these or an earlier state's, with the relation's columns."""
        if parts:
            _install(self.connection, view, self.raws[name].only(tuple(parts)), "BIGINT", self.terms)
        else:
            self.connection.execute(f"CREATE VIEW {view} AS FROM main.{name} LIMIT 0")


NO_TERMS = Terms("USD", "04:00", {}, 0, 0, {}, frozenset(), {}, {})
"""Where no contract is needed."""


def _of_parts(parts: Mapping[str, Noted]) -> str:
    listed = "".join(f"{one.digest} {name}\n" for name, one in sorted(parts.items()))
    return hashlib.sha256(listed.encode()).hexdigest()


@contextmanager
def open_books(
    folder: Path,
    *,
    threads: int | None = None,
    subject: Subject = "settlements",
    checked: Checked | None = None,
) -> Iterator[Books]:
    """Open the books of a folder for what is to be reconciled; of `checked` files only keys are looked at again.

    The files of `subject` must be there; orders and inventory come without a contract, which is then `NO_TERMS`. Raises
    FixInput: one line with file, row and rule of the first thing that is wrong. Nothing is written to disk but what
    DuckDB spills.
    """
    if not folder.is_dir():
        raise FixInput(f"{folder}: no such folder")
    paths = _paths(folder, subject)
    contract = folder / "terms.json"
    terms = read_terms(contract) if subject == "settlements" else NO_TERMS
    with duckdb.connect(config=ALONE | ({"threads": threads} if threads else {})) as connection:
        earlier = _Earlier(checked if checked is not None and _holds(checked, folder) else None)
        noted = {name: earlier.note(name, path) for name, path in paths.items() if path.is_dir()}
        raws = {
            name: files.read(connection, RELATIONS.get(name, RATES), path, earlier.shaped(name, noted))
            for name, path in paths.items()
        }
        news = {name: earlier.new(raw, noted[name]) if name in noted else raw for name, raw in raws.items()}
        rows, deferred = _checked(connection, raws, news, earlier)
        _known(connection, {name: raw for name, raw in news.items() if raw is not None}, raws, terms)
        for name, parts in noted.items():
            _count(connection, parts, news[name])
            rows[name] = sum(one.rows for one in parts.values())
        keys = _key_type(connection, raws)
        for name, raw in raws.items():
            _install(connection, name, raw, keys, terms)
        kind: Literal["csv", "parquet"] = "csv" if all(raw.is_text for raw in raws.values()) else "parquet"
        paths |= {"terms": contract} if terms is not NO_TERMS else {}
        yield Books(connection, folder, terms, kind, rows, paths, deferred, raws, noted)


def _paths(folder: Path, subject: Subject) -> dict[str, Path]:
    """The files that `subject` reads: settlements take orders and inventory along, all of a kind or none of it."""
    found = {name: path for name in (*RELATIONS, RATES.name) if (path := files.find(folder, name))}
    begun = {RELATIONS[name].subject for name in found if name in RELATIONS} if subject == "settlements" else set()
    for one in RELATIONS.values():
        if one.subject in begun | {subject} and one.name not in found:
            raise FixInput(f"{one.name}.parquet or {one.name}.csv: missing in {folder}; {one.subject} need it")
    beside = {"settlements": {RATES.name}, "orders": {"stores"}, "inventory": set()}[subject]
    wanted = {one.name for one in RELATIONS.values() if one.subject in begun | {subject}} | beside
    return {name: path for name, path in found.items() if name in wanted}


ALONE: dict[str, str | bool | int | float | list[str]] = {"async_threads": 1, "enable_external_file_cache": False}
"""Files here are local: DuckDB's eight threads that wait for remote ones only switch, and give memory back early.

And what it keeps of each file is one more copy of what the system keeps: 28 MB of a night, 0.04 s of processor time.
"""

JOINED = frozenset({"pos_inventory", "erp_inventory"})
"""Relations with one row a key on both sides: their outer join counts repeated keys without a further pass."""


class _Earlier:
    """What an earlier run has checked, or nothing."""

    def __init__(self, checked: Checked | None) -> None:
        self._checked = checked
        self._folders: Mapping[str, Folder] = checked.folders if checked else {}

    def note(self, name: str, path: Path) -> dict[str, Noted]:
        """What the files of a relation's folder are now."""
        known = self._folders[name].files if name in self._folders else {}
        return {one.name: note(one, known.get(one.name)) for one in files.parts_of(path)}

    def shaped(self, name: str, noted: Mapping[str, Mapping[str, Noted]]) -> Shaped | None:
        """What need not be asked of a relation's files."""
        return self._folders[name].shaped(noted[name]) if name in self._folders and name in noted else None

    def new(self, raw: Raw, noted: Mapping[str, Noted]) -> Raw | None:
        """The files of a folder that are not known; None where there are none."""
        folder = self._folders.get(raw.relation.name)
        if folder is None:
            return raw
        parts = tuple(one for one in raw.parts if not folder.holds(one.name, noted[one.name].digest))
        return raw.only(parts) if parts else None

    def suspects(self, connection: duckdb.DuckDBPyConnection, raw: Raw, new: Raw) -> Raw:
        """The new files, and the known ones that may have one of their keys."""
        names = self._checked.suspects(connection, new) if self._checked else set()
        return raw.only(tuple(one for one in raw.parts if one in new.parts or one.name in names))


def _holds(checked: Checked, folder: Path) -> bool:
    """Whether the folder's stores and terms, which every check asks, are the same."""
    paths = {"stores": files.find(folder, "stores"), "terms": folder / "terms.json"}
    return {name: digest(path) for name, path in paths.items() if path and path.is_file()} == dict(checked.whole)


def _checked(
    connection: duckdb.DuckDBPyConnection, raws: dict[str, Raw], news: Mapping[str, Raw | None], earlier: _Earlier
) -> tuple[dict[str, int], dict[str, Raw]]:
    """Rows by relation, new ones only, and the relations whose keys are still to be checked."""
    for raw in raws.values():
        for column in raw.relation.columns:
            if column.name in raw.types:
                values.check_type(raw, column)
    rows, deferred = {}, {}
    for name, raw in raws.items():
        new = news[name]
        rows[name] = checks.readable(connection, new) if new is not None else 0
        if new is None:
            continue
        if new is not raw:
            checks.more(connection, raw, earlier.suspects(connection, raw, new), new, rows[name])
        elif not checks.unique(connection, raw, rows[name], defer=name in JOINED and not raw.is_text):
            deferred[name] = raw
    return rows, deferred


def _count(connection: duckdb.DuckDBPyConnection, noted: dict[str, Noted], new: Raw | None) -> None:
    """Note the rows of new files."""
    for name, rows in files.rows_of(connection, new.parts).items() if new is not None else ():
        noted[name] = replace(noted[name], rows=rows)


def _known(connection: duckdb.DuckDBPyConnection, news: dict[str, Raw], raws: dict[str, Raw], terms: Terms) -> None:
    """Tenders, stores and currencies that a new file names exist."""
    stores = _values(connection, raws, "stores", "store_id")
    currencies = {terms.currency, *terms.rates, *_values(connection, raws, "rates", "currency")}
    for raw in news.values():
        names = {column.name for column in raw.relation.columns}
        if "tender" in names:
            checks.known(connection, raw, "tender", tenders(terms), "has no account in terms.json; add it there")
        if "store_id" in names and "stores" in raws and raw.relation.name != "stores":
            company = {0} if raw.relation.name == "gl_lines" else set()
            checks.known(connection, raw, "store_id", stores | company, "is no store of the file stores")
        if "currency" in names and raw.relation is not RATES:
            checks.known(connection, raw, "currency", currencies, "has no rate in the file rates; add one")


def _values(connection: duckdb.DuckDBPyConnection, raws: dict[str, Raw], name: str, column: str) -> set[object]:
    if name not in raws:
        return set()
    (spec,) = (one for one in raws[name].relation.columns if one.name == column)
    sql = f"SELECT DISTINCT {values.typed(raws[name], spec)} FROM {raws[name].source}"
    return {value for (value,) in connection.execute(sql).fetchall()}


def _key_type(connection: duckdb.DuckDBPyConnection, raws: dict[str, Raw]) -> str:
    """BIGINT where every file's keys are numbers, so that a folder's keys compare as one type."""
    for raw in raws.values():
        for column in raw.relation.columns:
            if column.kind is Kind.KEY and raw.types[column.name] not in values.WHOLE:
                here = values.name(column)
                plain = f"{here} = CAST(TRY_CAST({here} AS BIGINT) AS VARCHAR)"
                sql = f"SELECT coalesce(bool_and(coalesce({plain}, false)), true) FROM {raw.source}"
                if not raw.is_text or not checks.scalars(connection, sql)[0]:
                    return "VARCHAR"
    return "BIGINT"


def _install(connection: duckdb.DuckDBPyConnection, name: str, raw: Raw, key_type: str, terms: Terms) -> None:
    columns = ", ".join(
        f"{values.typed(raw, column, key_type)} AS {values.name(column)}".replace(
            HOME_CURRENCY, files.quoted(terms.currency)
        )
        for column in raw.relation.columns
    )
    connection.execute(f"CREATE {'TABLE' if raw.is_text else 'VIEW'} {name} AS SELECT {columns} FROM {raw.source}")
    if raw.is_text:
        connection.execute(f"DROP TABLE {raw.source}")
