"""A shop's books in a few words: what it sold, what settled, what the bank and the ledger say; then one run over them.

One store (1) of one entity in UTC with net funding and account 9001 unless said otherwise; Visa costs 200 basis points
and 10 cents an item. Every record gets its id when it is made and is known by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from he_sync.reconcile.chain.outcome import Summary
from he_sync.reconcile.chain.rules import RuleSet, built_in
from he_sync.reconcile.chain.run import reconcile
from he_sync.reconcile.chain.terms import Fee, Terms

MONDAY = date(2025, 3, 3)
TERMS = Terms(
    currency="USD",
    pos_day_starts="04:00",
    fees={"visa": Fee(200, 10), "mastercard": Fee(200, 10), "amex": Fee(300, 10)},
    chargeback_fee_cents=1500,
    monthly_fee_cents=2500,
    lags={"VMDD": 1, "AMEX": 2, "CASH": 1, "FEES": 2},
    holidays=frozenset(),
    brand_group={"visa": "VMDD", "mastercard": "VMDD", "amex": "AMEX"},
    accounts={
        "visa": 1200,
        "mastercard": 1200,
        "amex": 1210,
        "cash": 1050,
        "bank": 1010,
        "fees": 6100,
        "accrued_fees": 2300,
        "chargebacks": 6110,
    },
)
COLUMNS: Mapping[str, str] = {
    "stores": "store_id BIGINT, entity_id BIGINT, tz VARCHAR, bank_account BIGINT, pos_day_starts BIGINT,"
    " batch_cut_local BIGINT, funding VARCHAR, batch_ids_in_report BOOLEAN, gl_detail VARCHAR",
    "pos_payments": "payment_id BIGINT, order_id BIGINT, store_id BIGINT, ts_utc TIMESTAMP, business_date DATE,"
    " tender VARCHAR, kind VARCHAR, amount_cents BIGINT, tip_cents BIGINT, auth_ref BIGINT, orig_payment_id BIGINT,"
    " currency VARCHAR",
    "settlement_lines": "line_id BIGINT, batch_id BIGINT, mid BIGINT, brand_group VARCHAR, txn_date DATE,"
    " settle_date DATE, type VARCHAR, auth_ref BIGINT, gross_cents BIGINT, fee_cents BIGINT, net_cents BIGINT,"
    " currency VARCHAR",
    "batches": "batch_id BIGINT, mid BIGINT, brand_group VARCHAR, batch_date DATE, lines BIGINT, gross_cents BIGINT,"
    " refunds_cents BIGINT, chargebacks_cents BIGINT, fees_cents BIGINT, payout_cents BIGINT, currency VARCHAR",
    "bank_lines": "bank_id BIGINT, bank_account BIGINT, value_date DATE, amount_cents BIGINT, memo VARCHAR,"
    " currency VARCHAR",
    "gl_lines": "gl_id BIGINT, erp_doc BIGINT, posting_date DATE, account BIGINT, store_id BIGINT, ref BIGINT,"
    " amount_cents BIGINT, source VARCHAR, currency VARCHAR",
    "pos_orders": "order_id BIGINT, store_id BIGINT, business_date DATE, subtotal_cents BIGINT, discount_cents BIGINT,"
    " tax_cents BIGINT, total_cents BIGINT",
    "erp_orders": "order_id BIGINT, store_id BIGINT, business_date DATE, subtotal_cents BIGINT, discount_cents BIGINT,"
    " tax_cents BIGINT, total_cents BIGINT, erp_doc BIGINT",
}


@dataclass
class Books:
    """Books in memory."""

    connection: duckdb.DuckDBPyConnection
    terms: Terms = TERMS
    versions: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()


@dataclass(frozen=True)
class Result:
    """What a run found; links as (left, right) by relation."""

    summary: Summary
    rows: list[dict[str, Any]]
    breaks: list[dict[str, Any]]

    def links(self, relation: str) -> set[tuple[int, int]]:
        return {(row["left_id"], row["right_id"]) for row in self.rows if row["rel"] == relation}

    def strength(self, relation: str, left: int) -> set[str]:
        return {row["strength"] for row in self.rows if row["rel"] == relation and row["left_id"] == left}

    def classes(self) -> list[tuple[str, int, int]]:
        """Class, record and cents of every break."""
        return sorted((row["break_class"], row["record_id"], row["delta_cents"]) for row in self.breaks)

    @property
    def closes(self) -> bool:
        return self.summary.closes


@dataclass
class Shop:
    """The records, by relation, in the order in which they were made."""

    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    numbers: Any = field(default_factory=lambda: count(1001))

    def __post_init__(self) -> None:
        self.open_store(1)

    def open_store(  # noqa: PLR0913 - a record's columns
        self,
        store: int,
        *,
        entity: int = 1,
        account: int = 9001,
        batches: bool = True,
        daily: bool = False,
        funding: str = "net",
    ) -> None:
        self._add("stores", store, entity, "UTC", account, 4, 0, funding, batches, "daily" if daily else "payment")

    def _add(self, table: str, *values: Any) -> None:
        self.tables[table].append(values)

    def sell(  # noqa: PLR0913 - a record's columns
        self,
        cents: int,
        *,
        day: date = MONDAY,
        at: time = time(12),
        tender: str = "visa",
        tip: int = 0,
        store: int = 1,
        kind: str = "sale",
        orig: int = 0,
        ref: int | None = None,
        currency: str = "USD",
        order: int = 0,
    ) -> int:
        """A payment of the POS; its reference is its id times 100 where none is given."""
        number = next(self.numbers)
        reference = (0 if tender == "cash" else number * 100) if ref is None else ref
        self._add(
            "pos_payments",
            number,
            order,
            store,
            datetime.combine(day, at),
            day,
            tender,
            kind,
            cents,
            tip,
            reference,
            orig,
            currency,
        )
        return number

    def payment(self, number: int) -> tuple[Any, ...]:
        return next(row for row in self.tables["pos_payments"] if row[0] == number)

    def settle(  # noqa: PLR0913 - a record's columns
        self,
        payment: int,
        batch: int,
        *,
        cents: int | None = None,
        fee: int | None = None,
        ref: int | None = None,
        on: date | None = None,
    ) -> int:
        """A settlement line of a payment."""
        row = self.payment(payment)
        gross = row[7] if cents is None else cents
        return self.line(
            batch,
            "REFUND" if row[6] == "refund" else "SALE",
            gross,
            fee=fee,
            ref=row[9] if ref is None else ref,
            store=row[2],
            tender=row[5],
            day=row[4],
            on=on,
            currency=row[11],
        )

    def line(  # noqa: PLR0913 - a record's columns
        self,
        batch: int,
        kind: str,
        gross: int,
        *,
        fee: int | None = None,
        ref: int = 0,
        store: int = 1,
        tender: str = "visa",
        day: date = MONDAY,
        on: date | None = None,
        currency: str = "USD",
    ) -> int:
        number = next(self.numbers)
        price = TERMS.fees[tender]
        due = price.per_item_cents + ((price.bps * gross + 5000) // 10_000 if kind == "SALE" else 0)
        cost = (due if kind in ("SALE", "REFUND") else 0) if fee is None else fee
        settled = (on or day) if batch else None
        self._add(
            "settlement_lines",
            number,
            batch,
            7000 + store,
            TERMS.brand_group[tender],
            day,
            settled,
            kind,
            ref,
            gross,
            cost,
            gross - cost,
            currency,
        )
        return number

    def close_batch(self, batch: int, *, day: date = MONDAY) -> int:
        """The batch row of all lines that name it; its payout."""
        lines = [row for row in self.tables["settlement_lines"] if row[1] == batch]
        sums = [sum(row[8] for row in lines if row[6] == kind) for kind in ("SALE", "REFUND", "CHARGEBACK")]
        payout = sum(row[10] for row in lines)
        self._add(
            "batches",
            batch,
            lines[0][2],
            lines[0][3],
            day,
            len(lines),
            *sums,
            sum(row[9] for row in lines),
            payout,
            lines[0][11],
        )
        return payout

    def bank(
        self,
        cents: int,
        *,
        day: date = MONDAY + timedelta(1),
        memo: str = "MERCHANT DEP",
        account: int = 9001,
        currency: str = "USD",
    ) -> int:
        number = next(self.numbers)
        self._add("bank_lines", number, account, day, cents, memo, currency)
        return number

    def post(  # noqa: PLR0913 - a record's columns
        self,
        payment: int,
        *,
        cents: int | None = None,
        account: int | None = None,
        day: date | None = None,
        ref: int | None = None,
        doc: int = 0,
    ) -> int:
        """A payment's posting."""
        row = self.payment(payment)
        where = TERMS.accounts[row[5]] if account is None else account
        amount = row[7] if cents is None else cents
        return self.entry(
            "PAY",
            where,
            amount,
            day=day or row[4],
            ref=payment if ref is None else ref,
            doc=doc,
            store=row[2],
            currency=row[11],
        )

    def entry(  # noqa: PLR0913 - a record's columns
        self,
        source: str,
        account: int,
        cents: int,
        *,
        day: date = MONDAY,
        ref: int = 0,
        doc: int = 0,
        store: int = 1,
        currency: str = "USD",
    ) -> int:
        number = next(self.numbers)
        self._add("gl_lines", number, doc, day, account, store, ref, cents, source, currency)
        return number

    def deposit(self, cents: int, *, day: date = MONDAY + timedelta(1), **bank: Any) -> int:
        """A bank line and the posting that the ledger has of it."""
        self.entry("DEPOSIT", 1010, cents, day=day, currency=bank.get("currency", "USD"))
        self.entry("DEPOSIT", 1200, -cents, day=day, currency=bank.get("currency", "USD"))
        return self.bank(cents, day=day, **bank)

    def order(self, number: int, total: int, *, discount: int = 0, tax: int = 0) -> None:
        self._add("pos_orders", number, 1, MONDAY, total + discount - tax, discount, tax, total)

    def push(self, number: int, total: int, doc: int, *, discount: int = 0, tax: int = 0) -> None:
        self._add("erp_orders", number, 1, MONDAY, total + discount - tax, discount, tax, total, doc)

    def books(self) -> Books:
        connection = duckdb.connect()
        for name, columns in COLUMNS.items():
            connection.execute(f"create table {name} ({columns})")
            rows = self.tables[name]
            if rows:
                marks = ", ".join(f"({', '.join('?' * len(rows[0]))})" for _ in rows)
                connection.execute(f"insert into {name} values {marks}", [value for row in rows for value in row])
        return Books(connection)

    def run(self, out: Path, rules: RuleSet | None = None) -> Result:
        out.mkdir(parents=True, exist_ok=True)
        outcome = reconcile(self.books(), rules or built_in(), out)
        return Result(outcome.summary, read(out / "links.parquet"), read(out / "breaks.parquet"))


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a written file."""
    with duckdb.connect() as connection:
        found = connection.execute(f"select * from '{path}'")
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
