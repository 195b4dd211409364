"""Texts of a file as what they say: whole numbers, decimals, dates; codes with leading zeros stay texts.

A few cells that say nothing of the kind leave the column what it is; they are told with their rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import polars as pl
import pyarrow as pa

SELDOM = 0.005
"""Share of cells that may not be what the others are."""
WHOLE = r"^-?(?:0|[1-9]\d{0,14})$"
DECIMAL = r"^-?(?:\d{1,13}\.\d{1,6}|0|[1-9]\d{0,12})$"
MARKS = r"[$€£,%\s]"
MARKED = r"^\(?-?\s?[$€£]?\s?-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\s?%?\)?$"
"""A number as spreadsheets write it: $1,234.50, (12.00), 8.25%."""
DATES = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%m/%d/%Y %H:%M",
)
DATE_LIKE = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"


@dataclass(frozen=True)
class Cell:
    """A cell that is not what its column is, by the place of its row."""

    column: str
    place: int
    value: str


def typed(table: pl.DataFrame) -> tuple[pd.DataFrame, list[Cell]]:
    """A frame with a type a column, and the cells that were left empty for it. Nested columns are left out."""
    found: dict[str, pd.Series] = {}
    cells: list[Cell] = []
    for name, kind in table.schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            continue
        column = table[name]
        if kind == pl.String:
            found[name], odd = _read(column.str.strip_chars().replace("", None))
            cells += [Cell(name, place, value) for place, value in odd]
        else:
            found[name] = _plain(column)
    return pd.DataFrame(found), cells


def _plain(column: pl.Series) -> pd.Series:
    """A column of a Parquet file: decimals and whole numbers with gaps stay exact."""
    if column.dtype.is_decimal():
        return _decimals(column.to_arrow())
    if column.dtype.is_integer() and column.null_count():
        return pd.Series(column.to_arrow().to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)).astype("Int64")
    if column.dtype in {pl.Categorical, pl.Enum}:
        column = column.cast(pl.String)
    frame = column.to_pandas()
    return frame.fillna("") if column.dtype == pl.String else frame


def _decimals(values: pa.Array) -> pd.Series:
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)))


Odd = list[tuple[int, str]]


def _read(column: pl.Series) -> tuple[pd.Series, Odd]:
    """The first of whole number, decimal and date that nearly all cells are."""
    some = len(column) - column.null_count()
    if some:
        plain = _without_marks(column, some)
        if (odd := _odd(column, plain.str.contains(WHOLE), some)) is not None:
            return _whole(_kept(plain, odd)), odd
        if (odd := _odd(column, plain.str.contains(DECIMAL), some)) is not None:
            return _exact(_kept(plain, odd)), odd
        for form in DATES if column.drop_nulls().head(20).str.contains(DATE_LIKE).any() else ():
            dates = _dates(column, form)
            if (odd := _odd(column, dates.is_not_null() | column.is_null(), some)) is not None:
                return dates.to_pandas(), odd
    return column.fill_null("").to_pandas(), []


def _dates(column: pl.Series, form: str) -> pl.Series:
    if "%H" not in form:
        return column.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return column.str.to_datetime(form, strict=False, time_unit="us")


def _without_marks(column: pl.Series, some: int) -> pl.Series:
    if int(column.str.contains(MARKED).sum() or 0) < (1 - SELDOM) * some:
        return column
    return column.str.replace_all(r"^\((.*)\)$", "-$1").str.replace_all(MARKS, "")


def _odd(column: pl.Series, fits: pl.Series, some: int) -> Odd | None:
    """Places and texts that do not fit, None where they are too many."""
    places = [int(place) for place in (~fits.fill_null(value=True)).arg_true()]
    return [(place, str(column[place])) for place in places] if len(places) <= SELDOM * some else None


def _kept(column: pl.Series, odd: Odd) -> pl.Series:
    return column.scatter([place for place, _ in odd], None) if odd else column


def _whole(column: pl.Series) -> pd.Series:
    numbers = column.cast(pl.Int64)
    return numbers.to_pandas() if not numbers.null_count() else pd.Series(numbers.to_list(), dtype="Int64")


def _exact(column: pl.Series) -> pd.Series:
    places = int(column.str.extract(r"\.(\d+)$").str.len_chars().max() or 0)  # type: ignore[arg-type] # a count
    texts = pa.array(column.to_list(), pa.string())
    return _decimals(texts.cast(pa.decimal128(20, places)))
