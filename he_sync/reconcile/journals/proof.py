"""Proof: an account's balance equals the items that stand open on it, to the cent, and rolls forward from its opening.

Clearing accounts, gift cards, customer deposits, reserves and disputes are all proven in the same way: what is open is
known one by one, and what people posted past us is listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from he_sync.model.money import show


@dataclass(frozen=True)
class Item:
    """One thing an account consists of: a card sale, a card, a deposit, a tranche. `amount_minor` is debit positive."""

    account: str
    unit: str
    name: str
    amount_minor: int


@dataclass(frozen=True)
class Booked:
    """A posted line. `ours` is the key of the journal that it belongs to, "" for one that a person entered."""

    account: str
    unit: str
    date: str
    journal: str
    amount_minor: int
    ours: str = ""


@dataclass(frozen=True)
class Proof:
    """An account and unit: what the ledger has, what is open, and how much of it people entered by hand."""

    account: str
    unit: str
    opening: int
    moved: int
    open_items: int
    direct: int
    largest: tuple[Item, ...]

    @property
    def balance(self) -> int:
        """What the ledger has at the end."""
        return self.opening + self.moved

    @property
    def unexplained(self) -> int:
        """Balance less open items; 0 is the proof."""
        return self.balance - self.open_items

    @property
    def text(self) -> str:
        """One line for the sign-off page."""
        place = f"{self.account} {self.unit}: {show(self.opening)} + {show(self.moved)} = {show(self.balance)}"
        if not self.unexplained:
            return f"{place}, equal to its open items"
        side = "more" if self.unexplained > 0 else "less"
        told = f"; {show(self.direct)} of it was entered by hand" if self.direct else ""
        return f"{place}, {show(abs(self.unexplained))} {side} than its open items{told}"


def prove(
    accounts: Iterable[str],
    opening: Mapping[tuple[str, str], int],
    booked: Iterable[Booked],
    items: Iterable[Item],
) -> tuple[Proof, ...]:
    """A proof for each unit of these accounts that has an opening, a line or an item, in the order of their names."""
    wanted = set(accounts)
    moved: dict[tuple[str, str], int] = defaultdict(int)
    direct: dict[tuple[str, str], int] = defaultdict(int)
    stand: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for line in booked:
        moved[line.account, line.unit] += line.amount_minor
        direct[line.account, line.unit] += 0 if line.ours else line.amount_minor
    for item in items:
        stand[item.account, item.unit].append(item)
    return tuple(
        Proof(
            *place,
            opening.get(place, 0),
            moved[place],
            sum(item.amount_minor for item in stand[place]),
            direct[place],
            tuple(sorted(stand[place], key=lambda item: (-abs(item.amount_minor), item.name))[:10]),
        )
        for place in sorted(opening.keys() | moved.keys() | stand.keys())
        if place[0] in wanted
    )


def direct_entries(booked: Iterable[Booked], accounts: Iterable[str]) -> tuple[Booked, ...]:
    """Lines on these accounts that no journal of ours explains: the first cause of clearing out of balance."""
    watched = set(accounts)
    found = [line for line in booked if line.account in watched and not line.ours]
    return tuple(sorted(found, key=lambda line: (line.account, line.unit, line.date, line.journal)))


def gift_cards(opening: int, moves: Mapping[str, int]) -> int:
    """What cards are owed at the end: opening + sold + issued + refunded - redeemed - expired, all given positive."""
    signs = {"sold": 1, "issued": 1, "refunded": 1, "redeemed": -1, "expired": -1}
    return opening + sum(signs[kind] * cents for kind, cents in moves.items())
