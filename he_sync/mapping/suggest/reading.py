"""A table from a CSV sample or a JSON schema. Of a long sample the same rows are taken whatever their order."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Iterator
from hashlib import blake2b
from io import StringIO
from pathlib import Path
from typing import IO

from he_sync.mapping.suggest.schemas import from_schema
from he_sync.mapping.suggest.tables import Field, Table, table
from he_sync.model.errors import FixInput

ROWS = 1_000
"""Rows that are looked at; more change no figure of a field by more than a hundredth."""
LONGEST = 1 << 24
"""Characters of one cell; a longer one is a broken quotation mark."""
KEPT = 200
"""Characters of a cell that are looked at."""
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def read_table(path: Path, encoding: str = "utf-8") -> Table:
    """A `.json` file as a schema, any other as CSV. Raises FixInput with file, row and what to do."""
    if not path.is_file():
        raise FixInput(f"{path}: no such file")
    if path.suffix.lower() == ".json":
        return from_schema(path)
    try:
        with path.open(encoding=_encoding(path, encoding), newline="") as file:
            return _from_csv(str(path), file)
    except (UnicodeError, LookupError) as error:
        raise FixInput(f"{path}: is not {encoding} ({_short(error)}); name its encoding with --encoding") from None
    except csv.Error as error:
        raise FixInput(f"{path}: cannot be read as CSV ({error})") from None


def _encoding(path: Path, given: str) -> str:
    with path.open("rb") as file:
        start = file.read(3)
    return next((name for mark, name in MARKS.items() if start.startswith(mark)), given)


def _short(error: Exception) -> str:
    return f"byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)


def _from_csv(where: str, file: IO[str]) -> Table:
    csv.field_size_limit(LONGEST)
    rows = csv.reader(file, delimiter=_delimiter(file))
    header = [name.strip() for name in next(rows, [])]
    empty = table(where, [Field(name) for name in header])
    kept = _sample(_checked(where, rows, len(header)))
    columns = zip(*kept, strict=True) if kept else [()] * len(header)
    return Table(where, tuple(Field(field.name, values) for field, values in zip(empty.fields, columns, strict=True)))


def _delimiter(file: IO[str]) -> str:
    """The one that parts the header into most fields: a comma, a semicolon, a tab or a bar."""
    line = file.readline()
    file.seek(0)
    counts = {one: len(next(csv.reader(StringIO(line), delimiter=one), [])) for one in ",;\t|"}
    return max(counts, key=counts.__getitem__)


def _checked(where: str, rows: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    for number, row in enumerate(rows, 2):
        if row and len(row) != width:
            raise FixInput(f"{where}: row {number} has {len(row)} cells, the header {width}; check its quotation marks")
        if row:
            yield [cell[:KEPT].strip() for cell in row]


def _sample(rows: Iterator[list[str]]) -> list[list[str]]:
    """All rows, or those with the smallest hashes; a row's hash does not see the order of its columns."""
    first = [row for _, row in zip(range(ROWS), rows, strict=False)]
    more = next(rows, None)
    if more is None:
        return first
    everything = (row for some in (first, [more], rows) for row in some)
    return heapq.nsmallest(ROWS, everything, key=lambda row: blake2b("\x1f".join(sorted(row)).encode()).digest())
