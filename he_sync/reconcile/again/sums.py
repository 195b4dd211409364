"""Sums by day of the two relations that the report adds up, so that a night adds what came and takes off what went."""

from __future__ import annotations

from pathlib import Path

from he_sync.reconcile.again.manifest import FOLDER, Earlier
from he_sync.reconcile.again.reach import COPIES
from he_sync.reconcile.given import Books

NAME = f"{COPIES}/{{relation}} by day.parquet"
SUMS = {
    "pos_payments": ("currency, business_date, tender", ("amount_cents",)),
    "settlement_lines": ("currency, txn_date, type", ("gross_cents", "fee_cents")),
}
"""By relation what is told apart, and what is added up."""


def sum_up(books: Books, state: Path, before: Earlier | None) -> None:
    """Keep the sums, and let them stand in the relations' places: nothing but the report is still to be asked."""
    for relation in SUMS:
        path = str(state / NAME.format(relation=relation)).replace("'", "''")
        books.connection.execute(f"COPY ({_query(relation, before)}) TO '{path}' (FORMAT parquet)")
        books.connection.execute(f"CREATE OR REPLACE VIEW main.{relation} AS FROM read_parquet('{path}')")


def _query(relation: str, before: Earlier | None) -> str:
    """The sums of all rows."""
    told, columns = SUMS[relation]
    added = ", ".join(f"sum({name})::BIGINT AS {name}" for name in columns)
    if before is None:
        return f"SELECT {told}, {added}, count(*) AS rows FROM main.{relation} GROUP BY {told}"
    path = str(before.out / FOLDER / NAME.format(relation=relation)).replace("'", "''")
    less = ", ".join(f"-{name} AS {name}" for name in columns)
    kept = ", ".join((told, *columns))
    return (
        f"SELECT {told}, {added}, sum(rows)::BIGINT AS rows FROM (SELECT {kept}, rows FROM read_parquet('{path}')"
        f" UNION ALL SELECT {kept}, 1 FROM came.{relation} UNION ALL SELECT {told}, {less}, -1 FROM went.{relation})"
        f" GROUP BY {told} HAVING sum(rows) > 0"
    )
