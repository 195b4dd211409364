"""Files as raw rows in DuckDB: a CSV's fields as texts in a table, Parquet read where it lies. No value is judged here.

A relation may be a folder of Parquet files, one a day or however its rows are parted; their names give their order.
Raises FixInput for a file that is not there, is cut off, or lacks a column. A row's number counts data rows from 1.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from he_sync.model.errors import FixInput
from he_sync.reconcile.given.columns import Relation

FORMATS = ("parquet", "csv")
A_FILE = 1 << 40
"""Rows of a folder's second file are numbered from here on, of its third from twice that: a number names its file."""


@dataclass(frozen=True)
class Shaped:
    """What is known of files of a folder without opening them: `types` and `shape` as in `Raw`, and which they are."""

    types: dict[str, str]
    shape: str
    files: frozenset[str]

    @property
    def one(self) -> str:
        """Any of them."""
        return min(self.files)


@dataclass(frozen=True)
class Raw:
    """Rows of one file before any check. `source` goes after FROM, `row` gives the number of a row in the file.

    `types` has the file's columns with their types.
    """

    relation: Relation
    path: Path
    source: str
    row: str
    types: dict[str, str]
    parts: tuple[Path, ...] = ()  # of a folder: its files
    shape: str = ""  # of a folder: how Parquet states the columns of each of its files

    @property
    def is_text(self) -> bool:
        """Whether every value is a text, as a CSV gives it."""
        return self.path.suffix == ".csv"

    def only(self, parts: tuple[Path, ...]) -> Raw:
        """The same of some files of the same shape."""
        return self if parts == self.parts else replace(self, source=_source(parts), parts=parts)

    def where(self, row: int) -> str:
        """Which row of which file, with its line too where a text editor would show it."""
        if self.parts:
            part = self.parts[row // A_FILE]
            return f"{self.path.name}/{part.name}: row {row % A_FILE}"
        return f"{self.path.name}: row {row}" + (f" (line {row + 1})" if self.is_text else "")

    def refuse(self, row: int, what: str) -> FixInput:
        """The error for a row."""
        return FixInput(f"{self.where(row)}: {what}")


def find(folder: Path, name: str) -> Path | None:
    """The file of a relation, or the folder of its files. Raises FixInput where there are two of them."""
    found = [path for suffix in FORMATS if (path := folder / f"{name}.{suffix}").is_file()]
    found += [path for path in (folder / name,) if path.is_dir()]
    if len(found) > 1:
        raise FixInput(f"{folder}: {name} is there as {found[0].name} and as {found[1].name}; keep one")
    return found[0] if found else None


def quoted(text: object) -> str:
    """A text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def parts_of(path: Path) -> tuple[Path, ...]:
    """The files of a folder in the order of their names. Raises FixInput where it has none or holds something else."""
    found = tuple(sorted(one for one in path.iterdir() if not one.name.startswith(".")))
    strange = [one.name for one in found if one.suffix != ".parquet" or not one.is_file()]
    if strange or not found:
        what = f"holds {strange[0]}" if strange else "is empty"
        raise FixInput(f"{path.name}: {what}; a folder in place of a file holds Parquet files and nothing else")
    return found


def read(connection: duckdb.DuckDBPyConnection, relation: Relation, path: Path, known: Shaped | None = None) -> Raw:
    """The raw rows of a file, or of a folder's files, of which `known` ones are not opened. Raises FixInput."""
    if path.is_dir():
        raw = read_parts(connection, relation, path, parts_of(path), known)
    else:
        raw = (
            _read_csv(connection, relation, path)
            if path.suffix == ".csv"
            else _read_parquet(connection, relation, path)
        )
    missing = [one.name for one in relation.columns if one.default is None and one.name not in raw.types]
    if missing:
        raise FixInput(f"{path.name}: column {missing[0]} is missing; it has {', '.join(raw.types)}")
    return raw


def _read_csv(connection: duckdb.DuckDBPyConnection, relation: Relation, path: Path) -> Raw:
    header = _header(path)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header)
    table = f"raw_{relation.name}"
    reader = f"read_csv({quoted(path)}, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
    try:
        connection.execute(f"CREATE TABLE {table} AS FROM {reader}, columns = {{{columns}}})")
    except duckdb.Error as error:
        raise _unreadable(path, str(error)) from None
    return Raw(relation, path, table, "rowid + 1", dict.fromkeys(header, "VARCHAR"))


def _header(path: Path) -> list[str]:
    """Column names of a CSV, which must end in a line end: a cut inside the last field leaves no other trace."""
    with path.open("rb") as file:
        first = file.readline()
        file.seek(-1, 2) if first else None
        last = file.read()
    if not first:
        raise FixInput(f"{path.name}: empty; it needs a line of column names")
    if last != b"\n":
        raise FixInput(f"{path.name}: the last row has no line end, so the file may be cut off; write it again")
    try:
        names = next(csv.reader([first.decode("utf-8-sig")]))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise FixInput(f"{path.name}: row 0 (line 1): the column names are not readable text") from None
    if len(set(names)) < len(names):
        raise FixInput(f"{path.name}: row 0 (line 1): a column name is there twice")
    return names


def _unreadable(path: Path, message: str) -> FixInput:
    """DuckDB's page of advice as one line: which line of the file, and what is wrong with it."""
    if found := re.search(r"CSV Error on Line: (\d+)", message):
        line = int(found[1])
        fields = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
        what = f"{fields[2]} fields, not {fields[1]}; the row is cut off or broken" if fields else "not a row of CSV"
        return FixInput(f"{path.name}: row {line - 1} (line {line}): {what}")
    return FixInput(f"{path.name}: not readable ({message.splitlines()[0]})")


def _read_parquet(connection: duckdb.DuckDBPyConnection, relation: Relation, path: Path) -> Raw:
    source = f"read_parquet({quoted(path)}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE FROM read_parquet({quoted(path)})").fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise FixInput(f"{path.name}: cut off or not a Parquet file ({reason}); copy it again") from None
    types = {name: kind for name, kind, *_ in described}
    return Raw(relation, path, source, "file_row_number + 1", types)


def read_parts(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    path: Path,
    parts: tuple[Path, ...],
    known: Shaped | None = None,
) -> Raw:
    """The rows of some files of a folder, which must all have the same columns. Raises FixInput."""
    types = known.types if known else _read_parquet(connection, relation, parts[0]).types
    shape = _alike(connection, path, parts, known)
    numbered = f"file_index * {A_FILE} + file_row_number + 1"
    return Raw(relation, path, _source(parts), numbered, types, parts, shape)


def _source(parts: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(map(quoted, parts))}])"


def rows_of(connection: duckdb.DuckDBPyConnection, parts: Iterable[Path]) -> dict[str, int]:
    """How many rows each of some files has, by name."""
    listed = ", ".join(map(quoted, parts))
    sql = f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])"
    return {Path(name).name: int(rows) for name, rows in connection.execute(sql).fetchall()}


def _alike(connection: duckdb.DuckDBPyConnection, path: Path, parts: tuple[Path, ...], known: Shaped | None) -> str:
    """The shape of all files. DuckDB would cast a column to its type in the first file, a float to a whole number too.

    Where the shape of `known` files is known, only the others are opened.
    """
    shapes: dict[str, tuple[Path, str]] = {known.shape: (path / known.one, known.shape)} if known else {}
    parts = tuple(one for one in parts if not known or one.name not in known.files)
    if not parts:
        return known.shape if known else ""
    listed = f"[{', '.join(map(quoted, parts))}]"
    sql = (
        "SELECT file_name, string_agg(concat_ws(' ', name, type, converted_type, logical_type), ', ' ORDER BY name)"
        f" FROM parquet_schema({listed}) WHERE num_children IS NULL GROUP BY file_name ORDER BY file_name"
    )
    try:
        found = connection.execute(sql).fetchall()
    except duckdb.Error as error:
        raise FixInput(f"{path.name}: cut off or not Parquet ({str(error).splitlines()[0]}); copy it again") from None
    for name, shape in found:
        shapes.setdefault(shape, (Path(name), shape))
    if len(shapes) > 1:
        one, other = (file.name for file, _ in list(shapes.values())[:2])
        raise FixInput(
            f"{path.name}/{other}: has other columns or types than {one}; all files of a folder have the same"
        )
    return next(iter(shapes))
