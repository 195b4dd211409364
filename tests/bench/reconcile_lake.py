"""A lake as many nights would have left it, written at once: what the settlement chain reads, and nothing else.

Each store's date has sales paid by card or in cash, the cards in one batch a brand group, each batch paid by a deposit
of its own on its bank day, each payment posted by itself. One payment in 500 is not posted, so that there are breaks.
The same arguments give the same lake.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from he_sync.model.calendar import add_bank_days
from he_sync.model.contract import Contract, dtypes
from he_sync.model.deposit import BankLines, Deposits
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.order import ErpOrders, Orders
from he_sync.model.payment import Payments
from he_sync.model.retailer import Retailer
from he_sync.model.settlement_line import SettlementLines
from he_sync.model.ticket import Tickets
from he_sync.reconcile.deposits import expected_fee
from he_sync.store.lake import Lake

CONTRACTS: dict[str, type[Contract]] = {
    "tickets": Tickets,
    "orders": Orders,
    "erp_orders": ErpOrders,
    "payments": Payments,
    "settlement_lines": SettlementLines,
    "deposits": Deposits,
    "deposit_lines": SettlementLines,
    "bank_lines": BankLines,
    "ledger_lines": LedgerLines,
    "ledger_elsewhere": LedgerLines,
}
BRANDS = np.array(["VISA", "MASTERCARD", "AMEX", "DISCOVER"])
CARDS, UNPOSTED = 0.75, 500
A_DATE = 1_000_000  # ids of a date begin there, times its number


def fill(lake: Lake, retailer: Retailer, days: Sequence[date], sales: int, *, first: int = 0) -> None:
    """Write the frames of `days`, with so many sales a store; `first` is the number of the first date since the lake's.

    A deposit is reported on its own date: a batch whose bank day is none of `days` has none yet.
    """
    held: dict[date, list[pd.DataFrame]] = {}
    for number, day in enumerate(days, start=first):
        payments = _payments(retailer, day, number, sales)
        lines = _lines(retailer, payments)
        for group, some in lines.groupby("brand_group"):
            paid_on = add_bank_days(day, retailer.terms.funding_bank_days[str(group)], retailer.terms.bank_holidays)
            held.setdefault(paid_on, []).append(some)
        paid = pd.concat(held.pop(day, [])) if day in held else lines.iloc[:0]
        frames = _sold(payments) | {"payments": payments, "settlement_lines": lines.assign(deposit_id="")}
        frames |= {"deposit_lines": paid, **_paid(retailer, paid, day)}
        frames["ledger_lines"] = pd.concat([_posted(payments), _banked(retailer, frames["bank_lines"], day)])
        for name, contract in CONTRACTS.items():
            kinds = dtypes(contract)
            rows = frames.get(name, pd.DataFrame(columns=list(kinds)))
            lake.write("canonical", name, day.isoformat(), rows[list(kinds)].astype(kinds).reset_index(drop=True))


def _payments(retailer: Retailer, day: date, number: int, sales: int) -> pd.DataFrame:
    random = np.random.default_rng([3, number])
    stores = [store for store in retailer.stores if store.mid]
    count = sales * len(stores)
    ids = number * A_DATE + np.arange(1, count + 1)
    card = random.random(count) < CARDS
    amount = np.round(np.exp(random.normal(7.6, 0.9, count))).astype("int64") + 1
    seconds = pd.to_timedelta(random.integers(0, 6 * 3600, count), unit="s")
    return pd.DataFrame({
        "payment_id": ids,
        "owner": [f"ticket {one}" for one in ids.tolist()],
        "reference": [f"R{one}" for one in ids.tolist()],
        "store": np.repeat([store.code for store in stores], sales),
        "business_date": day.isoformat(),
        "completed_at": (pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=16) + seconds).astype("datetime64[us, UTC]"),
        "timezone": np.repeat([store.timezone for store in stores], sales),
        "currency": retailer.currency,
        "payment_type": np.where(card, "Credit Card", "Cash"),
        "kind": np.where(card, "card", "cash"),
        "amount_minor": amount,
        "tip_minor": 0,
        "voided": False,
        "brand": BRANDS[random.integers(0, len(BRANDS), count)],
    })  # fmt: skip


def _lines(retailer: Retailer, payments: pd.DataFrame) -> pd.DataFrame:
    cards = payments[payments["kind"] == "card"]
    group = np.where(cards["brand"] == "AMEX", "AMEX", "VMDD")
    batch = cards["store"] + "-" + cards["business_date"] + "-" + group
    return cards.assign(
        line_id="TRN_" + cards["payment_id"].astype(str),
        mid=cards["store"].map({store.code: store.mid for store in retailer.stores}),
        created_at=cards["completed_at"],
        kind="SALE",
        brand_group=group,
        auth_code="",
        batch_id="B-" + batch,
        deposit_id="DEP_" + batch,
    )


def _paid(retailer: Retailer, lines: pd.DataFrame, day: date) -> dict[str, pd.DataFrame]:
    """The date's deposits and their lines at the bank."""
    stores = {store.code: store for store in retailer.stores}
    deposits = [_deposit(retailer, stores, str(name), some, day) for name, some in lines.groupby("deposit_id")]
    made = pd.DataFrame(deposits, columns=list(dtypes(Deposits)))
    bank = made.assign(
        line_id="BT-" + made["deposit_id"].astype(str), value_date=day.isoformat(), reference=made["deposit_id"]
    )
    return {"deposits": made, "bank_lines": bank}


def _deposit(retailer: Retailer, stores: dict[str, Any], name: str, lines: pd.DataFrame, day: date) -> dict[str, Any]:
    store = stores[lines["store"].iloc[0]]
    gross = int(lines["amount_minor"].sum())
    fees = -expected_fee(lines, retailer.terms) if store.funding == "net" else 0
    return {
        "deposit_id": name,
        "store": store.code,
        "mid": store.mid,
        "funding_date": day.isoformat(),
        "bank_account": store.bank_account,
        "currency": retailer.currency,
        "amount_minor": gross + fees,
        "sales_minor": gross,
        "refunds_minor": 0,
        "chargebacks_minor": 0,
        "fees_minor": fees,
    }


def _posted(payments: pd.DataFrame) -> pd.DataFrame:
    rows = payments[payments["payment_id"] % UNPOSTED != 0]
    card, amex = rows["kind"] == "card", rows["brand"] == "AMEX"
    return rows.assign(
        line_id="2026-GJ-" + rows["payment_id"].astype(str) + "-1",
        account=np.where(card, np.where(amex, "1151", "1150"), "1155"),
        posting_date=rows["business_date"],
        description="HR PAY " + rows["payment_id"].astype(str),
        group_id="",
    )


def _banked(retailer: Retailer, bank: pd.DataFrame, day: date) -> pd.DataFrame:
    return bank.assign(
        line_id="2026-BK-" + bank["line_id"].astype(str) + "-1",
        account=retailer.accounts.bank,
        posting_date=day.isoformat(),
        payment_id=0,
        description="",
        group_id="",
    )


def _sold(payments: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A ticket and a sales order for each payment."""
    amount, ids = payments["amount_minor"], payments["payment_id"]
    parts = dict.fromkeys(("discount_minor", "tax_minor", "tip_minor", "gift_card_minor", "parent_id"), 0)
    tickets = payments.assign(
        ticket_id=ids, public_id=payments["reference"], kind="Ticket", customer_id=0, subtotal_minor=amount,
        total_minor=amount, **parts,
    )  # fmt: skip
    orders = payments.assign(
        order_num=ids, source=payments["owner"], customer_num=0, charges_minor=amount, misc_minor=0, discount_minor=0,
        tax_minor=0, total_minor=amount, revision=1,
    )  # fmt: skip
    return {"tickets": tickets, "erp_orders": orders}
