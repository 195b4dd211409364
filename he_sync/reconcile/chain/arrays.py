"""The books as dense arrays in the order of their ids: money int64 minor units, days since 1970 as int32, small codes.

Columns are read a few at a time: DuckDB's result and the array are both in memory while a column is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.keys import Ints, sorting

Small = NDArray[np.int16]
Days = NDArray[np.int32]

AT_A_TIME = 3
KINDS = ("sale", "refund", "void")
SALE, REFUND, VOID = range(3)
TYPES = ("SALE", "REFUND", "CHARGEBACK", "MONTHLY_FEE", "REJECT")  # any other type is OTHER: it only moves money
CHARGEBACK, MONTHLY_FEE, REJECT, OTHER = 2, 3, 4, 5
SOURCES = ("PAY", "DAY", "BATCH", "DEPOSIT")
PAY, DAY, BATCH, DEPOSIT = range(4)
NO_DAY = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Payments:
    """POS payments; tender and currency are codes of `Codes`, kind of KINDS."""

    ids: Ints
    order: Ints
    store: Days
    seconds: Ints
    day: Days
    tender: Small
    kind: Small
    amount: Ints
    tip: Ints
    ref: Ints
    orig: Ints
    currency: Small


@dataclass(frozen=True)
class Lines:
    """Settlement lines; batch 0 and settled NO_DAY where the processor's report has none; brand is a code."""

    ids: Ints
    batch: Ints
    mid: Ints
    brand: Small
    day: Days
    settled: Days
    type: Small
    ref: Ints
    gross: Ints
    fee: Ints
    net: Ints
    currency: Small


@dataclass(frozen=True)
class Postings:
    """Ledger lines, debit positive."""

    ids: Ints
    doc: Ints
    day: Days
    account: Days
    store: Days
    ref: Ints
    amount: Ints
    source: Small
    currency: Small


@dataclass(frozen=True)
class Batches:
    """Batches as the processor reports them."""

    ids: Ints
    mid: Ints
    brand: Small
    day: Days
    lines: Ints
    gross: Ints
    refunds: Ints
    chargebacks: Ints
    fees: Ints
    payout: Ints
    currency: Small


@dataclass(frozen=True)
class BankLines:
    """Bank statement lines; memos are texts in the order of `ids`."""

    ids: Ints
    account: Ints
    day: Days
    amount: Ints
    currency: Small
    memo: list[str]


@dataclass(frozen=True)
class Stores:
    """Stores in the order of their ids; zone and funding are texts."""

    ids: Ints
    entity: Ints
    account: Ints
    zone: list[str]
    net: NDArray[np.bool_]
    reports_batches: NDArray[np.bool_]
    posts_daily: NDArray[np.bool_]


@dataclass(frozen=True)
class Codes:
    """Names behind the codes, each list in its order of code."""

    tenders: tuple[str, ...]
    brands: tuple[str, ...]
    currencies: tuple[str, ...]


class Reader:
    """Reads relations of the books into arrays."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.connection = books.connection
        self._columns = {
            (table, column)
            for table, column in self.connection.execute(
                "select table_name, column_name from information_schema.columns"
            ).fetchall()
        }
        self.codes = Codes(
            tenders=tuple(sorted(books.terms.accounts)),
            brands=tuple(sorted(set(books.terms.brand_group.values()))),
            currencies=self._currencies(),
        )

    def _currencies(self) -> tuple[str, ...]:
        tables = sorted(table for table, column in self._columns if column == "currency")
        found = {self._books.terms.currency}
        for table in tables:
            found |= {row[0] for row in self.connection.execute(f"select distinct currency from {table}").fetchall()}  # noqa: S608
        return tuple(sorted(found))

    def _currency(self, table: str) -> str:
        if (table, "currency") in self._columns:
            return code("currency", self.codes.currencies)
        return f"{self.codes.currencies.index(self._books.terms.currency)}::smallint"

    def has(self, table: str) -> bool:
        """Whether the books hold a relation."""
        return any(name == table for name, _ in self._columns)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A small result as tuples."""
        return self.connection.execute(sql).fetchall()

    def columns(self, table: str, key: str, expressions: Sequence[str]) -> list[NDArray[Any]]:
        """Ids first, then each expression, in the order of the ids."""
        (ids,) = self._fetch(table, [f"{key}::bigint"])
        order = sorting(ids)
        result = [ids if order is None else ids[order]]
        del ids
        for start in range(0, len(expressions), AT_A_TIME):
            result += [
                column if order is None else column[order]
                for column in self._fetch(table, expressions[start : start + AT_A_TIME])
            ]
        return result

    def _fetch(self, table: str, expressions: Sequence[str]) -> list[NDArray[Any]]:
        named = ", ".join(f"{expression} as c{i}" for i, expression in enumerate(expressions))
        found = self.connection.execute(f"select {named} from {table}").fetchnumpy()  # noqa: S608 - our own names
        return [np.asarray(found[f"c{i}"]) for i in range(len(expressions))]

    def payments(self) -> Payments:
        """All POS payments."""
        return Payments(
            *self.columns(
                "pos_payments",
                "payment_id",
                (
                    "order_id::bigint",
                    "store_id::integer",
                    "epoch(ts_utc)::bigint",
                    day("business_date"),
                    code("tender", self.codes.tenders),
                    code("kind", KINDS),
                    "amount_cents::bigint",
                    "tip_cents::bigint",
                    "coalesce(auth_ref, 0)::bigint",
                    "coalesce(orig_payment_id, 0)::bigint",
                    self._currency("pos_payments"),
                ),
            )
        )

    def lines(self) -> Lines:
        """All settlement lines."""
        return Lines(
            *self.columns(
                "settlement_lines",
                "line_id",
                (
                    "coalesce(batch_id, 0)::bigint",
                    "mid::bigint",
                    code("brand_group", self.codes.brands),
                    day("txn_date"),
                    day("settle_date"),
                    code("type", TYPES),
                    "coalesce(auth_ref, 0)::bigint",
                    "gross_cents::bigint",
                    "fee_cents::bigint",
                    "net_cents::bigint",
                    self._currency("settlement_lines"),
                ),
            )
        )

    def postings(self) -> Postings:
        """All ledger lines."""
        return Postings(
            *self.columns(
                "gl_lines",
                "gl_id",
                (
                    "coalesce(erp_doc, 0)::bigint",
                    day("posting_date"),
                    "account::integer",
                    "store_id::integer",
                    "coalesce(ref, 0)::bigint",
                    "amount_cents::bigint",
                    code("source", SOURCES),
                    self._currency("gl_lines"),
                ),
            )
        )

    def batches(self) -> Batches:
        """All batches."""
        return Batches(
            *self.columns(
                "batches",
                "batch_id",
                (
                    "mid::bigint",
                    code("brand_group", self.codes.brands),
                    day("batch_date"),
                    "lines::bigint",
                    "gross_cents::bigint",
                    "refunds_cents::bigint",
                    "chargebacks_cents::bigint",
                    "fees_cents::bigint",
                    "payout_cents::bigint",
                    self._currency("batches"),
                ),
            )
        )

    def bank_lines(self) -> BankLines:
        """All bank lines."""
        memos = [row[0] or "" for row in self.rows("select memo from bank_lines order by bank_id")]
        ids, account, value, amount, currency = self.columns(
            "bank_lines",
            "bank_id",
            ("bank_account::bigint", day("value_date"), "amount_cents::bigint", self._currency("bank_lines")),
        )
        return BankLines(ids, account, value, amount, currency, memos)

    def stores(self) -> Stores:
        """All stores."""
        rows = self.rows(
            "select store_id, entity_id, bank_account, tz, funding, batch_ids_in_report, gl_detail"
            " from stores order by store_id"
        )
        return Stores(
            ids=np.array([row[0] for row in rows], np.int64),
            entity=np.array([row[1] for row in rows], np.int64),
            account=np.array([row[2] for row in rows], np.int64),
            zone=[row[3] for row in rows],
            net=np.array([row[4] == "net" for row in rows], bool),
            reports_batches=np.array([bool(row[5]) for row in rows], bool),
            posts_daily=np.array([row[6] == "daily" for row in rows], bool),
        )


def day(column: str) -> str:
    """SQL for days since 1970; NO_DAY where there is none."""
    return f"coalesce({column}::date - date '1970-01-01', {NO_DAY})::integer"


def code(column: str, names: Sequence[str]) -> str:
    """SQL for the place of a text in `names`; the number of names where it is none of them."""
    cases = " ".join(f"when '{name.replace(chr(39), chr(39) * 2)}' then {i}" for i, name in enumerate(names))
    return f"(case {column} {cases} else {len(names)} end)::smallint"
