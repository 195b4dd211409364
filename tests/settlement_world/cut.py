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


def days(folder: Path, into: Path, last: date | None = None) -> None:
    """Copy a Parquet world, without truth, its dated relations as one file a day, as far as a day.

    Each row's file is the day on which it was known; relations without dates stay one file.
    """
    into.mkdir(parents=True)
    (into / "terms.json").write_bytes((folder / "terms.json").read_bytes())
    for path in sorted(folder.glob("*.parquet")):
        if path.stem in {"labels", "links"}:
            continue
        if path.stem in DATED:
            _by_day(path, into / path.stem, last)
        else:
            (into / path.name).write_bytes(path.read_bytes())


def _by_day(path: Path, into: Path, last: date | None) -> None:
    """The relation's rows sorted by day and split."""
    when = DATED[path.stem]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE all_rows AS SELECT *, ({when})::DATE AS known FROM '{path}' ORDER BY known")
        found = connection.execute("SELECT DISTINCT known FROM all_rows ORDER BY known").fetchall()
        if not found:
            into.with_suffix(".parquet").write_bytes(path.read_bytes())
            return
        into.mkdir()
        for (day,) in found:
            if last is None or day <= last:
                query = f"SELECT * EXCLUDE (known) FROM all_rows WHERE known = DATE '{day}'"
                connection.execute(f"COPY ({query}) TO '{into / str(day)}.parquet'")
