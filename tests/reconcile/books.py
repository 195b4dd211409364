"""Small books in a bookkeeper's words: frames from short rows, with everything a contract asks for filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from he_sync.model.contract import frame
from he_sync.model.customer import Customers
from he_sync.model.deposit import BankLines, Deposits
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.order import ErpOrders, Orders
from he_sync.model.payment import Payments
from he_sync.model.settlement_line import SettlementLines
from he_sync.model.stock_level import StockLevels
from he_sync.model.ticket import Tickets

DAY = "2026-11-20"
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)


STORE = {"store": "S001", "business_date": DAY, "timezone": "America/New_York", "currency": "USD"}
TICKET = {
    **STORE,
    "kind": "Ticket",
    "customer_id": 0,
    "completed_at": NOON,
    "discount_minor": 0,
    "tax_minor": 0,
    "tip_minor": 0,
    "gift_card_minor": 0,
    "parent_id": 0,
    "voided": False,
}
ORDER = {
    **STORE,
    "status": "open",
    "customer_id": 0,
    "created_at": NOON,
    "discount_minor": 0,
    "tax_minor": 0,
    "shipping_minor": 0,
}
ERP_ORDER = {
    "customer_num": 1,
    "business_date": DAY,
    "voided": False,
    "discount_minor": 0,
    "misc_minor": 0,
    "tax_minor": 0,
}
PAYMENT = {
    **STORE,
    "reference": "",
    "payment_type": "Credit Card",
    "kind": "card",
    "tip_minor": 0,
    "voided": False,
}
LINE = {
    "store": "S001",
    "mid": "M1",
    "business_date": DAY,
    "currency": "USD",
    "kind": "SALE",
    "brand": "VISA",
    "brand_group": "VMDD",
    "reference": "",
    "auth_code": "A",
    "batch_id": "BAT_1",
    "deposit_id": "",
}
DEPOSIT = {
    "store": "S001",
    "mid": "M1",
    "funding_date": DAY,
    "bank_account": "CHK1",
    "currency": "USD",
    "refunds_minor": 0,
    "chargebacks_minor": 0,
    "fees_minor": 0,
}


def _ticket(row: dict) -> dict:
    whole = {**TICKET, "public_id": str(row["ticket_id"]), **row}
    parts = ("subtotal_minor", "tax_minor", "tip_minor", "gift_card_minor")
    return {"total_minor": sum(whole[part] for part in parts), **whole}


def tickets(*rows: dict) -> pd.DataFrame:
    return frame(Tickets, [_ticket(row) for row in rows])


def orders(*rows: dict) -> pd.DataFrame:
    named = [{"public_id": str(row["order_id"]), "total_minor": row["subtotal_minor"], **row} for row in rows]
    return frame(Orders, [{**ORDER, **row} for row in named])


def erp_orders(*rows: tuple[int, str, int]) -> pd.DataFrame:
    names = ("order_num", "source", "total_minor")
    named = [dict(zip(names, row, strict=True)) for row in rows]
    amounts = [{**row, "charges_minor": row["total_minor"], "revision": row["order_num"]} for row in named]
    return frame(ErpOrders, [{**ERP_ORDER, **row} for row in amounts])


def payments(*rows: dict) -> pd.DataFrame:
    timed = enumerate(rows, 1)
    placed = [
        {"completed_at": NOON + timedelta(minutes=place), "owner": f"ticket {place}", **row} for place, row in timed
    ]
    return frame(Payments, [{**PAYMENT, **row} for row in placed])


def lines(*rows: dict) -> pd.DataFrame:
    placed = [{"created_at": NOON + timedelta(minutes=place), **row} for place, row in enumerate(rows, 1)]
    return frame(SettlementLines, [{**LINE, **row} for row in placed])


def deposits(*rows: dict) -> pd.DataFrame:
    summed = [{"amount_minor": row["sales_minor"] + row.get("fees_minor", 0), **row} for row in rows]
    return frame(Deposits, [{**DEPOSIT, **row} for row in summed])


def bank(*rows: tuple[str, int, str]) -> pd.DataFrame:
    names = ("line_id", "amount_minor", "reference")
    named = [dict(zip(names, row, strict=True)) for row in rows]
    return frame(BankLines, [{"bank_account": "CHK1", "value_date": DAY, **row} for row in named])


def ledger(*rows: tuple[int, str, int], day: str = DAY) -> pd.DataFrame:
    names = ("payment_id", "account", "amount_minor")
    named = [dict(zip(names, row, strict=True)) for row in rows]
    placed = [
        {**row, "line_id": f"L{place}", "description": f"HR PAY {row['payment_id']}"} for place, row in enumerate(named)
    ]
    return frame(LedgerLines, [{"store": "S001", "posting_date": day, "group_id": "", **row} for row in placed])


def stock(side: str, *rows: tuple[str, int, int, int]) -> pd.DataFrame:
    """(sku, on hand, reserved, factor): pieces, already in base units."""
    return frame(StockLevels, [_level(side, *row) for row in rows])


def _level(side: str, sku: str, on_hand: int, reserved: int, factor: int) -> dict:
    milli = {"on_hand_milli": on_hand * 1000, "reserved_milli": reserved * 1000}
    available = (on_hand - reserved) * 1000
    return {"side": side, "sku": sku, "store": "S001", "available_milli": available, "factor": factor, **milli}


def customers(side: str, *rows: tuple[int, str, str, str, str]) -> pd.DataFrame:
    names = ("customer_id", "link", "name", "email", "phone")
    named = [dict(zip(names, row, strict=True)) for row in rows]
    return frame(Customers, [{"side": side, "active": True, **row} for row in named])
