"""What was known at the end of a day: a folder's records up to it, so that the next day can arrive as one more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

DATED = {
    "pos_orders": "business_date",
    "erp_orders": "business_date",
    "pos_payments": "business_date",
    "settlement_lines": "coalesce(settle_date, txn_date)",
    "batches": "batch_date",
    "bank_lines": "value_date",
    "gl_lines": "posting_date",
}


def cut(folder: Path, last: date, into: Path) -> None:
    """Copy a Parquet world, without truth, as far as a day; what has no date is copied whole."""
    into.mkdir(parents=True)
    (into / "terms.json").write_bytes((folder / "terms.json").read_bytes())
    with duckdb.connect() as connection:
        for path in sorted(folder.glob("*.parquet")):
            if path.stem in {"labels", "links"}:
                continue
            when = DATED.get(path.stem)
            only = f"WHERE {when} <= DATE '{last}'" if when else ""
            connection.execute(f"COPY (FROM '{path}' {only}) TO '{into / path.name}'")
