"""Raw documents to canonical frames: read, check the contract, set bad rows aside, keep what belongs to the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from he_sync.connect import strict_json
from he_sync.mapping import epicor, heartland, processor
from he_sync.model.batch import Batches
from he_sync.model.contract import Contract, frame, records
from he_sync.model.customer import Customers
from he_sync.model.deposit import BankLines, Deposits
from he_sync.model.job import Jobs
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.order import ErpOrders, Orders
from he_sync.model.payment import Payments
from he_sync.model.product import Products
from he_sync.model.retailer import Retailer
from he_sync.model.settlement_line import SettlementLines
from he_sync.model.shipment import Shipments
from he_sync.model.stock_level import StockLevels
from he_sync.model.ticket import TicketLines, Tickets
from he_sync.quality.contracts import Checked, Failure, check, read_records
from he_sync.quality.rules.book import FILE, for_entity
from he_sync.quality.rules.enforced import with_rules
from he_sync.store.lake import Lake, Snapshot

Row = tuple[str, dict[str, Any]]
Read = Callable[[Any], Iterable[Row]]


@dataclass(frozen=True)
class Frame:
    """One canonical frame: its contract, the column that names a record, the column that must equal the day.

    `made_from` names an earlier frame of the step and how this one is summed from it.
    """

    contract: type[Contract]
    key: str
    day_column: str = ""
    made_from: tuple[str, Callable[[pd.DataFrame], pd.DataFrame]] | None = None


@dataclass(frozen=True)
class Step:
    """From raw entities to frames. `readers` builds one reader per entity from what else the day holds."""

    name: str
    entities: tuple[str, ...]
    frames: Mapping[str, Frame]
    readers: Callable[[Lake, str, Retailer], Mapping[str, Read]]
    about: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """Snapshots by frame, what was set aside, and how many rows belong to another day."""

    snapshots: dict[str, Snapshot]
    failures: tuple[Failure, ...]
    outside: dict[str, int]


def run(step: Step, lake: Lake, day: str, retailer: Retailer) -> Result:
    """Make the canonical frames of one step for one business date."""
    readers = step.readers(lake, day, retailer)
    rows: dict[str, list[dict[str, Any]]] = {}
    failures: list[Failure] = []
    for entity in step.entities:
        found, bad = read_records(entity, lake.payloads(entity, day), strict_json.loads, readers[entity])
        failures += bad
        for name, some in found.items():
            rows.setdefault(name, []).extend(some)
    snapshots, outside = {}, {}
    kept: dict[str, pd.DataFrame] = {}
    for name, kind in step.frames.items():
        made = (
            kind.made_from[1](kept[kind.made_from[0]]) if kind.made_from else frame(kind.contract, rows.get(name, []))
        )
        contract = with_rules(kind.contract, for_entity(lake.root.parent / FILE, name), kept)
        checked = check(name, contract, made, kind.key)
        failures += checked.failures
        kept[name] = _of_day(checked, kind, day)
        outside[name] = len(checked.good) - len(kept[name])
        snapshots[name] = lake.write(
            "canonical", name, day, kept[name], {"outside": outside[name], "failures": len(checked.failures)}
        )
    return Result(snapshots, tuple(failures), outside)


def _of_day(checked: Checked, kind: Frame, day: str) -> pd.DataFrame:
    rows = checked.good
    if kind.day_column:
        rows = rows[rows[kind.day_column] == day]
    return rows.sort_values(kind.key, kind="stable").reset_index(drop=True)


def _plain(
    entity: str, read: Callable[[Any, Retailer], Iterable[Row]]
) -> Callable[[Lake, str, Retailer], Mapping[str, Read]]:
    return lambda _lake, _day, retailer: {entity: lambda document: read(document, retailer)}


def _sales(lake: Lake, day: str, retailer: Retailer) -> Mapping[str, Read]:
    names = {int(row["id"]): str(row["name"]) for row in _documents(lake, "heartland/payment_types", day)}
    return {
        "heartland/tickets": lambda document: heartland.ticket(document, retailer, names),
        "heartland/orders": lambda document: heartland.order(document, retailer, names),
    }


def _stock(lake: Lake, day: str, retailer: Retailer) -> Mapping[str, Read]:
    sku_of = {int(row["id"]): str(row["public_id"]) for row in _documents(lake, "heartland/items", day)}
    return {
        "heartland/items": lambda document: heartland.item(document, retailer),
        "heartland/stock": lambda document: heartland.stock(document, retailer, sku_of),
        "epicor/parts": lambda document: epicor.part(document, retailer),
    }


def _customers(_lake: Lake, _day: str, _retailer: Retailer) -> Mapping[str, Read]:
    return {"heartland/customers": heartland.customer, "epicor/customers": epicor.customer}


def _deposits(_lake: Lake, _day: str, retailer: Retailer) -> Mapping[str, Read]:
    return {
        "processor/deposits": lambda document: processor.deposit(document, retailer),
        "processor/deposit_lines": lambda document: (
            ("deposit_lines", row) for _, row in processor.settlement_line(document, retailer)
        ),
    }


def _erp_work(_lake: Lake, _day: str, _retailer: Retailer) -> Mapping[str, Read]:
    return {"epicor/jobs": epicor.job, "epicor/shipments": epicor.shipment}


def _documents(lake: Lake, entity: str, day: str) -> Iterable[Any]:
    return (strict_json.loads(payload) for _, payload in lake.payloads(entity, day))


def batches(lines: pd.DataFrame) -> pd.DataFrame:
    """Batches of a day, summed from their lines."""
    known = lines[lines["batch_id"] != ""]
    grouped = known.groupby(["batch_id", "store", "brand_group", "business_date"], as_index=False)
    found = grouped.agg(lines=("line_id", "size"), amount_minor=("amount_minor", "sum"))
    return frame(Batches, (row._asdict() for row in records(found)))


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step(
            "sales",
            ("heartland/tickets", "heartland/orders"),
            {
                "tickets": Frame(Tickets, "ticket_id", "business_date"),
                "orders": Frame(Orders, "order_id", "business_date"),
                "sale_lines": Frame(TicketLines, "line_id"),
                "payments": Frame(Payments, "payment_id", "business_date"),
            },
            _sales,
            "Tickets, orders, their lines and payments of the business date",
            also=("heartland/payment_types",),
        ),
        Step(
            "customers",
            ("heartland/customers", "epicor/customers"),
            {"customers": Frame(Customers, "customer_id")},
            _customers,
            "Customers of both sides",
        ),
        Step(
            "stock",
            ("heartland/items", "heartland/stock", "epicor/parts"),
            {"products": Frame(Products, "sku"), "stock_levels": Frame(StockLevels, "sku")},
            _stock,
            "Products and stock of both sides, in base units",
        ),
        Step(
            "erp_orders",
            ("epicor/sales_orders",),
            {"erp_orders": Frame(ErpOrders, "order_num", "business_date")},
            _plain("epicor/sales_orders", epicor.sales_order),
            "Sales orders of the ERP dated on the business date",
        ),
        Step(
            "settlement_lines",
            ("processor/settlement_lines",),
            {
                "settlement_lines": Frame(SettlementLines, "line_id", "business_date"),
                "batches": Frame(Batches, "batch_id", "business_date", ("settlement_lines", batches)),
            },
            _plain("processor/settlement_lines", processor.settlement_line),
            "Card transactions of the business date and the batches they make",
        ),
        Step(
            "deposits",
            ("processor/deposits", "processor/deposit_lines"),
            {
                "deposits": Frame(Deposits, "deposit_id", "funding_date"),
                "deposit_lines": Frame(SettlementLines, "line_id"),
            },
            _deposits,
            "Deposits funded on the date and the transactions they pay",
        ),
        Step(
            "bank_lines",
            ("epicor/bank_lines",),
            {"bank_lines": Frame(BankLines, "line_id", "value_date")},
            _plain("epicor/bank_lines", epicor.bank_line),
            "Bank transactions in the ERP on the date",
        ),
        Step(
            "ledger_lines",
            ("epicor/ledger_lines",),
            {"ledger_lines": Frame(LedgerLines, "line_id", "posting_date")},
            _plain("epicor/ledger_lines", epicor.ledger_line),
            "Ledger lines posted on the date",
        ),
        Step(
            "erp_work",
            ("epicor/jobs", "epicor/shipments"),
            {"jobs": Frame(Jobs, "job_num"), "shipments": Frame(Shipments, "pack_num")},
            _erp_work,
            "Open jobs and the day's shipments",
        ),
    )
}
