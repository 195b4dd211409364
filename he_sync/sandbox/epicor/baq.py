"""Business activity queries: `BaqSvc/{id}/Data`.

A BAQ's parameters come by name in the query string and narrow the read in the database; `$filter`, `$select`,
`$orderby`, `$top` and `$skip` work on what came out. Columns read `Table_Field` or `Calculated_Name`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from he_sync.sandbox.epicor import catalog, filters, odata, rows, scratch
from he_sync.sandbox.epicor.catalog import Kind
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import NoAddress
from he_sync.sandbox.epicor.odata import Query, Shape
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import CLOSED_THROUGH, EARLIEST_APPLY_DATE
from he_sync.sandbox.state import field

Parameters = dict[str, list[str]]


@dataclass(frozen=True)
class Baq:
    """One query: its columns by table, calculated ones with their kind, and the read behind it."""

    id: str
    columns: dict[str, tuple[str, ...]]
    read: Callable[[Context, Parameters], list[Row]]
    calculated: dict[str, Kind]

    @property
    def shape(self) -> Shape:
        """Its result's type."""
        found = {
            f"{name}_{column}": catalog.table(name).columns[column]
            for name, columns in self.columns.items()
            for column in columns
        }
        found |= {f"Calculated_{name}": kind for name, kind in self.calculated.items()}
        return Shape(f"Epicor.{self.id}", {name: (name, kind) for name, kind in found.items()})

    def row(self, tables: dict[str, Row], **calculated: Any) -> Row:
        """One result row from the rows that were joined."""
        found = {
            f"{name}_{column}": tables[name][column] for name, columns in self.columns.items() for column in columns
        }
        return {**found, **{f"Calculated_{name}": value for name, value in calculated.items()}}


def _in(column: str, values: list[str]) -> str:
    return f"{field(column)} IN ({','.join('?' * len(values))})"


def _orders(ctx: Context, parameters: Parameters) -> list[Row]:
    """Orders by `PONum` (repeatable); all of them without."""
    table, wanted = rows.prepare(ctx.state, "OrderHed"), parameters.get("PONum", [])
    found = ctx.state.select(table.collection, _in("PONum", wanted) if wanted else "", wanted, field("OrderNum"))
    return [ORDERS.row({"OrderHed": rows.fill(table, one)}) for one in found]


def _stock(ctx: Context, parameters: Parameters) -> list[Row]:
    """Stock by part and warehouse, narrowed by `PartNum` and `WarehouseCode` (repeatable)."""
    table = rows.prepare(ctx.state, "PartWhse")
    named = {name: parameters[name] for name in ("PartNum", "WarehouseCode") if parameters.get(name)}
    where = " AND ".join(_in(name, values) for name, values in named.items())
    found = [
        rows.fill(table, one)
        for one in ctx.state.select(table.collection, where, [one for some in named.values() for one in some])
    ]
    return [
        STOCK.row({"PartWhse": row}, Available=row["OnHandQty"] - row["AllocatedQty"] - row["ReservedQty"])
        for row in found
    ]


def _duplicates(ctx: Context, _: Parameters) -> list[Row]:
    """PO numbers that more than one order carries, with every such order."""
    table, po = rows.prepare(ctx.state, "OrderHed"), field("PONum")
    name = ctx.state.table(table.collection)
    several = f"SELECT {po} FROM {name} WHERE {po} IS NOT NULL GROUP BY {po} HAVING count(*) > 1"  # noqa: S608 - own name
    found = [
        rows.fill(table, one) for one in ctx.state.select(table.collection, f"{po} IN ({several})", order=f"{po}, key")
    ]
    count: dict[str, int] = {}
    for row in found:
        count[row["PONum"]] = count.get(row["PONum"], 0) + 1
    return [DUPLICATES.row({"OrderHed": row}, Orders=count[row["PONum"]]) for row in found]


def _bank_lines(ctx: Context, parameters: Parameters) -> list[Row]:
    """Bank transactions that are not voided, from `FromDate` to `ToDate` (both in, ISO dates; open where not given)."""
    table, day = rows.prepare(ctx.state, "BankTran"), field("TranDate")
    bounds = [
        (f"{day} >= ?", parameters.get("FromDate", [])),
        (f"substr({day}, 1, 10) <= ?", parameters.get("ToDate", [])),
    ]
    given = [(sql, values[-1]) for sql, values in bounds if values]
    where = " AND ".join([f"coalesce({field('Voided')}, 0) = 0", *(sql for sql, _ in given)])
    found = ctx.state.select(table.collection, where, [value for _, value in given])
    return [BANK_LINES.row({"BankTran": rows.fill(table, one)}) for one in found]


def _of_orders(name: str) -> Callable[[Context, Parameters], list[Row]]:
    """Rows that name a sales order, from `FromOrder` to `ToOrder` (both in; open where not given)."""

    def read(ctx: Context, parameters: Parameters) -> list[Row]:
        table, number = rows.prepare(ctx.state, name), field("OrderNum")
        bounds = [
            (f"{number} >= ?", parameters.get("FromOrder", [])),
            (f"{number} <= ?", parameters.get("ToOrder", [])),
        ]
        given = [(sql, int(values[-1])) for sql, values in bounds if values]
        where = " AND ".join([f"{number} > 0", *(sql for sql, _ in given)])
        found = ctx.state.select(table.collection, where, [value for _, value in given])
        query = ORDER_JOBS if name == "JobProd" else ORDER_PACKS
        return [query.row({name: rows.fill(table, one)}) for one in found]

    return read


MONTHS = 18
"""Periods that the query below gives from its date on; the calendar year's months (fiscal.py)."""


def _periods(ctx: Context, parameters: Parameters) -> list[Row]:
    """Fiscal periods from the one of `FromDate` (today without it) on: first and last day, whether it is closed."""
    start = date.fromisoformat((parameters.get("FromDate") or [ctx.today()])[-1][:10]).replace(day=1)
    earliest, closed = EARLIEST_APPLY_DATE.read(ctx.state), CLOSED_THROUGH.read(ctx.state)
    found = []
    for _ in range(MONTHS):
        last = start.replace(day=monthrange(start.year, start.month)[1])
        told = {"FirstDay": f"{start}T00:00:00", "LastDay": f"{last}T00:00:00", "EarliestApply": earliest or None}
        found.append(PERIODS.row({}, Closed=bool(closed) and f"{start:%Y-%m}" <= closed[:7], **told))
        start = last + timedelta(days=1)
    return found


HEAD = (
    "Company",
    "OrderNum",
    "PONum",
    "CustNum",
    "OrderDate",
    "OrderAmt",
    "DocOrderAmt",
    "OpenOrder",
    "VoidOrder",
    "SysRevID",
)
QUANTITIES = ("Company", "PartNum", "Plant", "WarehouseCode", "OnHandQty", "ReservedQty", "AllocatedQty", "SysRevID")
ORDERS = Baq("HeSync_OrdersByPO", {"OrderHed": HEAD}, _orders, {})
STOCK = Baq("HeSync_Stock", {"PartWhse": QUANTITIES}, _stock, {"Available": "decimal"})
DUPLICATES = Baq("HeSync_DuplicatePO", {"OrderHed": HEAD}, _duplicates, {"Orders": "int32"})
BANK = ("Company", "BankAcctID", "TranNum", "TranDate", "TranAmt", "DocTranAmt", "TranRef", "Voided", "SysRevID")
BANK_LINES = Baq("HeSync_BankLines", {"BankTran": BANK}, _bank_lines, {})
DEMAND = ("Company", "OrderNum", "OrderLine", "OrderRelNum", "JobNum", "SysRevID")
ORDER_JOBS = Baq("HeSync_OrderJobs", {"JobProd": DEMAND}, _of_orders("JobProd"), {})
SHIPPED = ("Company", "OrderNum", "OrderLine", "OrderRelNum", "PackNum", "PackLine", "SysRevID")
ORDER_PACKS = Baq("HeSync_OrderPacks", {"ShipDtl": SHIPPED}, _of_orders("ShipDtl"), {})
PERIOD: dict[str, Kind] = {"FirstDay": "date", "LastDay": "date", "Closed": "boolean", "EarliestApply": "date"}
PERIODS = Baq("HeSync_Periods", {}, _periods, PERIOD)
BAQS = {one.id.lower(): one for one in (ORDERS, STOCK, DUPLICATES, BANK_LINES, ORDER_JOBS, ORDER_PACKS, PERIODS)}


def run(ctx: Context, name: str, params: list[tuple[str, str]], query: Query) -> tuple[list[Row], int | None]:
    """Rows of a BAQ after the query's options, and their count where it was asked for. Raises NoAddress."""
    baq = BAQS.get(name.lower())
    if baq is None:
        raise NoAddress(f"BAQ {name} not found.")
    given: Parameters = {}
    for key, value in params:
        given.setdefault(key, []).append(value)
    return _options(baq.shape, baq.read(ctx, given), query)


def _options(of: Shape, found: list[Row], query: Query) -> tuple[list[Row], int | None]:
    """Filter, order and page rows that are in no table, by the same SQL as those that are."""
    where, params = filters.condition(query.filter, of)
    chosen = scratch.chosen(found, where, params, odata.order(query.orderby, of, "key"))
    page = chosen[query.skip : query.skip + query.page]
    out = odata.wire(of, query.select, "")
    return [out(row) for row in page], len(chosen) if query.count else None
