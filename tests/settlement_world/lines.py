"""What the processor reports: one line an item, in the batch of its store, brand group and day.

A line's `batch_day` is the store's day of cut-off, `payment` a row number or -1. `batch` numbers all batches, also
those of blind entities, whose report shows neither number nor day.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.breaks import ORPHANS, Plan
from tests.settlement_world.sales import AMEX, CARDS, REFUND, SALE, VOID
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame, summed

TYPES = ("SALE", "REFUND", "CHARGEBACK", "MONTHLY_FEE", "RESERVE_HOLD", "RESERVE_RELEASE")
TYPES += ("CHARGEBACK_REVERSAL", "REJECT")
SOLD, REFUNDED, CHARGED_BACK, MONTHLY, HELD, RELEASED, WON, REJECTED = range(8)
BPS, PER_ITEM = np.array((190, 195, 260, 200, 80)), np.array((10, 10, 10, 10, 22))
CHARGEBACK_FEE, MONTHLY_FEE, OVERCHARGE_BPS = 1_500, 2_500, 30
CHARGED_BACK_SHARE, CHARGEBACK_DAYS, WON_DAYS = 0.0013, (14, 46), (10, 31)
FEES_FOR_DAYS = 20  # monthly fees go on so long after the last sale
RESERVE_DAYS = 14
ORPHAN_REFERENCE, ORPHAN_AMEX, ORPHAN_CENTS = 900_000_000_000, 0.08, (1_500, 20_000)
TEN_THOUSAND = 10_000


def settle(spec: Spec, stores: Frame, payments: Frame, plan: Plan) -> tuple[Frame, Frame]:
    """Lines and batches, sorted by batch day, store and brand group."""
    rng = spec.stream("lines")
    cards = _cards(spec, rng, stores, payments, plan)
    parts = [
        cards,
        _chargebacks(rng, payments, cards),
        _monthly(spec, stores),
        _orphans(spec, rng, stores, plan, len(payments["ts"])),
        *_doubled_and_declined(spec, plan, cards),
    ]
    parts.append(_won_back(spec, parts[1]))
    parts.extend(_reserves(stores, _joined(parts)))
    lines = _joined(parts)
    order = np.lexsort((lines["auth"], _last(lines), lines["amex"], lines["store"], lines["batch_day"]))
    lines = {name: column[order] for name, column in lines.items()}
    batches = _batches(stores, lines)
    if spec.shuffled_lines:
        order = spec.stream("report's order").permutation(len(order))
        lines = {name: column[order] for name, column in lines.items()}
    return lines, batches


def _last(lines: Frame) -> np.ndarray:
    """Items come first in a batch, what belongs to none of them last; a second settlement after the first."""
    return np.where(lines["type"] <= REFUNDED, lines["again"], lines["type"] + 1)


def _joined(parts: list[Frame]) -> Frame:
    return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}


def schedule(tender: np.ndarray, gross: np.ndarray, kind: int = SOLD) -> np.ndarray:
    """What the contract says an item costs: a refund costs its item only."""
    sold = (gross * BPS[tender] + TEN_THOUSAND // 2) // TEN_THOUSAND
    return PER_ITEM[tender] + (sold if kind == SOLD else 0)


_COLUMNS = {
    "amex": (bool, False),
    "txn_day": (np.int32, 0),
    "batch_day": (np.int32, 0),
    "type": (np.int8, 0),
    "auth": (np.int64, 0),
    "gross": (np.int64, 0),
    "fee": (np.int64, 0),
    "payment": (np.int64, -1),
    "again": (np.int8, 0),
}


def _lines(store: np.ndarray, **columns: Any) -> Frame:
    """Lines of some stores; a column that is not named has its default. An item of no till has one day for both."""
    if "txn_day" not in columns:
        columns["txn_day"] = columns["batch_day"]
    made = {"store": store.astype(np.int32)}
    for name, (kind, default) in _COLUMNS.items():
        made[name] = np.broadcast_to(np.asarray(columns.get(name, default)).astype(kind), store.shape)
    return made


def _cards(spec: Spec, rng: np.random.Generator, stores: Frame, payments: Frame, plan: Plan) -> Frame:
    settles = (payments["tender"] < CARDS) & (payments["kind"] != VOID)
    settles[payments["orig"][payments["kind"] == VOID]] = False
    settles[plan.payments["unsettled_payment"]] = False
    which = np.flatnonzero(settles)
    store, tender = payments["store"][which], payments["tender"][which]
    local = clock.to_local(payments["ts"][which], stores["zone"][store])
    cut = stores["cut"][store]
    batch_day = (local - np.where(cut > 12, cut - 24, cut) * clock.HOUR) // clock.DAY
    gross = payments["amount"][which].copy()
    short = np.isin(which, plan.payments["tip_adjust_lost"])
    gross[short] -= payments["tip"][which[short]]
    kind = np.where(payments["kind"][which] == SALE, SOLD, REFUNDED).astype(np.int8)
    fee = np.where(kind == SOLD, schedule(tender, gross), schedule(tender, gross, REFUNDED))
    over = np.isin(which, plan.payments["fee_overcharge"])
    fee[over] += np.maximum(1, gross[over] * OVERCHARGE_BPS // TEN_THOUSAND)
    slipped = rng.random(len(which)) < spec.slips
    return _lines(
        store,
        amex=tender == AMEX,
        txn_day=local // clock.DAY,
        batch_day=batch_day + slipped,
        type=kind,
        auth=payments["auth"][which],
        gross=gross,
        fee=fee,
        payment=which,
    )


def _chargebacks(rng: np.random.Generator, payments: Frame, cards: Frame) -> Frame:
    which = np.flatnonzero((cards["type"] == SOLD) & (rng.random(len(cards["type"])) < CHARGED_BACK_SHARE))
    which = which[~np.isin(cards["payment"][which], payments["orig"][payments["kind"] == REFUND])]
    sale = cards["payment"][which]
    day = payments["day"][sale] + rng.integers(*CHARGEBACK_DAYS, len(which))
    store, amount = cards["store"][which], payments["amount"][sale]
    auth = payments["auth"][sale]
    return _lines(
        store,
        amex=cards["amex"][which],
        batch_day=day,
        type=CHARGED_BACK,
        auth=auth,
        gross=-amount,
        fee=CHARGEBACK_FEE,
    )


def _monthly(spec: Spec, stores: Frame) -> Frame:
    days = np.arange(spec.first, spec.first + spec.days + FEES_FOR_DAYS)
    firsts = days[clock.month_start(days) == days]
    store, day = np.tile(np.arange(len(stores["cut"])), len(firsts)), np.repeat(firsts, len(stores["cut"]))
    return _lines(store, batch_day=day, type=MONTHLY, fee=MONTHLY_FEE)


def _orphans(spec: Spec, rng: np.random.Generator, stores: Frame, plan: Plan, payments: int) -> Frame:
    count = plan.count(ORPHANS, payments)
    store = rng.integers(0, len(stores["cut"]), count)
    day = spec.first + rng.integers(0, spec.days, count)
    auth = ORPHAN_REFERENCE + 1 + rng.permutation(count * 9)[:count]
    amex = rng.random(count) < ORPHAN_AMEX
    gross = -rng.integers(*ORPHAN_CENTS, count)
    return _lines(store, amex=amex, batch_day=day, type=REFUNDED, auth=auth, gross=gross, fee=PER_ITEM[0])


def _doubled_and_declined(spec: Spec, plan: Plan, cards: Frame) -> list[Frame]:
    rng = spec.stream("doubled and declined")
    broken = np.concatenate(list(plan.payments.values()))
    sold, chance = (cards["type"] == SOLD) & ~np.isin(cards["payment"], broken), rng.random(len(cards["type"]))
    doubled = np.flatnonzero(sold & (chance < spec.duplicate_lines))
    declined = np.flatnonzero(sold & (chance > 1 - spec.declined))
    twice = {name: column[doubled] for name, column in cards.items()}
    later = rng.integers(0, 2, len(doubled)).astype(np.int32)
    twice = {**twice, "again": np.ones(len(doubled), np.int8), "batch_day": twice["batch_day"] + later}
    day = cards["batch_day"][declined] + rng.integers(1, 4, len(declined))
    lost = {name: cards[name][declined] for name in ("amex", "auth", "payment")}
    rejects = _lines(cards["store"][declined], batch_day=day, type=REJECTED, gross=-cards["gross"][declined], **lost)
    return [twice, rejects]


def _won_back(spec: Spec, chargebacks: Frame) -> Frame:
    rng = spec.stream("won back")
    which = np.flatnonzero(rng.random(len(chargebacks["type"])) < spec.won_back)
    day = chargebacks["batch_day"][which] + rng.integers(*WON_DAYS, len(which))
    lost = {name: column[which] for name, column in chargebacks.items()}
    return _lines(lost["store"], amex=lost["amex"], batch_day=day, type=WON, auth=lost["auth"], gross=-lost["gross"])


def _reserves(stores: Frame, lines: Frame) -> list[Frame]:
    """Held from each batch's sales, and released; both in the batch of their day."""
    held = (lines["type"] == SOLD) & (stores["reserve_bps"][lines["store"]] > 0)
    (store, amex, day), sums = summed(
        lines["gross"][held], *(lines[name][held] for name in ("store", "amex", "batch_day"))
    )
    amex = amex.astype(bool)
    amount = sums * stores["reserve_bps"][store] // TEN_THOUSAND
    return [
        _lines(store, amex=amex, batch_day=day, type=HELD, gross=-amount),
        _lines(store, amex=amex, batch_day=day + RESERVE_DAYS, type=RELEASED, gross=amount),
    ]


def _batches(stores: Frame, lines: Frame) -> Frame:
    """One row a batch, in the lines' order; adds `batch` to the lines."""
    changes = np.zeros(len(lines["type"]), bool)
    for name in ("batch_day", "store", "amex"):
        changes[1:] |= lines[name][1:] != lines[name][:-1]
    lines["batch"] = np.cumsum(changes)
    starts = np.flatnonzero(np.concatenate([[True], changes[1:]]))

    def total(*types: int) -> np.ndarray:
        return np.add.reduceat(np.where(np.isin(lines["type"], types), lines["gross"], 0), starts)

    batches = {name: lines[name][starts] for name in ("store", "amex", "batch_day")}
    batches["lines"] = np.diff(np.append(starts, len(changes)))
    batches["gross"], batches["refunds"] = total(SOLD), total(REFUNDED, REJECTED)
    batches["chargebacks"], batches["reserve"] = total(CHARGED_BACK, WON), total(HELD, RELEASED)
    batches["fees"] = np.add.reduceat(lines["fee"], starts)
    whole = batches["gross"] + batches["refunds"] + batches["chargebacks"] + batches["reserve"]
    batches["payout"] = whole - np.where(stores["gross"][batches["store"]], 0, batches["fees"])
    batches["rejected"] = total(REJECTED)
    batches["disputed"] = np.add.reduceat((lines["type"] == CHARGED_BACK) | (lines["type"] == WON), starts) > 0
    return batches
