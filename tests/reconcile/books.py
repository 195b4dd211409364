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


def tickets(*rows: dict) -> pd.DataFrame:
    base = {
        "kind": "Ticket", "store": "S001", "customer_id": 0, "business_date": DAY, "completed_at": NOON, "timezone": "America/New_York",
        "currency": "USD", "discount_minor": 0, "tax_minor": 0, "tip_minor": 0, "gift_card_minor": 0, "parent_id": 0, "voided": False,
    }  # fmt: skip
    return frame(
        Tickets,
        [
            {
                **base,
                "public_id": str(row["ticket_id"]),
                "total_minor": row["subtotal_minor"]
                + sum(row.get(part, 0) for part in ("tax_minor", "tip_minor", "gift_card_minor")),
                **row,
            }
            for row in rows
        ],
    )


def orders(*rows: dict) -> pd.DataFrame:
    base = {
        "status": "open", "store": "S001", "customer_id": 0, "business_date": DAY, "created_at": NOON, "timezone": "America/New_York",
        "currency": "USD", "discount_minor": 0, "tax_minor": 0, "shipping_minor": 0,
    }  # fmt: skip
    return frame(
        Orders,
        [{**base, "public_id": str(row["order_id"]), "total_minor": row["subtotal_minor"], **row} for row in rows],
    )


def erp_orders(*rows: tuple[int, str, int]) -> pd.DataFrame:
    return frame(
        ErpOrders,
        [
            {"order_num": number, "source": source, "customer_num": 1, "business_date": DAY, "voided": False, "charges_minor": total,
             "discount_minor": 0, "misc_minor": 0, "tax_minor": 0, "total_minor": total, "revision": number}
            for number, source, total in rows
        ],
    )  # fmt: skip


def payments(*rows: dict) -> pd.DataFrame:
    base = {
        "reference": "", "store": "S001", "business_date": DAY, "timezone": "America/New_York", "currency": "USD",
        "payment_type": "Credit Card", "kind": "card", "tip_minor": 0, "voided": False,
    }  # fmt: skip
    numbered = [
        {**base, "completed_at": NOON + timedelta(minutes=place), "owner": f"ticket {place}", **row}
        for place, row in enumerate(rows, 1)
    ]
    return frame(Payments, numbered)


def lines(*rows: dict) -> pd.DataFrame:
    base = {
        "store": "S001", "mid": "M1", "business_date": DAY, "kind": "SALE", "brand": "VISA", "brand_group": "VMDD", "currency": "USD",
        "reference": "", "auth_code": "A", "batch_id": "BAT_1", "deposit_id": "",
    }  # fmt: skip
    return frame(
        SettlementLines,
        [{**base, "created_at": NOON + timedelta(minutes=place), **row} for place, row in enumerate(rows, 1)],
    )


def deposits(*rows: dict) -> pd.DataFrame:
    base = {
        "store": "S001",
        "mid": "M1",
        "funding_date": DAY,
        "bank_account": "CHK1",
        "currency": "USD",
        "refunds_minor": 0,
        "chargebacks_minor": 0,
        "fees_minor": 0,
    }
    return frame(
        Deposits, [{**base, "amount_minor": row["sales_minor"] + row.get("fees_minor", 0), **row} for row in rows]
    )


def bank(*rows: tuple[str, int, str]) -> pd.DataFrame:
    return frame(
        BankLines,
        [
            {"line_id": name, "bank_account": "CHK1", "value_date": DAY, "amount_minor": amount, "reference": reference}
            for name, amount, reference in rows
        ],
    )


def ledger(*rows: tuple[int, str, int], day: str = DAY) -> pd.DataFrame:
    return frame(
        LedgerLines,
        [
            {"line_id": f"L{place}", "account": account, "store": "S001", "posting_date": day, "amount_minor": amount, "payment_id": payment,
             "description": f"HR PAY {payment}", "group_id": ""}
            for place, (payment, account, amount) in enumerate(rows, 1)
        ],
    )  # fmt: skip


def stock(side: str, *rows: tuple[str, int, int, int]) -> pd.DataFrame:
    """(sku, on hand, reserved, factor): pieces, already in base units."""
    return frame(
        StockLevels,
        [
            {"side": side, "sku": sku, "store": "S001", "on_hand_milli": on_hand * 1000, "reserved_milli": reserved * 1000,
             "available_milli": (on_hand - reserved) * 1000, "factor": factor}
            for sku, on_hand, reserved, factor in rows
        ],
    )  # fmt: skip


def customers(side: str, *rows: tuple[int, str, str, str, str]) -> pd.DataFrame:
    return frame(
        Customers,
        [
            {
                "side": side,
                "customer_id": number,
                "link": link,
                "name": name,
                "email": email,
                "phone": phone,
                "active": True,
            }
            for number, link, name, email, phone in rows
        ],
    )
