"""The folder itself: every relation as Parquet in its columns' types, and the terms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books import cards, contract, ledger
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source, settled
from he_sync.reconcile.given.columns import RELATIONS, Kind

DTYPES = {"BIGINT": "int64", "VARCHAR": "str", "BOOLEAN": "bool"}


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


def write_folder(source: Source, folder: Path, numbers: Numbers | None = None, *, by_day: bool = False) -> Numbers:
    """Write the relations as Parquet and the terms; `reconcile settlements` takes the folder as it is.

    `numbers` are those of an earlier folder, which are kept and counted on. `by_day`: one file a date of each relation
    that has dates, so that a run can tell which dates are as they were.
    """
    numbers = numbers or Numbers()
    for store in source.retailer.stores:
        numbers.stores.of(store.code)
    lines = settled(source)
    known = cards.linked(source, lines)
    settlement_lines = cards.lines(source, lines, numbers, known)
    relations = {
        "stores": contract.stores(source, numbers),
        "pos_payments": cards.payments(source, numbers, known),
        "settlement_lines": settlement_lines,
        "batches": cards.batches(source, settlement_lines, numbers),
        "bank_lines": ledger.bank_lines(source, numbers),
        "gl_lines": ledger.postings(source, numbers),
        "pos_orders": ledger.pos_orders(source, numbers),
        "erp_orders": ledger.erp_orders(source, numbers),
    }
    for name, rows in relations.items():
        _write(_frame(name, rows), folder / name, DAY_OF.get(name, "") if by_day else "")
    (folder / "terms.json").write_text(json.dumps(contract.terms(source), indent=1), encoding="utf-8")
    return numbers


def _write(rows: pd.DataFrame, path: Path, day: str) -> None:
    """One file, or a folder of one file a day where there are rows."""
    if not day or rows.empty:
        rows.to_parquet(path.with_suffix(".parquet"), index=False)
        return
    path.mkdir()
    for when, part in rows.groupby(rows[day].dt.date):
        part.to_parquet(path / f"{when}.parquet", index=False)


def _frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A relation's columns in their types, however few rows there are."""
    listed = list(rows)
    columns = (column for column in RELATIONS[name].columns if column.default is None)
    return pd.DataFrame({column.name: _series([row[column.name] for row in listed], column.kind) for column in columns})


def _series(values: list[Any], kind: Kind) -> pd.Series[Any]:
    if kind.sql in DTYPES:
        return pd.Series(values, dtype=DTYPES[kind.sql])
    return pd.to_datetime(pd.Series(values, dtype="object"), utc=True).dt.tz_localize(None)
