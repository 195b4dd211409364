"""The assembly: a world's tables, in the order and with the columns of the shared samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.settlement_world import bank as banking
from tests.settlement_world import clock, inventory, ledger, truth
from tests.settlement_world.breaks import Plan, plan
from tests.settlement_world.lines import (
    BPS,
    CHARGEBACK_FEE,
    MONTHLY_FEE,
    PER_ITEM,
    RESERVE_DAYS,
    TYPES,
    settle,
)
from tests.settlement_world.sales import CARDS, KINDS, TENDERS, sell
from tests.settlement_world.spec import HOME, Spec
from tests.settlement_world.stores import Frame, open_stores

GROUPS = ("VMDD", "AMEX")
MEMOS = ("MERCHANT BANKCD DEP", "AMERICAN EXPRESS SETTLEMENT")
ACCOUNT, MID = 9_000, 7_000_000
NEVER = np.datetime64("NaT", "D")
Tables = Iterator[tuple[str, Frame]]


def build(spec: Spec) -> Tables:
    """Each table as it is ready, so that the caller may write it and let it go; `labels` and `links` come last."""
    stores = open_stores(spec)
    orders, payments = sell(spec, stores)
    chosen = plan(spec, stores, orders, payments)
    lines, batches = settle(spec, stores, payments, chosen)
    bank, paid, rates = banking.fund(spec, stores, payments, batches)
    gl, posted = ledger.post(spec, stores, payments, chosen, batches, bank)
    erp = _in_erp(spec, chosen, orders)
    named = {"currency": stores["currency"]} if spec.currencies else {}
    yield "stores", _stores(stores, named)
    yield "pos_payments", _payments(payments, _each(named, payments["store"]))
    yield "settlement_lines", _lines(spec, stores, lines, _each(named, lines["store"]))
    yield "batches", _batches(spec, stores, batches, _each(named, batches["store"]))
    in_bank = {"currency": stores["bank_currency"]} if spec.currencies else {}
    yield "bank_lines", _bank(spec, stores, bank, _each(in_bank, bank["store"]))
    of_line = _each(named, gl["store"])
    if of_line:
        own = gl["account"] == ledger.BANK
        of_line["currency"] = np.where(own, stores["bank_currency"][gl["store"]], of_line["currency"])
    yield "gl_lines", _ledger(spec, gl, of_line)
    yield "pos_orders", _orders(orders, np.arange(len(orders["day"])))
    yield "erp_orders", _erp_orders(erp, chosen)
    if len(rates["names"]):
        yield "rates", _rates(rates)
    stock = inventory.stock(spec)
    broken = stock.pop("labels")
    yield from stock.items()
    all_labels = truth.labels(chosen, orders, erp, payments, lines, _sorted(gl), bank)
    all_labels.append({**truth.label("inventory", "", broken["record_id"], 0, 0), **broken})
    yield "labels", {name: np.concatenate([one[name] for one in all_labels]) for name in all_labels[0]}
    pairs = truth.links(payments, lines, paid, bank, posted["own"], posted["summary"])
    yield "links", {**pairs, "rel": _named(truth.RELATIONS, pairs["rel"])}


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
        "brand_group": {name: GROUPS[name == "amex"] for name in TENDERS[:CARDS]},
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
    accounts, bps = ACCOUNT + stores["entity"][held], stores["reserve_bps"][held]
    return {
        str(account): {"bps": int(share), "release_days": RESERVE_DAYS}
        for account, share in zip(accounts, bps, strict=True)
    }


def _each(named: Frame, store: np.ndarray) -> Frame:
    return {name: column[store] for name, column in named.items()}


def _named(names: tuple[str, ...], codes: np.ndarray) -> np.ndarray:
    return np.array(names, dtype=object)[codes]


def _date(day: np.ndarray) -> np.ndarray:
    return np.asarray(day).astype("datetime64[D]")


def _sorted(gl: Frame) -> Frame:
    order = np.argsort(gl["gl_id"], kind="stable")
    return {name: gl[name][order] for name in ("gl_id", "amount")}


def _stores(stores: Frame, named: Frame) -> Frame:
    return {
        "store_id": stores["store_id"],
        "entity_id": stores["entity"],
        "tz": _named(clock.ZONES, stores["zone"]),
        "bank_account": ACCOUNT + stores["entity"],
        "pos_day_starts": np.full(len(stores["cut"]), clock.POS_DAY_STARTS),
        "batch_cut_local": np.where(stores["blind"], -1, stores["cut"]),
        "funding": _named(("net", "gross"), stores["gross"].astype(int)),
        "batch_ids_in_report": ~stores["blind"],
        "gl_detail": _named(("payment", "daily"), stores["daily"].astype(int)),
        **named,
    }


def _payments(payments: Frame, named: Frame) -> Frame:
    return {
        "payment_id": ledger.PAYMENT + np.arange(len(payments["ts"])),
        "order_id": truth.ORDER + payments["order"],
        "store_id": (payments["store"] + 1).astype(np.int32),
        "ts_utc": payments["ts"].astype("datetime64[s]"),
        "business_date": _date(payments["day"]),
        "tender": _named(TENDERS, payments["tender"]),
        "kind": _named(KINDS, payments["kind"]),
        "amount_cents": payments["amount"],
        "tip_cents": payments["tip"],
        "auth_ref": payments["auth"],
        "orig_payment_id": np.where(payments["orig"] >= 0, ledger.PAYMENT + payments["orig"], 0),
        **named,
    }


def _lines(spec: Spec, stores: Frame, lines: Frame, named: Frame) -> Frame:
    blind, rng = stores["blind"][lines["store"]], spec.stream("references")
    auth, of_item = lines["auth"].copy(), lines["payment"] >= 0
    chance = rng.random(len(auth))
    auth[of_item & (chance < spec.no_reference)] = 0
    bad = of_item & (chance > 1 - spec.garbled) & (auth > 0)
    auth[bad] = _garbled(rng, auth[bad])
    return {
        "line_id": truth.LINE + np.arange(len(auth)),
        "batch_id": np.where(blind, 0, ledger.BATCH_ID + lines["batch"]),
        "mid": MID + 1 + lines["store"].astype(np.int64),
        "brand_group": _named(GROUPS, lines["amex"].astype(int)),
        "txn_date": _date(lines["txn_day"]),
        "settle_date": np.where(blind, NEVER, _date(lines["batch_day"])),
        "type": _named(TYPES, lines["type"]),
        "auth_ref": auth,
        "gross_cents": lines["gross"],
        "fee_cents": lines["fee"],
        "net_cents": lines["gross"] - lines["fee"],
        **named,
    }


def _garbled(rng: np.random.Generator, number: np.ndarray) -> np.ndarray:
    """Another digit in one of the last six places."""
    place = 10 ** rng.integers(0, 6, len(number))
    old = number // place % 10
    return number + ((old + rng.integers(1, 10, len(number))) % 10 - old) * place


def _batches(spec: Spec, stores: Frame, batches: Frame, named: Frame) -> Frame:
    shown = np.flatnonzero(~stores["blind"][batches["store"]])
    made = {
        "batch_id": ledger.BATCH_ID + np.arange(len(batches["store"])),
        "mid": MID + 1 + batches["store"].astype(np.int64),
        "brand_group": _named(GROUPS, batches["amex"].astype(int)),
        "batch_date": _date(batches["batch_day"]),
        "lines": batches["lines"],
        "gross_cents": batches["gross"],
        "refunds_cents": batches["refunds"],
        "chargebacks_cents": batches["chargebacks"],
        "fees_cents": batches["fees"],
        **({"reserve_cents": batches["reserve"]} if spec.reserves else {}),
        "payout_cents": batches["payout"],
        **named,
    }
    return {name: column[shown] for name, column in made.items()}


def _bank(spec: Spec, stores: Frame, bank: Frame, named: Frame) -> Frame:
    rng, first = spec.stream("memos"), ledger.BATCH_ID + bank["first_batch"]
    bad = rng.random(len(first)) < spec.garbled
    first = np.where(bad, _garbled(rng, first), first)
    made = {
        "bank_id": truth.BANK_LINE + np.arange(len(bank["due"])),
        "bank_account": ACCOUNT + stores["entity"][bank["store"]],
        "value_date": _date(bank["day"]),
        "amount_cents": bank["amount"],
        "memo": np.array([_memo(*row) for row in zip(*_memo_parts(bank, first), strict=True)], dtype=object),
        **named,
    }
    shown = np.flatnonzero(bank["arrived"])
    shown = shown[np.lexsort((rng.random(len(shown)), made["bank_account"][shown], bank["day"][shown]))]
    return {name: column[shown] for name, column in made.items()}


def _memo_parts(bank: Frame, first: np.ndarray) -> tuple[np.ndarray, ...]:
    return bank["kind"], bank["amex"], bank["store"] + 1, bank["first_batch"] >= 0, first


def _memo(kind: int, amex: bool, store: int, named: bool, batch: int) -> str:
    if kind == banking.FEES:
        return f"MERCHANT BANKCD FEE {store}"
    if kind == banking.CASH_DEPOSIT:
        return f"BRANCH CASH DEP {store}"
    return f"{MEMOS[int(amex)]} {batch}" if named else MEMOS[int(amex)]


def _ledger(spec: Spec, gl: Frame, named: Frame) -> Frame:
    rng, ref = spec.stream("ledger's order"), gl["ref"].copy()
    bad = (gl["source"] == ledger.PAY) & (ref > 0) & (rng.random(len(ref)) < spec.garbled)
    ref[bad] = _garbled(rng, ref[bad])
    order = np.argsort(gl["day"].astype(np.int64) << 32 | rng.integers(0, 1 << 32, len(ref)))
    made = {
        "gl_id": gl["gl_id"],
        "erp_doc": gl["erp_doc"],
        "posting_date": _date(gl["day"]),
        "account": gl["account"].astype(np.int64),
        "store_id": gl["store"].astype(np.int64) + 1,
        "ref": ref,
        "amount_cents": gl["amount"],
        "source": _named(ledger.SOURCES, gl["source"]),
        **named,
    }
    return {name: column[order] for name, column in made.items()}


def _in_erp(spec: Spec, chosen: Plan, orders: Frame) -> Frame:
    """Tax and discount as the ERP has them."""
    tax, discount = orders["tax"].copy(), orders["discount"].copy()
    off = chosen.orders["order_tax_rounding"]
    tax[off] += spec.stream("orders").choice((-1, 1), len(off))
    discount[chosen.orders["order_discount_dropped"]] = 0
    total = orders["subtotal"] - discount + tax
    return {**orders, "tax": tax, "discount": discount, "total": total}


def _orders(orders: Frame, which: np.ndarray) -> Frame:
    return {
        "order_id": truth.ORDER + which,
        "store_id": (orders["store"][which] + 1).astype(np.int32),
        "business_date": _date(orders["day"][which]),
        "subtotal_cents": orders["subtotal"][which],
        "discount_cents": orders["discount"][which],
        "tax_cents": orders["tax"][which],
        "total_cents": orders["total"][which],
    }


def _erp_orders(erp: Frame, chosen: Plan) -> Frame:
    kept = np.ones(len(erp["day"]), bool)
    kept[chosen.orders["order_missing_in_erp"]] = False
    once, twice = np.flatnonzero(kept), chosen.orders["order_duplicate_push"]
    documents = np.concatenate([ledger.DOCUMENT + once, ledger.SECOND_DOCUMENT + twice])
    return {**_orders(erp, np.concatenate([once, twice])), "erp_doc": documents}


def _rates(rates: Frame) -> Frame:
    count = len(rates["days"])
    return {
        "currency": np.repeat(rates["names"], count),
        "rate_date": _date(np.tile(rates["days"], len(rates["names"]))),
        "rate": np.array([f"{one // 10**6}.{one % 10**6:06}" for one in rates["micro"].ravel()], dtype=object),
    }
