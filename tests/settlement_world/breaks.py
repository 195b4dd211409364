"""Which records are broken, and how: chosen before anything is built, so that totals and deposits carry the break on.

No payment is broken twice unless `double_breaks` asks for it, and no void pair is broken at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.sales import CARDS, CASH, SALE, VOID
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame

# Records broken per payment (order: per order) at a break rate of 1.
OF_PAYMENTS = {
    "unsettled_payment": 0.06,
    "tip_adjust_lost": 0.08,
    "fee_overcharge": 0.15,
    "missing_gl": 0.2,
    "duplicate_posting": 0.15,
    "wrong_account": 0.1,
    "wrong_amount_transposed": 0.1,
    "wrong_amount_sign": 0.05,
    "currency_rounding": 0.2,
    "timing_next_period": 0.08,
}
OF_ORDERS = {
    "order_duplicate_push": 0.075,
    "order_tax_rounding": 0.1,
    "order_missing_in_erp": 0.1,
    "order_discount_dropped": 0.06,
}
ORPHANS, DEPOSITS, FEWEST_DEPOSITS = 0.03, 0.28, 3
LAST_DAYS = 2  # of a month, whose postings may land in the next
DOUBLES = (("wrong_account", "currency_rounding"), ("timing_next_period", "wrong_account"))
LINE_DOUBLES = (("tip_adjust_lost", "fee_overcharge"), ("unsettled_payment", "missing_gl"))


@dataclass
class Plan:
    """Row numbers by class: of payments, or of orders."""

    spec: Spec
    rng: np.random.Generator
    payments: dict[str, np.ndarray] = field(default_factory=dict)
    orders: dict[str, np.ndarray] = field(default_factory=dict)

    def count(self, share: float, of: int) -> int:
        """How many of so many records."""
        return round(self.spec.breaks * share * of)

    def pick(self, mask: np.ndarray, count: int) -> np.ndarray:
        """That many of the rows where the mask holds, or all of them; they no longer hold afterwards."""
        found = np.flatnonzero(mask)
        chosen = np.sort(self.rng.choice(found, min(count, len(found)), replace=False))
        mask[chosen] = False
        return chosen


def plan(spec: Spec, stores: Frame, orders: Frame, payments: Frame) -> Plan:
    """Choose every broken payment and order."""
    made = Plan(spec, spec.stream("breaks"))
    count = len(payments["ts"])
    free = payments["kind"] == SALE
    free[payments["orig"][payments["kind"] == VOID]] = False
    detail = ~stores["daily"][payments["store"]]
    card = payments["tender"] < CARDS
    fits = {
        "unsettled_payment": card,
        "tip_adjust_lost": card & (payments["tip"] > 0),
        "fee_overcharge": card,
        "wrong_account": detail & (payments["tender"] <= CASH),
        "wrong_amount_transposed": detail & _has_two_digits(payments["amount"]),
        "timing_next_period": detail & _at_month_end(payments["day"]),
    }
    made.orders["order_duplicate_push"] = _pushed_twice(made, orders, payments, free & detail)
    free[np.isin(payments["order"], made.orders["order_duplicate_push"])] = False
    for name, share in OF_PAYMENTS.items():
        mask = free & fits.get(name, detail)
        made.payments[name] = made.pick(mask, made.count(share, count))
        free[made.payments[name]] = False
    _orders(made, orders)
    _twice(made, fits, detail)
    return made


def _pushed_twice(made: Plan, orders: Frame, payments: Frame, fit: np.ndarray) -> np.ndarray:
    """Orders whose payments are all sales that may break."""
    whole = np.ones(len(orders["day"]), bool)
    whole[payments["order"][~fit & (payments["kind"] == SALE)]] = False
    return made.pick(whole, made.count(OF_ORDERS["order_duplicate_push"], len(whole)))


def _orders(made: Plan, orders: Frame) -> None:
    free = np.ones(len(orders["day"]), bool)
    free[made.orders["order_duplicate_push"]] = False
    for name in ("order_tax_rounding", "order_missing_in_erp", "order_discount_dropped"):
        mask = free & (orders["discount"] > 0) if name == "order_discount_dropped" else free.copy()
        made.orders[name] = made.pick(mask, made.count(OF_ORDERS[name], len(free)))
        free[made.orders[name]] = False


def _twice(made: Plan, fits: dict[str, np.ndarray], detail: np.ndarray) -> None:
    """A second break on some records, of a kind that touches another field of the same record."""
    for first, second in (*DOUBLES, *LINE_DOUBLES):
        able = made.payments[first][fits.get(second, detail)[made.payments[first]]]
        more = able[: round(made.spec.double_breaks * len(able))]
        made.payments[second] = np.union1d(made.payments[second], more)
    tax, dropped = made.orders["order_tax_rounding"], made.orders["order_discount_dropped"]
    more = dropped[: round(made.spec.double_breaks * len(dropped))]
    made.orders["order_tax_rounding"] = np.union1d(tax, more)


def _at_month_end(day: np.ndarray) -> np.ndarray:
    return clock.month_start(day, 1) - day <= LAST_DAYS


def _has_two_digits(amount: np.ndarray) -> np.ndarray:
    return transposed(amount) != amount


def transposed(amount: np.ndarray) -> np.ndarray:
    """The amount with two neighbouring digits changed over: the first pair from the left that fits, no leading zero."""
    result, done = amount.copy(), np.zeros(len(amount), bool)
    for place in (10**power for power in range(8, 0, -1)):
        low, high = amount // (place // 10) % 10, amount // place % 10
        fit = ~done & (amount >= place) & (low != high) & ((low > 0) | (amount >= place * 10))
        result[fit] += ((low - high) * place + (high - low) * (place // 10))[fit]
        done |= fit
    return result
