"""Columns of numbers as whole numbers with a count of decimal places: sums and products of money without a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
PLACES = 6
"""Decimal places that are looked at: a tax rate has five."""
DIGITS = 24
"""Digits of a decimal that are looked at; times a million it still fits what Arrow keeps."""
LARGEST = 2**53
"""Whole numbers up to here are exact as a float too, which is how a file may have kept them."""
NANOS = 86_400_000_000_000


@dataclass(frozen=True)
class Exact:
    """Values times ten to `places`, 0 where `known` is false; of dates the days since 1970."""

    whole: Whole
    places: int
    known: Flags
    day: bool = False

    def at(self, places: int) -> Whole:
        """The values with as many places or more."""
        return self.whole * np.int64(10 ** (places - self.places))


def exact(column: pd.Series) -> Exact | None:
    """A column of numbers or of whole days; None for any other and for numbers of more than PLACES places."""
    known = np.asarray(column.notna())
    if pd.api.types.is_datetime64_any_dtype(column):
        return _days(column, known)
    if pd.api.types.is_bool_dtype(column):
        return None
    if pd.api.types.is_integer_dtype(column):
        return _whole(column, known)
    if _is_decimal(column):
        return _of_decimals(column, known)
    return _of_floats(column, known) if pd.api.types.is_float_dtype(column) else None


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers that can be compared and added."""
    numbers = pd.api.types.is_numeric_dtype(column) or _is_decimal(column)
    return numbers and not pd.api.types.is_bool_dtype(column)


def _is_decimal(column: pd.Series) -> bool:
    kind = column.dtype
    return isinstance(kind, pd.ArrowDtype) and pa.types.is_decimal(kind.pyarrow_dtype)


def _days(column: pd.Series, known: Flags) -> Exact | None:
    plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
    nanos = plain.fillna(pd.Timestamp(0)).to_numpy("datetime64[ns]").astype(np.int64)
    return None if (nanos % NANOS).any() else Exact(nanos // NANOS, 0, known, day=True)


def _whole(column: pd.Series, known: Flags) -> Exact | None:
    filled = column.fillna(0) if not known.all() else column
    return Exact(filled.to_numpy(dtype=np.int64), 0, known)


def _of_decimals(column: pd.Series, known: Flags) -> Exact | None:
    values = pa.array(column, from_pandas=True)
    places = int(values.type.scale)
    values = values.fill_null(Decimal(0)) if values.null_count else values
    try:
        narrow = values.cast(pa.decimal128(DIGITS, min(max(places, 0), PLACES)))
        times = pa.scalar(Decimal(10**narrow.type.scale))
        whole = pc.multiply(narrow, times).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    return Exact(np.asarray(whole.to_numpy(zero_copy_only=False), np.int64), int(narrow.type.scale), known)


def _of_floats(column: pd.Series, known: Flags) -> Exact | None:
    """A float that was written with few places is the nearest one to them, so that rounding gives them back."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = known & np.isfinite(values)
    values = np.where(known, values, 0.0)
    for places in range(PLACES + 1):
        times = values * 10.0**places
        nearest = np.rint(times)
        if bool((np.abs(nearest) > LARGEST).any()):
            return None
        if bool((nearest / 10.0**places == values).all()):
            return Exact(nearest.astype(np.int64), places, known)
    return None
