"""What is pulled: one record an entity, with its window, its pages and its count at the source.

A window of a business date is as wide as the widest store's; what belongs to another day is dropped when rows become
canonical, where the store's own zone and roll-over hour decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.model.calendar import Window, business_window
from he_sync.model.retailer import Retailer

Page = list[dict[str, Any]]
DAY = timedelta(days=1)
SALES_ORDER_FIELDS = [
    "Company",
    "OrderNum",
    "PONum",
    "CustNum",
    "OrderDate",
    "VoidOrder",
    "OpenOrder",
    "TotalCharges",
    "TotalMisc",
    "TotalDiscount",
    "TotalTax",
    "OrderAmt",
    "SysRevID",
]
CUSTOMER_FIELDS = ["Company", "CustNum", "CustID", "Name", "EMailAddress", "PhoneNum", "Inactive", "SysRevID"]
PART_FIELDS = ["Company", "PartNum", "PartDescription", "IUM", "UnitPrice", "InActive", "TypeCode", "SysRevID"]
LEDGER_FIELDS = [
    "Company",
    "BookID",
    "FiscalYear",
    "FiscalYearSuffix",
    "JournalCode",
    "JournalNum",
    "JournalLine",
    "GLAccount",
    "DebitAmount",
    "CreditAmount",
    "JEDate",
    "Description",
    "GroupID",
    "SysRevID",
]
JOB_FIELDS = ["Company", "JobNum", "PartNum", "ProdQty", "QtyCompleted", "JobComplete", "JobClosed", "SysRevID"]
SHIPMENT_FIELDS = ["Company", "PackNum", "OrderNum", "ShipDate", "ShipStatus", "TrackingNumber", "Voided", "SysRevID"]


@dataclass(frozen=True)
class Ask:
    """What a pull is asked: the systems, the profile and the business date."""

    systems: Systems
    retailer: Retailer
    day: date

    @property
    def window(self) -> Window:
        """UTC span that covers the business date in every store."""
        spans = [business_window(self.day, store.timezone, store.rollover_hour) for store in self.retailer.stores]
        return Window(min(span.start for span in spans), max(span.end for span in spans))


@dataclass(frozen=True)
class Source:
    """One entity at its source. `daily` False means that the whole of it is read whatever the date."""

    entity: str
    key: Callable[[dict[str, Any]], str]
    pages: Callable[[Ask], Iterator[Page]]
    count: Callable[[Ask], int]
    about: str
    daily: bool = True


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _local_day(ask: Ask) -> dict[str, Any]:
    """Store-local wall time, so that a store's evening is not lost to UTC (reference heartland 5.3)."""
    hours = [store.rollover_hour for store in ask.retailer.stores]
    until = datetime.combine(ask.day + DAY, datetime.min.time()) + timedelta(hours=max(hours))
    start = datetime.combine(ask.day, datetime.min.time()) + timedelta(hours=min(hours))
    return {"local_completed_at": {"$gte": start.isoformat(), "$lt": until.isoformat()}}


def _made(ask: Ask, column: str) -> dict[str, Any]:
    return {column: {"$gte": _utc(ask.window.start), "$lt": _utc(ask.window.end)}}


def _changed_customers(ask: Ask) -> dict[str, Any]:
    span = business_window(ask.day, ask.retailer.timezone, 4)
    return {"updated_at": {"$gte": _utc(span.start), "$lt": _utc(span.end)}}


def _key(*columns: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: "~".join(str(row[column]) for column in columns)


SALE_PARTS = ("lines", "payments", "subtotal", "tax_total")


def _heartland(
    entity: str, path: str, filter_of: Callable[[Ask], dict[str, Any]], about: str, **options: Any
) -> Source:
    include, daily = options.get("include", ()), options.get("daily", True)
    return Source(
        f"heartland/{entity}",
        _key("id"),
        lambda ask: ask.systems.heartland.walk(path, filter_of(ask), include=include),
        lambda ask: ask.systems.heartland.count(path, filter_of(ask)),
        about,
        daily,
    )


def _epicor(
    entity: str,
    place: tuple[str, str],
    keys: tuple[str, ...],
    filter_of: Callable[[Ask], str],
    about: str,
    **options: Any,
) -> Source:
    service, entity_set = place
    select, expand = tuple(options["select"]), options.get("expand", "")
    return Source(
        f"epicor/{entity}",
        _key(*keys),
        lambda ask: ask.systems.epicor.walk(service, entity_set, filter=filter_of(ask), select=select, expand=expand),
        lambda ask: ask.systems.epicor.count(service, entity_set, filter=filter_of(ask)),
        about,
        options.get("daily", True),
    )


def _processor(entity: str, path: str, listed: str, params: Callable[[Ask], dict[str, str]], about: str) -> Source:
    return Source(
        f"processor/{entity}",
        _key("id"),
        lambda ask: ask.systems.processor.walk(path, params(ask), key=listed),
        lambda ask: ask.systems.processor.count(path, params(ask)),
        about,
    )


def _odata_day(ask: Ask, column: str) -> str:
    """One date as a half-open span: whether the server's dates carry an offset is not documented."""
    return f"{column} ge {ask.day}T00:00:00 and {column} lt {ask.day + DAY}T00:00:00"


def _from_to(ask: Ask) -> dict[str, str]:
    return {"FromDate": str(ask.day), "ToDate": str(ask.day)}


BANK_QUERY = "HeSync_BankLines"
"""Bank transactions hang below their entry groups, and a child set misses rows of late parents: a query reads them."""
STOCK_GROUPS = [("group[]", "item_id"), ("group[]", "location_id"), ("exclude_empty_locations", "true")]
STOCK_EXPAND = (
    "PartWhses($select=WarehouseCode,OnHandQty,ReservedQty,AllocatedQty),PartUOMs($select=UOMCode,ConvFactor)"
)

SOURCES: dict[str, Source] = {
    source.entity: source
    for source in (
        _heartland("tickets", "sales/tickets", _local_day, "Tickets completed on the store day", include=SALE_PARTS),
        _heartland(
            "orders",
            "sales/orders",
            lambda ask: _made(ask, "created_at"),
            "Sales orders taken on the day",
            include=SALE_PARTS,
        ),
        _heartland(
            "invoices",
            "sales/invoices",
            lambda ask: _made(ask, "created_at"),
            "Invoices made on the day: they may take numbers from the tickets' counter",
        ),
        _heartland("customers", "customers", _changed_customers, "Customers created or changed on the day"),
        _heartland("items", "items", lambda _: {}, "All items", daily=False),
        _heartland("payment_types", "payment_types", lambda _: {}, "All payment types", daily=False),
        Source(
            "heartland/stock",
            _key("item_id", "location_id"),
            lambda ask: ask.systems.heartland.walk_pages(
                "inventory/values", STOCK_GROUPS, key=_key("item_id", "location_id")
            ),
            lambda ask: ask.systems.heartland.count("inventory/values", params=STOCK_GROUPS),
            "Stock by item and location, as it is now",
            daily=False,
        ),
        _processor(
            "settlement_lines",
            "settlement/transactions",
            "transactions",
            lambda ask: {"from_time_created": str(ask.day), "to_time_created": str(ask.day + DAY)},
            "Card transactions taken on the day",
        ),
        _processor(
            "deposits",
            "settlement/deposits",
            "deposits",
            lambda ask: {"from_time_created": str(ask.day), "to_time_created": str(ask.day)},
            "Deposits funded on the day",
        ),
        _processor(
            "deposit_lines",
            "settlement/transactions",
            "transactions",
            lambda ask: {"from_deposit_time_created": str(ask.day), "to_deposit_time_created": str(ask.day)},
            "Card transactions that the day's deposits pay",
        ),
        _epicor(
            "sales_orders",
            ("Erp.BO.SalesOrderSvc", "SalesOrders"),
            ("OrderNum",),
            lambda ask: _odata_day(ask, "OrderDate"),
            "Sales orders dated on the day",
            select=SALES_ORDER_FIELDS,
        ),
        _epicor(
            "customers",
            ("Erp.BO.CustomerSvc", "Customers"),
            ("CustNum",),
            lambda _: "",
            "All customers",
            select=CUSTOMER_FIELDS,
            daily=False,
        ),
        _epicor(
            "parts",
            ("Erp.BO.PartSvc", "Parts"),
            ("PartNum",),
            lambda _: "",
            "All parts with warehouses and units",
            select=PART_FIELDS,
            expand=STOCK_EXPAND,
            daily=False,
        ),
        _epicor(
            "ledger_lines",
            ("Erp.BO.GLJrnDtlSvc", "GLJrnDtls"),
            ("FiscalYear", "JournalCode", "JournalNum", "JournalLine"),
            lambda ask: _odata_day(ask, "JEDate"),
            "Ledger lines posted on the day",
            select=LEDGER_FIELDS,
        ),
        Source(
            "epicor/bank_lines",
            _key("BankTran_BankAcctID", "BankTran_TranNum"),
            lambda ask: ask.systems.epicor.baq(BANK_QUERY, _from_to(ask)),
            lambda ask: ask.systems.epicor.baq_count(BANK_QUERY, _from_to(ask)),
            "Bank transactions dated on the day",
        ),
        _epicor(
            "jobs",
            ("Erp.BO.JobEntrySvc", "JobEntries"),
            ("JobNum",),
            lambda _: "JobClosed eq false",
            "Open jobs",
            select=JOB_FIELDS,
            daily=False,
        ),
        _epicor(
            "shipments",
            ("Erp.BO.CustShipSvc", "CustShips"),
            ("PackNum",),
            lambda ask: _odata_day(ask, "ShipDate"),
            "Shipments of the day",
            select=SHIPMENT_FIELDS,
        ),
    )
}
