"""Orders at the POS and what was paid for them: split tenders, tips, voids, refunds."""

from __future__ import annotations

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame

TENDERS = ("visa", "mastercard", "amex", "discover", "debit", "cash", "gift", "house")
SHARES = (0.361, 0.170, 0.090, 0.030, 0.149, 0.149, 0.031, 0.020)
CARDS, AMEX, CASH = 5, 2, 5  # the first five are cards
KINDS = ("sale", "void", "refund")
SALE, VOID, REFUND = range(3)
BY_WEEKDAY = (0.77, 0.81, 0.86, 0.97, 1.26, 1.35, 1.06)  # from Monday
# From 04:00, the hour in which the POS day starts.
BY_HOUR = (0.1, 0.1, 0.7, 2.1, 7.7, 19.6, 40.3, 66.5, 87.2, 91, 78.5, 60.5, 49.5, 50.8, 61, 70, 72.8, 69.5, 58.8, 44.5, 30.2, 19.6, 9.7, 8.6)  # fmt: skip  # noqa: E501 - one line a day
ORDERS_A_PAYMENT, SPLIT, DISCOUNTED, TIPPED = 0.94, 0.041, 0.12, 0.6
VOIDED, REFUNDED, SAME_DAY, IN_FULL = 0.006, 0.017, 0.38, 0.5
TAX_BPS = 825
FIRST_REFERENCE, REFERENCE_STEP = 100_000_000_003, 7
MINUTE = 60


def sell(spec: Spec, stores: Frame) -> tuple[Frame, Frame]:
    """Orders and payments; `store` and `orig` are row numbers, `day` the business day, `ts` seconds UTC."""
    rng = spec.stream("sales")
    orders = _orders(spec, rng, stores)
    sales = _sales(rng, stores, orders)
    voids = _voids(rng, sales)
    parts = (sales, voids, _refunds(rng, stores, sales, voids["orig"]))
    payments = {name: np.concatenate([one[name] for one in parts]) for name in sales}
    payments["day"] = clock.business_day(clock.to_local(payments["ts"], stores["zone"][payments["store"]]))
    _number(rng, payments)
    return orders, payments


def _orders(spec: Spec, rng: np.random.Generator, stores: Frame) -> Frame:
    count = round(spec.payments * ORDERS_A_PAYMENT)
    subtotal = np.maximum(100, np.exp(rng.normal(7.6, 0.8, count)).astype(np.int64))
    discounted = rng.random(count) < DISCOUNTED
    discount = np.where(discounted, np.round(subtotal * rng.uniform(0.05, 0.24, count)), 0).astype(np.int64)
    tax = ((subtotal - discount) * TAX_BPS + 5_000) // 10_000
    weights = np.array([BY_WEEKDAY[(spec.first + 3 + one) % 7] for one in range(spec.days)])
    return {
        "store": rng.choice(len(stores["weight"]), count, p=stores["weight"] / stores["weight"].sum()),
        "day": spec.first + rng.choice(spec.days, count, p=weights / weights.sum()),
        "subtotal": subtotal,
        "discount": discount,
        "tax": tax,
        "total": subtotal - discount + tax,
    }


def _sales(rng: np.random.Generator, stores: Frame, orders: Frame) -> Frame:
    """First legs in the orders' order, then the second legs of split tenders."""
    count, hours = len(orders["day"]), np.array(BY_HOUR)
    hour = rng.choice(24, count, p=hours / hours.sum()) + clock.POS_DAY_STARTS
    local = orders["day"] * clock.DAY + hour * clock.HOUR + rng.integers(0, clock.HOUR - MINUTE, count)
    split = np.flatnonzero((rng.random(count) < SPLIT) & (orders["total"] > 100))
    second = np.round(orders["total"][split] * rng.uniform(0.18, 0.82, len(split))).astype(np.int64)
    first = orders["total"].copy()
    first[split] -= second
    order = np.concatenate([np.arange(count), split])
    local = np.concatenate([local, local[split] + rng.integers(0, MINUTE, len(split))])
    amount, store = np.concatenate([first, second]), orders["store"][order]
    tender = rng.choice(len(TENDERS), len(order), p=np.array(SHARES) / sum(SHARES)).astype(np.int8)
    tipped = stores["restaurant"][store] & (tender < CARDS) & (rng.random(len(order)) < TIPPED)
    tip = np.where(tipped, np.round(amount * rng.uniform(0.1, 0.25, len(order))), 0).astype(np.int64)
    return {
        "order": order,
        "store": store,
        "ts": clock.to_utc(local, stores["zone"][store]),
        "day": orders["day"][order],
        "tender": tender,
        "kind": np.full(len(order), SALE, np.int8),
        "amount": amount + tip,
        "tip": tip,
        "orig": np.full(len(order), -1),
    }


def _voids(rng: np.random.Generator, sales: Frame) -> Frame:
    which = rng.permutation(np.flatnonzero((sales["tender"] <= CASH) & (rng.random(len(sales["ts"])) < VOIDED)))
    return _against(sales, which, sales["ts"][which] + 5 * MINUTE, -sales["amount"][which], VOID)


def _refunds(rng: np.random.Generator, stores: Frame, sales: Frame, voided: np.ndarray) -> Frame:
    refunded = (sales["tender"] <= CASH) & (rng.random(len(sales["ts"])) < REFUNDED)
    refunded[voided] = False
    which = rng.permutation(np.flatnonzero(refunded))
    count, amount = len(which), sales["amount"][which]
    in_days = sales["day"][which] + rng.integers(1, 21, count)
    later = clock.to_utc(
        in_days * clock.DAY + rng.integers(9, 21, count) * clock.HOUR, stores["zone"][sales["store"][which]]
    )
    ts = np.where(rng.random(count) < SAME_DAY, sales["ts"][which] + 20 * MINUTE, later)
    part = np.maximum(1, (amount * rng.uniform(0.1, 0.89, count)).astype(np.int64))
    return _against(sales, which, ts, -np.where(rng.random(count) < IN_FULL, amount, part), REFUND)


def _against(sales: Frame, which: np.ndarray, ts: np.ndarray, amount: np.ndarray, kind: int) -> Frame:
    return {
        "order": sales["order"][which],
        "store": sales["store"][which],
        "ts": ts,
        "day": sales["day"][which],
        "tender": sales["tender"][which],
        "kind": np.full(len(which), kind, np.int8),
        "amount": amount,
        "tip": np.zeros(len(which), np.int64),
        "orig": which,
    }


def _number(rng: np.random.Generator, payments: Frame) -> None:
    """The processor's references: none for what is no card, and a void shares its sale's."""
    own = np.flatnonzero((payments["tender"] < CARDS) & (payments["kind"] != VOID))
    reference = np.zeros(len(payments["ts"]), np.int64)
    reference[own] = FIRST_REFERENCE + REFERENCE_STEP * rng.permutation(len(own))
    voids = np.flatnonzero(payments["kind"] == VOID)
    reference[voids] = reference[payments["orig"][voids]]
    payments["auth"] = reference
