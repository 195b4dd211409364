"""Tables as the shared samples have them: ids for row numbers, names for codes, dates for days, in their order."""

from __future__ import annotations

import numpy as np

from tests.settlement_world import bank as banking
from tests.settlement_world import clock, ledger, truth
from tests.settlement_world.breaks import Plan
from tests.settlement_world.lines import TYPES
from tests.settlement_world.sales import KINDS, TENDERS
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame

GROUPS = ("VMDD", "AMEX")
MEMOS = ("MERCHANT BANKCD DEP", "AMERICAN EXPRESS SETTLEMENT")
ACCOUNT, MID = 9_000, 7_000_000
NEVER = np.datetime64("NaT", "D")


def each(named: Frame, store: np.ndarray) -> Frame:
    """What stores have, by row."""
    return {name: column[store] for name, column in named.items()}


def text(names: tuple[str, ...], codes: np.ndarray) -> np.ndarray:
    """Names for codes."""
    return np.array(names, dtype=object)[codes]


def _date(day: np.ndarray) -> np.ndarray:
    return np.asarray(day).astype("datetime64[D]")


def of_stores(stores: Frame, named: Frame) -> Frame:
    """The stores; a blind one shows no cut-off."""
    return {
        "store_id": stores["store_id"],
        "entity_id": stores["entity"],
        "tz": text(clock.ZONES, stores["zone"]),
        "bank_account": ACCOUNT + stores["entity"],
        "pos_day_starts": np.full(len(stores["cut"]), clock.POS_DAY_STARTS),
        "batch_cut_local": np.where(stores["blind"], -1, stores["cut"]),
        "funding": text(("net", "gross"), stores["gross"].astype(int)),
        "batch_ids_in_report": ~stores["blind"],
        "gl_detail": text(("payment", "daily"), stores["daily"].astype(int)),
        **named,
    }


def of_payments(payments: Frame, named: Frame) -> Frame:
    """Payments by id."""
    return {
        "payment_id": ledger.PAYMENT + np.arange(len(payments["ts"])),
        "order_id": truth.ORDER + payments["order"],
        "store_id": (payments["store"] + 1).astype(np.int32),
        "ts_utc": payments["ts"].astype("datetime64[s]"),
        "business_date": _date(payments["day"]),
        "tender": text(TENDERS, payments["tender"]),
        "kind": text(KINDS, payments["kind"]),
        "amount_cents": payments["amount"],
        "tip_cents": payments["tip"],
        "auth_ref": payments["auth"],
        "orig_payment_id": np.where(payments["orig"] >= 0, ledger.PAYMENT + payments["orig"], 0),
        **named,
    }


def of_lines(spec: Spec, stores: Frame, lines: Frame, named: Frame) -> Frame:
    """Settlement lines by id; a blind store shows no batch and no day."""
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
        "brand_group": text(GROUPS, lines["amex"].astype(int)),
        "txn_date": _date(lines["txn_day"]),
        "settle_date": np.where(blind, NEVER, _date(lines["batch_day"])),
        "type": text(TYPES, lines["type"]),
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


def of_batches(spec: Spec, stores: Frame, batches: Frame, named: Frame) -> Frame:
    """The batches that the report shows."""
    shown = np.flatnonzero(~stores["blind"][batches["store"]])
    made = {
        "batch_id": ledger.BATCH_ID + np.arange(len(batches["store"])),
        "mid": MID + 1 + batches["store"].astype(np.int64),
        "brand_group": text(GROUPS, batches["amex"].astype(int)),
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


def of_bank(spec: Spec, stores: Frame, bank: Frame, named: Frame) -> Frame:
    """Bank lines that arrived, by value date."""
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


def of_ledger(spec: Spec, stores: Frame, gl: Frame, named: Frame) -> Frame:
    """Ledger lines by posting date, in no order within it."""
    rng, ref = spec.stream("ledger's order"), gl["ref"].copy()
    bad = (gl["source"] == ledger.PAY) & (ref > 0) & (rng.random(len(ref)) < spec.garbled)
    ref[bad] = _garbled(rng, ref[bad])
    unnamed = (stores["blind"] & stores["unnamed"])[gl["store"]]
    ref[(gl["source"] == ledger.BATCH) & unnamed] = 0
    order = np.argsort(gl["day"].astype(np.int64) << 32 | rng.integers(0, 1 << 32, len(ref)))
    made = {
        "gl_id": gl["gl_id"],
        "erp_doc": gl["erp_doc"],
        "posting_date": _date(gl["day"]),
        "account": gl["account"].astype(np.int64),
        "store_id": gl["store"].astype(np.int64) + 1,
        "ref": ref,
        "amount_cents": gl["amount"],
        "source": text(ledger.SOURCES, gl["source"]),
        **named,
    }
    return {name: column[order] for name, column in made.items()}


def of_orders(orders: Frame, which: np.ndarray) -> Frame:
    """Some orders of the POS."""
    return {
        "order_id": truth.ORDER + which,
        "store_id": (orders["store"][which] + 1).astype(np.int32),
        "business_date": _date(orders["day"][which]),
        "subtotal_cents": orders["subtotal"][which],
        "discount_cents": orders["discount"][which],
        "tax_cents": orders["tax"][which],
        "total_cents": orders["total"][which],
    }


def of_erp_orders(erp: Frame, chosen: Plan) -> Frame:
    """Orders in the ERP: some are missing, some there twice."""
    kept = np.ones(len(erp["day"]), bool)
    kept[chosen.orders["order_missing_in_erp"]] = False
    once, twice = np.flatnonzero(kept), chosen.orders["order_duplicate_push"]
    documents = np.concatenate([ledger.DOCUMENT + once, ledger.SECOND_DOCUMENT + twice])
    return {**of_orders(erp, np.concatenate([once, twice])), "erp_doc": documents}


def of_rates(rates: Frame) -> Frame:
    """Rates as decimal text."""
    count = len(rates["days"])
    return {
        "currency": np.repeat(rates["names"], count),
        "rate_date": _date(np.tile(rates["days"], len(rates["names"]))),
        "rate": np.array([f"{one // 10**6}.{one % 10**6:06}" for one in rates["micro"].ravel()], dtype=object),
    }
