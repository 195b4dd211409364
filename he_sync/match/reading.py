"""Customer files in: CSV or Parquet with the known columns, checked before anything is computed."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from he_sync.match.identity import EXTRA
from he_sync.model.errors import FixInput

GIVEN = ("id", "first_name", "last_name", "company", "email", "phone", "street", "city", "state", "zip", "created")
"""Columns of an input. `created` may be missing: it dates the golden record and is never compared."""
OPTIONAL = frozenset({"created", *EXTRA})
REPEATED = ("first_name", "last_name", "company", "city", "state", "zip", "created")
"""Columns whose texts come again and again: by number they take four bytes a record and not sixteen."""
SEPARATORS = ",;\t|"
BLOCK = 1 << 20
"""Bytes proved to be UTF-8 at a time."""
HEADER = 1
"""Rows of a CSV before its first record; row numbers in messages count from 1, as an editor does."""


def customers(path: Path, columns: Mapping[str, str] | None = None, encoding: str = "utf-8") -> pl.DataFrame:
    """One side's records, all columns GIVEN and EXTRA as text, empty where there is nothing.

    `columns` names the file's own column for one of ours; an empty name leaves the field out. Raises FixInput with
    file, row and rule where the file cannot be used.
    """
    frame = table(path, encoding)
    chosen = {name: (columns or {}).get(name, name) for name in (*GIVEN, *EXTRA)}
    missing = [name for name, own in chosen.items() if own and own not in frame.columns and name not in OPTIONAL]
    if missing:
        raise FixInput(
            f"{path.name}: lacks {', '.join(chosen[name] for name in missing)} "
            f"(it has {', '.join(frame.columns[:20])}); "
            f"name its column with --columns {missing[0]}=NAME, or leave the field out with --columns {missing[0]}="
        )
    for own in chosen.values():
        _comparable(path, frame, own)
    there = [
        pl.col(own).cast(pl.String).fill_null("").str.replace_all("\x00", "", literal=True).alias(name)
        if own in frame.columns
        else pl.lit("").alias(name)
        for name, own in chosen.items()
    ]
    return _checked(path, frame.select(there))


def _comparable(path: Path, frame: pl.DataFrame, column: str) -> None:
    kind = frame.schema.get(column, pl.String())
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise FixInput(f"{path.name}: column {column} holds {kind}; write it as text, or leave it out with --columns")


def table(path: Path, encoding: str = "utf-8") -> pl.DataFrame:
    """A CSV (all columns as text) or Parquet file. Raises FixInput where it is none."""
    if not path.is_file():
        raise FixInput(f"{path}: there is no such file")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path)
        text = _text(path, encoding)
        return _parsed(path, text, _separator(text))
    except PolarsError as error:
        raise FixInput(f"{path.name}: cannot be read as a table: {str(error).splitlines()[0][:200]}") from None


def _separator(text: bytes) -> str:
    """What separates the names of the header most often: a comma, or what exports of other countries use."""
    header = text.partition(b"\n")[0].decode()
    return max(SEPARATORS, key=header.count)


def _parsed(path: Path, text: bytes, separator: str) -> pl.DataFrame:
    try:
        return pl.read_csv(text, infer_schema=False, separator=separator)
    except PolarsError:
        rows = csv.reader(io.StringIO(text.decode()), delimiter=separator)
        named = len(next(rows, []))
        for row in rows:
            if len(row) > named:
                where = f"{path.name}: row {rows.line_num} has {len(row)} fields and the header names {named}"
                raise FixInput(f"{where}; put the field that holds a {separator!r} in quotes") from None
        raise


def _text(path: Path, encoding: str) -> bytes:
    """The file as UTF-8, without a byte order mark."""
    content = path.read_bytes()
    plain = encoding.lower() in ("utf-8", "utf8", "utf-8-sig")
    try:
        text = _proved(content) if plain else content.decode(encoding).encode()
    except LookupError:
        raise FixInput(f"{encoding!r} is no encoding; try --encoding cp1252 or latin-1") from None
    except UnicodeDecodeError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise FixInput(f"{path.name}: is UTF-16; name its encoding with --encoding utf-16") from None
        row = content.count(b"\n", 0, error.start) + 1
        raise FixInput(
            f"{path.name}: row {row} is not {encoding} (byte 0x{content[error.start]:02x}); save the file as UTF-8 "
            "or name its encoding with --encoding cp1252"
        ) from None
    return text


def _proved(content: bytes) -> bytes:
    """The same bytes without a mark, once all are UTF-8; a text of them would take up to four times as much."""
    seen, whole = 0, memoryview(content)
    while seen < len(whole):
        try:
            _, read = codecs.utf_8_decode(whole[seen : seen + BLOCK], "strict", seen + BLOCK >= len(whole))
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError("utf-8", content, seen + error.start, seen + error.end, error.reason) from None
        seen += read
    return content.removeprefix(codecs.BOM_UTF8)


def _checked(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    if not len(frame):
        raise FixInput(f"{path.name}: has no customers; nothing was written")
    frame = frame.with_columns(pl.col("id").str.strip_chars())
    nameless = frame["id"] == ""
    if nameless.any():
        raise FixInput(
            f"{path.name}: row {int(nameless.arg_max() or 0) + HEADER + 1} has no id; every customer needs one"
        )
    if frame["id"].n_unique() < len(frame):
        twice = frame.with_row_index("row", HEADER + 1).filter(pl.col("id").is_duplicated()).sort("id", "row")
        one, other = twice.row(0, named=True), twice.row(1, named=True)
        raise FixInput(f"{path.name}: id {one['id']} is on rows {one['row']} and {other['row']}; ids must be unique")
    return frame


def joined(left: pl.DataFrame, right: pl.DataFrame | None) -> pl.DataFrame:
    """Both sides in the one order that every result follows: side, then id. So a shuffled file gives the same bits.

    EXTRA columns that say nothing are left out, and REPEATED ones are numbered.
    """
    sides = [left.with_columns(pl.lit(0, pl.Int8).alias("side"))]
    if right is not None:
        sides.append(right.with_columns(pl.lit(1, pl.Int8).alias("side")))
    both = pl.concat(sides, how="diagonal").with_columns(pl.col(pl.String).fill_null(""))
    silent = [name for name in EXTRA if name in both.columns and not (both[name] != "").any()]
    numbered = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in REPEATED if name in both.columns]
    return both.drop(silent).with_columns(numbered).sort("side", "id")
