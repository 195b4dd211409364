"""How a sale is paid: one card, cash, two tenders, gift card and the rest, house account; how refunds go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.world.randomness import half_up, weighted
from he_sync.sandbox.world.sale import Payment

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

WAYS = {"card": 700, "cash": 195, "cash and card": 40, "two cards": 30, "gift card": 35}
BRANDS = {"VISA": 48, "MASTERCARD": 28, "AMEX": 14, "DISCOVER": 10}
REFUNDS = {"Credit Card": 60, "Cash": 25, "Store Credit": 15}
SPLIT_FROM = 400
"""Cents from which a customer thinks of paying in two parts."""


@dataclass
class Wallets:
    """Gift cards and store credits in circulation: id -> cents left. Changes as the day goes."""

    balances: dict[int, int]
    store_credit: frozenset[int]

    def redeem(self, rng: Random, due: int) -> tuple[int, int, str]:
        """A card with money on it, how much of the due it pays, and the tender it is; (0, 0, "") when none has any."""
        open_cards = [card for card, cents in self.balances.items() if cents > 0]
        if not open_cards:
            return 0, 0, ""
        card = rng.choice(open_cards)
        paid = min(due, self.balances[card])
        self.balances[card] -= paid
        return card, paid, "Store Credit" if card in self.store_credit else "Gift Card"


def _card(rng: Random, amount: int, at: datetime) -> Payment:
    return Payment(0, "Credit Card", amount, at, brand=weighted(rng, BRANDS))


def pay(rng: Random, wallets: Wallets, way: str, due: int, at: datetime) -> tuple[Payment, ...]:
    """Payments that sum to the due. Two cards never take equal parts: a matcher could not tell them apart."""
    if way == "house":
        return (Payment(0, "House Account", due, at),)
    if way == "cash":
        return (Payment(0, "Cash", due, at),)
    if way == "gift card":
        return _with_gift_card(rng, wallets, due, at)
    if way == "card" or due < SPLIT_FROM:
        return (_card(rng, due, at),)
    first = due * rng.randrange(25, 45) // 100
    opening = Payment(0, "Cash", first, at) if way == "cash and card" else _card(rng, first, at)
    return (opening, _card(rng, due - first, at))


def _with_gift_card(rng: Random, wallets: Wallets, due: int, at: datetime) -> tuple[Payment, ...]:
    card, paid, tender = wallets.redeem(rng, due)
    gift = (Payment(0, tender, paid, at, card=card),) if card else ()
    return (*gift, _card(rng, due - paid, at)) if due > paid else gift


def refund(rng: Random, due: int, at: datetime) -> tuple[Payment, ...]:
    """One payment of a negative due."""
    tender = weighted(rng, REFUNDS)
    return (_card(rng, due, at),) if tender == "Credit Card" else (Payment(0, tender, due, at),)


def deposit(rng: Random, total: int, at: datetime) -> tuple[Payment, ...]:
    """What is paid when a sales order is taken: all of it or 30 %, by card or cash."""
    due = total if rng.random() < 0.6 else half_up(total * 30, 100)  # noqa: PLR2004 - six in ten pay at once
    return (_card(rng, due, at),) if rng.random() < 0.8 else (Payment(0, "Cash", due, at),)  # noqa: PLR2004 - most by card
