"""Chooses which sales and payments of a day go wrong, so that no planted difference can be taken for another class.

Order classes go to tickets and orders; a dropped discount is worth 50 cents or more, so never a rounding. Settlement
classes go to Visa, Mastercard or Discover payments whose amount nobody else paid by card in that store that day. Ledger
classes go to other payments; a transposed amount is off by a multiple of nine, so never by one cent nor by its sign.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from he_sync.sandbox.world.plants import Plants, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    from he_sync.sandbox.world.sale import Payment, Sale

T = TypeVar("T", "Sale", "Paid")
LEAST_DISCOUNT, LEAST_TIP, LEAST_POSTED = 50, 3, 100
ROUNDINGS = (-2, -1, 1, 2)


@dataclass(frozen=True)
class Paid:
    """A payment with the sale it belongs to."""

    sale: Sale
    payment: Payment

    @property
    def subject(self) -> str:
        """How the truth names it."""
        return f"payment {self.payment.id}"

    @property
    def amount(self) -> int:
        """Cents."""
        return self.payment.amount

    @property
    def code(self) -> str:
        """The store's code."""
        return self.sale.place.code


def paid(sales: Iterable[Sale]) -> list[Paid]:
    """Every payment that counts: those of voided sales do not."""
    return [Paid(sale, payment) for sale in sales if not sale.voided for payment in sale.payments]


def lonely(payments: Iterable[Paid]) -> set[tuple[str, int]]:
    """(store, absolute amount) of card payments that nobody else in that store paid that day."""
    seen = Counter((one.code, abs(one.amount)) for one in payments if one.payment.brand)
    return {key for key, count in seen.items() if count == 1}


def plant_orders(plants: Plants, rng: Random, sales: Sequence[Sale], strangers: Sequence[Sale]) -> None:
    """The orders leg. `strangers` are sales of customers the ERP does not know: their orders can only be missing."""
    pool = [sale for sale in sales if sale.kind != "Return" and not sale.voided and sale.erp > 0]
    count = some(len(pool), 4)
    for sale in strangers:
        plants.add("order_missing_in_erp", sale.subject, sale.place.code, minor=-sale.erp)
    fit: dict[str, Callable[[Sale], bool]] = {
        "order_discount_dropped": lambda sale: sale.discount >= LEAST_DISCOUNT,
        "order_tax_rounding": lambda sale: sale.tax > max(ROUNDINGS),
        "order_duplicate_push": lambda sale: sale.kind == "Ticket",
        "order_missing_in_erp": lambda _: True,
    }
    for klass, fits in fit.items():
        for sale in _choose(plants, rng, filter(fits, pool), count):
            off = {
                "order_discount_dropped": sale.discount,
                "order_tax_rounding": rng.choice(ROUNDINGS),
                "order_duplicate_push": sale.erp,
                "order_missing_in_erp": -sale.erp,
            }[klass]
            plants.add(klass, sale.subject, sale.place.code, minor=off)


def plant_settlements(plants: Plants, rng: Random, payments: Sequence[Paid]) -> None:
    """The settlements leg without the orphan refunds, which have no payment."""
    alone = lonely(payments)
    pool = [
        one for one in payments if one.payment.brand and one.payment.group == "VMDD" and (one.code, one.amount) in alone
    ]
    count = some(len(pool), 3)
    for one in _choose(plants, rng, [one for one in pool if one.sale.tip >= LEAST_TIP], count):
        plants.add("tip_adjust_lost", one.subject, one.code, minor=-one.sale.tip)
    for one in _choose(plants, rng, [one for one in pool if not one.sale.tip], count):
        plants.add("unsettled_payment", one.subject, one.code, minor=-one.amount)


def plant_ledger(plants: Plants, rng: Random, payments: Sequence[Paid]) -> None:
    """The ledger leg, on money that came in."""
    pool = [one for one in payments if one.amount >= LEAST_POSTED and transposed(one.amount) != one.amount]
    count = some(len(pool), 7)
    worth: dict[str, Callable[[int], int]] = {
        "wrong_amount_transposed": lambda amount: transposed(amount) - amount,
        "missing_gl": lambda amount: -amount,
        "duplicate_posting": lambda amount: amount,
        "wrong_account": lambda amount: -amount,
        "wrong_amount_sign": lambda amount: -2 * amount,
        "currency_rounding": lambda _: rng.choice((-1, 1)),
        "timing_next_period": lambda amount: -amount,
    }
    for klass, off in worth.items():
        for one in _choose(plants, rng, pool, count):
            plants.add(klass, one.subject, one.code, minor=off(one.amount))


def transposed(amount: int) -> int:
    """The amount with its first two neighbouring digits that differ swapped; no leading zero."""
    digits = str(amount)
    for place in range(len(digits) - 1):
        one, two = digits[place], digits[place + 1]
        if one != two and (place or two != "0"):
            return int(digits[:place] + two + one + digits[place + 2 :])
    return amount


def _choose(plants: Plants, rng: Random, fitting: Iterable[T], count: int) -> list[T]:
    """Some of the records that fit and have no difference yet."""
    free = [one for one in fitting if not plants.klass(one.subject)]
    return rng.sample(free, min(count, len(free)))
