"""The assembly: a world's tables, in the order and with the columns of the shared samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.settlement_world import bank as banking
from tests.settlement_world import clock, inventory, ledger, tables, truth
from tests.settlement_world.breaks import Plan, plan
from tests.settlement_world.lines import (
    BPS,
    CHARGEBACK_FEE,
    MONTHLY_FEE,
    PER_ITEM,
    RESERVE_DAYS,
    settle,
)
from tests.settlement_world.sales import CARDS, TENDERS, sell
from tests.settlement_world.spec import HOME, Spec
from tests.settlement_world.stores import Frame, open_stores

Tables = Iterator[tuple[str, Frame]]


def build(spec: Spec) -> Tables:
    """Each table as it is ready, so that the caller may write it and let it go; `labels` and `links` come last."""
    stores = open_stores(spec)
    orders, payments = sell(spec, stores)
    chosen = plan(spec, stores, orders, payments)
    lines, batches = settle(spec, stores, payments, chosen)
    bank, paid, rates = banking.fund(spec, stores, payments, batches)
    gl, posted = ledger.post(stores, payments, chosen, batches, bank)
    erp = _in_erp(spec, chosen, orders)
    named = {"currency": stores["currency"]} if spec.currencies else {}
    yield "stores", tables.of_stores(stores, named)
    yield "pos_payments", tables.of_payments(payments, tables.each(named, payments["store"]))
    yield "settlement_lines", tables.of_lines(spec, stores, lines, tables.each(named, lines["store"]))
    yield "batches", tables.of_batches(spec, stores, batches, tables.each(named, batches["store"]))
    in_bank = {"currency": stores["bank_currency"]} if spec.currencies else {}
    yield "bank_lines", tables.of_bank(spec, stores, bank, tables.each(in_bank, bank["store"]))
    of_line = tables.each(named, gl["store"])
    if of_line:
        own = gl["account"] == ledger.BANK
        of_line["currency"] = np.where(own, stores["bank_currency"][gl["store"]], of_line["currency"])
    yield "gl_lines", tables.of_ledger(spec, stores, gl, of_line)
    yield "pos_orders", tables.of_orders(orders, np.arange(len(orders["day"])))
    yield "erp_orders", tables.of_erp_orders(erp, chosen)
    if len(rates["names"]):
        yield "rates", tables.of_rates(rates)
    stock = inventory.stock(spec)
    broken = stock.pop("labels")
    yield from stock.items()
    all_labels = [
        *truth.of_lines(chosen, payments, lines),
        *truth.of_bank(bank),
        *truth.of_ledger(chosen, payments, _sorted(gl)),
        *truth.of_orders(chosen, orders, erp),
        {**truth.label("inventory", "", broken["record_id"], 0, 0), **broken},
    ]
    yield "labels", {name: np.concatenate([one[name] for one in all_labels]) for name in all_labels[0]}
    pairs = truth.links(payments, lines, paid, bank, posted)
    yield "links", {**pairs, "rel": tables.text(truth.RELATIONS, pairs["rel"])}


def terms(spec: Spec, stores: Frame) -> dict[str, Any]:
    """What the merchant's contract says, for terms.json."""
    made: dict[str, Any] = {
        "currency": HOME,
        "pos_day_starts_local": "04:00",
        "fees": {
            name: {"bps": int(bps), "per_item_cents": int(item)}
            for name, bps, item in zip(TENDERS, BPS, PER_ITEM, strict=False)
        },
        "refund_fee": "per_item only",
        "chargeback_fee_cents": CHARGEBACK_FEE,
        "monthly_fee_cents": MONTHLY_FEE,
        "funding_lag_bank_days": {"VMDD": 1, "AMEX": 2, "CASH": 1, "FEES": 2},
        "bank_holidays": list(clock.HOLIDAYS),
        "brand_group": {name: tables.GROUPS[name == "amex"] for name in TENDERS[:CARDS]},
        "accounts": {
            **ledger.ACCOUNTS,
            "bank": ledger.BANK,
            "fees": ledger.FEE,
            "accrued_fees": ledger.ACCRUED,
            "chargebacks": ledger.DISPUTES,
        },
    }
    if spec.reserves:
        made["accounts"]["reserve"] = ledger.RESERVE
        made["reserves"] = _reserves(stores)
    if spec.declined:
        made["accounts"]["rejected"] = ledger.REJECTED
    return made


def _reserves(stores: Frame) -> dict[str, dict[str, int]]:
    held = np.flatnonzero(stores["reserve_bps"])
    accounts, bps = tables.ACCOUNT + stores["entity"][held], stores["reserve_bps"][held]
    return {
        str(account): {"bps": int(share), "release_days": RESERVE_DAYS}
        for account, share in zip(accounts, bps, strict=True)
    }


def _sorted(gl: Frame) -> Frame:
    order = np.argsort(gl["gl_id"], kind="stable")
    return {name: gl[name][order] for name in ("gl_id", "amount")}


def _in_erp(spec: Spec, chosen: Plan, orders: Frame) -> Frame:
    """Tax and discount as the ERP has them."""
    tax, discount = orders["tax"].copy(), orders["discount"].copy()
    off = chosen.orders["order_tax_rounding"]
    tax[off] += spec.stream("orders").choice((-1, 1), len(off))
    discount[chosen.orders["order_discount_dropped"]] = 0
    total = orders["subtotal"] - discount + tax
    return {**orders, "tax": tax, "discount": discount, "total": total}
