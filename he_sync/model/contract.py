"""A contract is declared once and yields the schema, the row check, the asset check and the docs.

Conventions of every canonical frame: money `*_minor` int64 minor units of `currency`; quantities `*_milli` int64
thousandths of the base unit; instants `datetime64[us, UTC]`; `business_date` ISO text beside them; 0 and "" mean none,
so that no column is nullable and no integer becomes a float.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import pandas as pd
import pandera.pandas as pa

Instant = Annotated[pd.DatetimeTZDtype, "us", "UTC"]
ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
CURRENCY = r"^[A-Z]{3}$"


class Contract(pa.DataFrameModel):
    """Base of all contracts: exactly these columns, no coercion."""

    class Config:
        """A frame has these columns and no other, in their own types."""

        strict = True
        coerce = False


def dtypes(contract: type[Contract]) -> dict[str, str]:
    """Column name to pandas dtype, in declaration order."""
    columns = contract.to_schema().columns
    return {
        name: "str" if str(column.dtype).startswith("str") else str(column.dtype) for name, column in columns.items()
    }


def frame(contract: type[Contract], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A frame of the contract's columns and types from records; unchecked (see quality.contracts)."""
    kinds = dtypes(contract)
    listed = list(rows)
    columns = {name: pd.Series([row[name] for row in listed], dtype=kind) for name, kind in kinds.items()}
    return pd.DataFrame(columns)


def records(rows: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples; typed Any, because its contract knows a frame's columns and the type checker does not."""
    return iter(rows.itertuples(index=False))
