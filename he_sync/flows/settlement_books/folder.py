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


def write_folder(source: Source, folder: Path, numbers: Numbers | None = None) -> Numbers:
    """Write the relations as Parquet and the terms; `reconcile settlements` takes the folder as it is.

    `numbers` are those of an earlier folder, which are kept and counted on.
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
        _frame(name, rows).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "terms.json").write_text(json.dumps(contract.terms(source), indent=1), encoding="utf-8")
    return numbers


def _frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A relation's columns in their types, however few rows there are."""
    listed = list(rows)
    columns = (column for column in RELATIONS[name].columns if column.default is None)
    return pd.DataFrame({column.name: _series([row[column.name] for row in listed], column.kind) for column in columns})


def _series(values: list[Any], kind: Kind) -> pd.Series[Any]:
    if kind.sql in DTYPES:
        return pd.Series(values, dtype=DTYPES[kind.sql])
    return pd.to_datetime(pd.Series(values, dtype="object"), utc=True).dt.tz_localize(None)
