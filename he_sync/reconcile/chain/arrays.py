"""The books as dense arrays in the order of their ids: money int64 minor units, days since 1970 as int32, small codes.

The three large relations are read a column at a time and let go when no stage needs it any more; with all columns held,
5M payments would take 900 MiB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.books import RELATIONS, Books
from he_sync.reconcile.chain.keys import NOWHERE, AnyInts, Index, Ints, Places, sorting

if TYPE_CHECKING:
    from pyarrow import ChunkedArray
    from pyarrow import Table as ArrowTable

Small = NDArray[np.int16]
Days = NDArray[np.int32]

KINDS = ("sale", "refund", "void")
SALE, REFUND, VOID = range(3)
TYPES = ("SALE", "REFUND", "CHARGEBACK", "MONTHLY_FEE", "REJECT")  # any other type is OTHER: it only moves money
CHARGEBACK, MONTHLY_FEE, REJECT, OTHER = 2, 3, 4, 5
SOURCES = ("PAY", "DAY", "BATCH", "DEPOSIT")
PAY, DAY, BATCH, DEPOSIT = range(4)
NO_DAY = np.iinfo(np.int32).min
WIDEST = 1 << 20  # up to this store id, places are looked up in a table
MOST = np.iinfo(np.int32).max
AT_ONCE = 1 << 20  # rows that come from DuckDB in one piece


class Table:
    """A relation in the order of its ids whose columns are read when first asked for, and can be let go.

    A column costs eight bytes a row while it is held and as much again while it is read.
    """

    def __init__(self, reader: Reader, table: str, key: str, where: str = "true") -> None:
        """`where` is an SQL condition on the rows."""
        self._reader, self._table, self._rows = reader, table, f"{table} where {where}"
        ahead = reader.ahead.get(table, ())
        noted = _Noted(reader)
        for name in ahead:
            getattr(type(self), name).func(noted)
        ids, *columns = reader.fetch(self._rows, [f"{key}::bigint", *noted.sql], short=[True, *noted.short])
        self._order = sorting(ids)
        self.ids: AnyInts = ids if self._order is None else ids[self._order]
        for name, values in zip(ahead, columns, strict=True):
            self.__dict__[name] = values if self._order is None else values[self._order]

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, expression: str, *, short: bool = False) -> NDArray[Any]:
        """A column by its SQL, in the order of the ids; `short` as of `Reader.fetch`."""
        (values,) = self._reader.fetch(self._rows, [expression], short=short)
        return values if self._order is None else values[self._order]

    def read(self, columns: Mapping[str, str]) -> None:
        """Read columns by their SQL at once: for few rows, which each query of its own would look for again."""
        found = self._reader.fetch(self._rows, list(columns.values()))
        for name, values in zip(columns, found, strict=True):
            self.__dict__[name] = values if self._order is None else values[self._order]

    def forget(self, *names: str) -> None:
        """Let columns go; they are read again when asked for again."""
        for name in names:
            self.__dict__.pop(name, None)

    @cached_property
    def currency(self) -> Small:
        """Currency codes."""
        if len(self._reader.codes.currencies) == 1:
            return np.broadcast_to(np.int16(0), self.ids.shape)
        return self.column(self._reader.currency(self._table))


class _Noted:
    """Stands in for a table to note what its columns ask for."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self.sql, self.short = reader, list[str](), list[bool]()

    def column(self, expression: str, *, short: bool = False) -> None:
        """Note a column."""
        self.sql.append(expression)
        self.short.append(short)


class Payments(Table):
    """POS payments; tender and currency are codes of `Codes`, kind of KINDS, times UTC seconds."""

    @cached_property
    def order(self) -> AnyInts:
        """POS order."""
        return self.column("coalesce(order_id, 0)::bigint", short=True)

    @cached_property
    def store(self) -> Days:
        """Store id."""
        return self.column("store_id::integer")

    @cached_property
    def seconds(self) -> AnyInts:
        """When, UTC."""
        return self.column("epoch(ts_utc)::bigint", short=True)

    @cached_property
    def day(self) -> Days:
        """Business date."""
        return self.column(day("business_date"))

    @cached_property
    def tender(self) -> Small:
        """Tender code."""
        return self.column(code("tender", self._reader.codes.tenders))

    @cached_property
    def kind(self) -> Small:
        """Place in KINDS."""
        return self.column(code("kind", KINDS))

    @cached_property
    def amount(self) -> Ints:
        """Amount, tip included."""
        return self.column("amount_cents::bigint")

    @cached_property
    def tip(self) -> AnyInts:
        """Tip."""
        return self.column("tip_cents::bigint", short=True)

    @cached_property
    def ref(self) -> AnyInts:
        """The processor's reference or 0."""
        return self.column("coalesce(auth_ref, 0)::bigint", short=True)

    def undone(self, ids: AnyInts) -> list[tuple[int, ...]]:
        """What voids undo: (place in `ids`, payment id or 0)."""
        return self._reader.lookup(self._table, "payment_id", ["coalesce(orig_payment_id, 0)"], ids)

    @cached_property
    def by_id(self) -> Index:
        """Positions by id."""
        return Index(self.ids)

    @cached_property
    def by_ref(self) -> Index:
        """Positions by reference."""
        return Index(self.ref)


class Lines(Table):
    """Settlement lines; batch 0 and settled NO_DAY where the processor's report has none; brand is a code."""

    @cached_property
    def batch(self) -> AnyInts:
        """Batch id or 0."""
        return self.column("coalesce(batch_id, 0)::bigint", short=True)

    @cached_property
    def mid(self) -> AnyInts:
        """Merchant number."""
        return self.column("mid::bigint", short=True)

    @cached_property
    def brand(self) -> Small:
        """Brand group code."""
        return self.column(code("brand_group", self._reader.codes.brands))

    @cached_property
    def day(self) -> Days:
        """Transaction date, local."""
        return self.column(day("txn_date"))

    @cached_property
    def settled(self) -> Days:
        """Settle date or NO_DAY."""
        return self.column(day("settle_date"))

    @cached_property
    def type(self) -> Small:
        """Place in TYPES, or OTHER."""
        return self.column(code("type", TYPES))

    @cached_property
    def ref(self) -> AnyInts:
        """The processor's reference or 0."""
        return self.column("coalesce(auth_ref, 0)::bigint", short=True)

    @cached_property
    def gross(self) -> Ints:
        """Gross."""
        return self.column("gross_cents::bigint")

    @cached_property
    def fee(self) -> Ints:
        """Fee."""
        return self.column("fee_cents::bigint")

    @cached_property
    def net(self) -> Ints:
        """Net."""
        return self.column("net_cents::bigint")


class Postings(Table):
    """Ledger lines, debit positive."""

    @cached_property
    def doc(self) -> AnyInts:
        """ERP document or 0."""
        return self.column("coalesce(erp_doc, 0)::bigint", short=True)

    @cached_property
    def day(self) -> Days:
        """Posting date."""
        return self.column(day("posting_date"))

    @cached_property
    def account(self) -> Days:
        """Account."""
        return self.column("account::integer")

    @cached_property
    def store(self) -> Days:
        """Store id."""
        return self.column("store_id::integer")

    @cached_property
    def ref(self) -> AnyInts:
        """What the posting names: a payment (PAY), a batch (BATCH), or 0."""
        return self.column("coalesce(ref, 0)::bigint", short=True)

    @cached_property
    def amount(self) -> Ints:
        """Amount."""
        return self.column("amount_cents::bigint")

    @cached_property
    def source(self) -> Small:
        """Place in SOURCES."""
        return self.column(code("source", SOURCES))


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

    def places(self, ids: AnyInts) -> Places:
        """Positions of stores by id, -1 for an unknown one."""
        if not len(self.ids):
            return np.full(len(ids), NOWHERE, np.int32)
        low, high = int(self.ids[0]), int(self.ids[-1])
        if low > 0 and high < WIDEST:
            table = np.full(high + 2, NOWHERE, np.int32)
            table[self.ids] = np.arange(len(self.ids), dtype=np.int32)
            return table.take(np.clip(ids, 0, high + 1))
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, NOWHERE).astype(np.int32)


@dataclass(frozen=True)
class Codes:
    """Names behind the codes, each list in its order of code."""

    tenders: tuple[str, ...]
    brands: tuple[str, ...]
    currencies: tuple[str, ...]


class Reader:
    """Reads relations of the books into arrays."""

    def __init__(self, books: Books, codes: Codes | None = None) -> None:
        """`codes` are those of the whole books where these are a part of them."""
        self._books = books
        self.connection = books.connection
        self.own: duckdb.DuckDBPyConnection | None = None  # the cursor of the one thread that asks
        self.order_of_doc: dict[int, int] = {}  # of the ERP documents that were asked for and have one
        self.ahead: Mapping[str, Sequence[str]] = {}  # by relation, columns that come with the ids
        ((self.schema,),) = self.connection.execute("select current_schema()").fetchall()
        # Columns of one relation come by queries of their own and must all be in the order of its file.
        self.connection.execute("set preserve_insertion_order = true")
        self._columns = {
            (table, column)
            for table, column in self.connection.execute(
                "select table_name, column_name from information_schema.columns"
            ).fetchall()
        }
        self.codes = codes or Codes(
            tenders=tuple(sorted(books.terms.accounts)),
            brands=tuple(sorted(set(books.terms.brand_group.values()))),
            currencies=self._currencies(),
        )

    def _currencies(self) -> tuple[str, ...]:
        """All currencies of the books; a relation without the column, or with a constant, is not read for it."""
        found = {self._books.terms.currency}
        for table in sorted(table for table, column in self._columns if column == "currency" and table in RELATIONS):
            found |= {row[0] for row in self.rows(f"select distinct currency from {table}")}
        return tuple(sorted(found))

    def currency(self, table: str) -> str:
        """SQL for the currency code of a relation's rows."""
        if (table, "currency") in self._columns:
            return code("currency", self.codes.currencies)
        return f"{self.codes.currencies.index(self._books.terms.currency)}::smallint"

    def has(self, table: str) -> bool:
        """Whether the books hold a relation."""
        return any(name == table for name, _ in self._columns)

    def rows(self, sql: str, *, odd: Ints | None = None) -> list[tuple[Any, ...]]:
        """A small result as tuples; `odd` are order ids that the query knows as the relation `odd`."""
        with self.cursor() as cursor:
            if odd is not None:
                cursor.register("odd", _arrow(order_id=odd))
            return cursor.execute(sql).fetchall()

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor in which names of relations mean the schema's; a new one does not know what its parent has set."""
        if self.own is not None:
            return nullcontext(self.own)
        cursor = self.connection.cursor()
        if self.schema != "main":
            cursor.execute(f"set schema = '{self.schema}'")
        return cursor

    def within(self, schema: str, ahead: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Reader:
        """The same over a schema, for one thread: by one cursor, since a new one costs as much as a small column.

        `ahead` names columns by relation that are read with the ids: of a few rows, a query costs more than a column.
        """
        reader = copy(self)
        reader.ahead = ahead
        reader.order_of_doc = {}  # what one schema's orders say is not another's
        reader.schema, reader.own = schema, reader.connection.cursor()
        reader.own.execute(f"set schema = '{schema}'")
        return reader

    def fetch(
        self, table: str, expressions: Sequence[str], *, short: bool | Sequence[bool] = False
    ) -> list[NDArray[Any]]:
        """Columns of a relation in the order of its file, which is the same for every query.

        With `short` (of all or of each) as int32 where every value is from 0 to 2**31 - 1: for keys, which nobody adds
        up.
        Each query has a cursor of its own, so that threads may ask at once. By way of Arrow a column of 5M costs half
        of what `fetchnumpy` takes, and no other thread waits for it.
        """
        # Whole numbers come in four bytes where all of a column fit: half of the memory to clear, write and copy.
        narrow = [re.sub("::bigint$", "::integer", expression) for expression in expressions]
        try:
            found = self._arrow(table, narrow)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            found = self._arrow(table, expressions)
        wide = [new != old for new, old in zip(narrow, expressions, strict=True)]
        each = [short] * len(wide) if isinstance(short, bool) else short
        return [_dense(found.column(i), short=each[i], wide=wide[i]) for i in range(len(expressions))]

    def _arrow(self, table: str, expressions: Sequence[str]) -> ArrowTable:
        """Columns as pieces of AT_ONCE rows."""
        named = ", ".join(f"{expression} as c{i}" for i, expression in enumerate(expressions))
        with self.cursor() as cursor:
            return cursor.sql(f"select {named} from {table}").to_arrow_table(AT_ONCE)

    def lookup(self, table: str, key: str, columns: Sequence[str], wanted: AnyInts) -> list[tuple[int, ...]]:
        """Rows (place in `wanted`, columns...) for keys, by place and columns; for a small share of the relation."""
        if not len(wanted):
            return []
        named = ", ".join(f"({column})::bigint" for column in columns)
        sql = f"select place, {named} from wanted w join {table} t on t.{key} = w.key order by all"
        with self.cursor() as cursor:
            cursor.register("wanted", _arrow(place=np.arange(len(wanted)), key=wanted))
            return cursor.execute(sql).fetchall()

    def columns(self, table: str, key: str, expressions: Sequence[str]) -> list[NDArray[Any]]:
        """A small relation whole: ids first, then each expression, in the order of the ids."""
        ids, *columns = self.fetch(table, [f"{key}::bigint", *expressions])
        order = sorting(ids)
        return [ids, *columns] if order is None else [column[order] for column in (ids, *columns)]

    def payments(self) -> Payments:
        """POS payments."""
        return Payments(self, "pos_payments", "payment_id")

    def lines(self) -> Lines:
        """Settlement lines."""
        return Lines(self, "settlement_lines", "line_id")

    def postings(self, *sources: str) -> Postings:
        """Ledger lines, all or those of some of SOURCES."""
        if not sources:
            return Postings(self, "gl_lines", "gl_id")
        named = ", ".join(f"'{source}'" for source in sources)
        few = Postings(self, "gl_lines", "gl_id", f"source in ({named})")
        few.read(FEW)
        return few

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
                    self.currency("batches"),
                ),
            )
        )

    def bank_lines(self) -> BankLines:
        """All bank lines."""
        memos = [row[0] or "" for row in self.rows("select memo from bank_lines order by bank_id")]
        ids, account, value, amount, currency = self.columns(
            "bank_lines",
            "bank_id",
            ("bank_account::bigint", day("value_date"), "amount_cents::bigint", self.currency("bank_lines")),
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


def _arrow(**columns: AnyInts) -> ArrowTable:
    """Numbers as a table that DuckDB reads."""
    import pyarrow as pa  # noqa: PLC0415 - only where there is something to look up

    wide = [np.ascontiguousarray(column, np.int64) for column in columns.values()]
    arrays = [pa.Array.from_buffers(pa.int64(), len(one), [None, pa.py_buffer(one)]) for one in wide]
    return pa.Table.from_arrays(arrays, names=list(columns))


def _dense(column: ChunkedArray, *, short: bool, wide: bool) -> NDArray[Any]:
    """A column without nulls as one array, `wide` in eight bytes. Arrow's way to numpy imports pandas: 0.4 s."""
    kind = np.dtype(f"i{column.type.bit_width // 8}")
    parts = [
        np.frombuffer(chunk.buffers()[1], kind, len(chunk), chunk.offset * kind.itemsize)
        for chunk in column.chunks
        if len(chunk)
    ]
    if column.null_count:
        raise ValueError(f"a column of {column.type} that has no nulls has {column.null_count}")
    if short and all(int(part.min()) >= 0 and int(part.max()) <= MOST for part in parts):
        kind = np.dtype(np.int32)
    elif wide:
        kind = np.dtype(np.int64)
    return np.concatenate(parts, dtype=kind, casting="unsafe") if parts else np.empty(0, kind)


def day(column: str) -> str:
    """SQL for days since 1970; NO_DAY where there is none."""
    return f"coalesce({column}::date - date '1970-01-01', {NO_DAY})::integer"


def code(column: str, names: Sequence[str]) -> str:
    """SQL for the place of a text in `names`; the number of names where it is none of them."""
    cases = " ".join(f"when '{name.replace(chr(39), chr(39) * 2)}' then {i}" for i, name in enumerate(names))
    return f"(case {column} {cases} else {len(names)} end)::smallint"


FEW = {
    "day": day("posting_date"),
    "account": "account::integer",
    "store": "store_id::integer",
    "ref": "coalesce(ref, 0)::bigint",
    "amount": "amount_cents::bigint",
    "source": code("source", SOURCES),
}
"""What the bank's side asks of its postings."""
