"""What the report says, asked of the books and of the links and breaks that were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from he_sync.reconcile.given import Books
from he_sync.reconcile.output import BREAKS, LINKS, reader
from he_sync.reconcile.report.waterfall import Step, steps

if TYPE_CHECKING:
    from he_sync.reconcile.chain.keys import Ints

BUCKETS = ((1, "0-1"), (3, "2-3"), (7, "4-7"), (30, "8-30"), (None, "over 30"))
"""Ages in days, up to and with each limit."""
DETAIL = 25
"""Rows of a class in the report; all of them are in the file of breaks."""
STOCK = "inventory"


@dataclass(frozen=True)
class Kind:
    """Breaks of one class. `cents` is their sum, `worth` the sum of their absolute amounts; stock counts eaches."""

    table: str
    name: str
    count: int
    cents: int
    worth: int
    oldest: int
    unsure: int
    action: str

    @property
    def is_stock(self) -> bool:
        """Whether its amounts are eaches."""
        return self.table == STOCK


@dataclass(frozen=True)
class Detail:
    """One break of a drill-down table."""

    record: int
    related: int
    cents: int
    age: int
    confidence: float
    evidence: str


@dataclass(frozen=True)
class Account:
    """A bank account's statement lines and how many of them stand in the ledger."""

    number: int
    currency: str
    lines: int
    cents: int
    posted: int
    open_cents: int


@dataclass(frozen=True)
class Facts:
    """The report's content; `ageing` has (breaks, cents in absolute amounts) by bucket, `by_day` breaks by day."""

    folder: str
    currency: str
    currencies: tuple[str, ...]
    first: date | None
    last: date | None
    figures: Mapping[str, Any]
    waterfall: tuple[Step, ...]
    kinds: tuple[Kind, ...]
    details: Mapping[str, tuple[Detail, ...]]
    ageing: tuple[tuple[str, int, int], ...]
    by_day: Mapping[date, int]
    accounts: tuple[Account, ...]


def gather(books: Books, out: Path, figures: Mapping[str, Any], posted: Ints | None = None) -> Facts:
    """Ask for everything; `out` holds the links and breaks of this run.

    `posted` are the bank lines that stand in the ledger; without them the links are read, which a night has of 62 days.
    """
    run = books.connection.execute
    links, breaks = (
        reader(out / f"{name}.{books.format}", columns) for name, columns in (("links", LINKS), ("breaks", BREAKS))
    )
    run(f"CREATE OR REPLACE TEMP VIEW out_breaks AS FROM {breaks}")
    if posted is None:
        run(f"CREATE OR REPLACE TEMP VIEW out_posted AS SELECT DISTINCT left_id FROM {links} WHERE rel = 'DG'")
    else:
        import pyarrow as pa  # noqa: PLC0415 - loaded already where there are any

        books.connection.register("out_posted", pa.table({"left_id": posted}))
    ((first, last),) = run("SELECT min(business_date), max(business_date) FROM pos_payments").fetchall()
    missing = dict(
        run("SELECT break_class, sum(delta_cents) FROM out_breaks WHERE break_class IN ('missing_deposit',"
            " 'short_deposit') GROUP BY break_class").fetchall()
    )  # fmt: skip
    kinds = tuple(Kind(*row) for row in run(_KINDS).fetchall())
    return Facts(
        books.folder.resolve().name,
        books.terms.currency,
        tuple(sorted(books.currencies)),
        first,
        last,
        figures,
        steps(books, {name: int(cents) for name, cents in missing.items()}),
        kinds,
        {name: tuple(rows) for name, rows in _details(books).items()},
        tuple(_ageing(run(_AGES).fetchall())),
        dict(run(_BY_DAY, [date.fromisoformat(figures["as_of"])]).fetchall()),
        tuple(Account(*row) for row in run(_ACCOUNTS).fetchall()),
    )


_KINDS = f"""
SELECT any_value("table"), break_class, count(*), sum(delta_cents)::BIGINT, sum(abs(delta_cents))::BIGINT,
  max(age_days), count_if(confidence < 1), any_value(next_action)
FROM out_breaks GROUP BY break_class ORDER BY bool_or("table" = '{STOCK}'), 5 DESC, 3 DESC, 2
"""
_WEIGHTIEST = f"""
SELECT break_class, record_id, related_id, delta_cents, age_days, confidence, evidence FROM out_breaks
JOIN (SELECT break_class, list_min(max(abs(delta_cents), {DETAIL})) AS least FROM out_breaks GROUP BY ALL)
  USING (break_class)
WHERE abs(delta_cents) >= least
QUALIFY row_number() OVER (PARTITION BY break_class ORDER BY abs(delta_cents) DESC, age_days DESC, record_id, evidence)
  <= {DETAIL}
ORDER BY break_class, abs(delta_cents) DESC, age_days DESC, record_id, evidence
"""
_AGES = f"""
SELECT age_days, count(*), sum(abs(delta_cents))::BIGINT FROM out_breaks WHERE "table" <> '{STOCK}' GROUP BY age_days
"""
_BY_DAY = f"""
SELECT (?::DATE - age_days::INTEGER)::DATE, count(*) FROM out_breaks WHERE "table" <> '{STOCK}'
GROUP BY ALL ORDER BY ALL
"""
_ACCOUNTS = """
SELECT bank_account, currency, count(*), sum(amount_cents)::BIGINT, count(left_id),
  coalesce(sum(amount_cents) FILTER (left_id IS NULL), 0)::BIGINT
FROM bank_lines LEFT JOIN out_posted ON left_id = bank_id
GROUP BY ALL ORDER BY ALL
"""


def _details(books: Books) -> dict[str, list[Detail]]:
    """By class its weightiest breaks, then the oldest."""
    found: dict[str, list[Detail]] = {}
    for kind, *row in books.connection.execute(_WEIGHTIEST).fetchall():
        found.setdefault(kind, []).append(Detail(*row))
    return found


def _ageing(rows: list[tuple[int, int, int]]) -> list[tuple[str, int, int]]:
    found = []
    low = -1
    for limit, label in BUCKETS:
        inside = [row for row in rows if low < row[0] and (limit is None or row[0] <= limit)]
        found.append((label, sum(row[1] for row in inside), sum(row[2] for row in inside)))
        low = limit if limit is not None else low
    return found
