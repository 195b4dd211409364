"""The relations of the folder as frames: types of columns, by which date rows are parted, what names a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from he_sync.reconcile.given.columns import RELATIONS, Kind

DAY_OF = {
    "pos_payments": "business_date",
    "settlement_lines": "txn_date",
    "batches": "batch_date",
    "bank_lines": "value_date",
    "gl_lines": "posting_date",
    "pos_orders": "business_date",
    "erp_orders": "business_date",
}
"""By which date a relation's rows are parted."""
KEY_OF = {name: RELATIONS[name].key[0] for name in DAY_OF}
DTYPES = {"BIGINT": "int64", "VARCHAR": "str", "BOOLEAN": "bool"}


def table(name: str, rows: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> pd.DataFrame:
    """A relation's columns in their types, however few rows there are; of records, or of columns."""
    columns = [column for column in RELATIONS[name].columns if column.default is None]
    if not isinstance(rows, Mapping):
        listed = list(rows)
        rows = {column.name: [row[column.name] for row in listed] for column in columns}
    return pd.DataFrame({column.name: _series(rows[column.name], column.kind) for column in columns})


def _series(values: Any, kind: Kind) -> pd.Series[Any]:
    plain = values.reset_index(drop=True) if isinstance(values, pd.Series) else values
    if kind.sql in DTYPES:
        return pd.Series(plain, dtype=DTYPES[kind.sql])
    when = pd.to_datetime(pd.Series(plain, dtype=None if len(plain) else "object"), utc=True)
    return when.dt.tz_localize(None).astype("datetime64[us]")
