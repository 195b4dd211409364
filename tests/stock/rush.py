"""Ten minutes in which fifty stores and a web channel sell the last units, second by second, against a lagging ERP.

A walk-in customer takes a unit off the shelf, and the ERP knows it LAG seconds later. The web sells what was last
published for a store, and the store picks it PICK seconds after; a pick from an empty shelf is an oversell. Every
PUBLISH seconds the numbers are made anew from what the systems know by then: the ERP's lagging count, what its
reservations hold of web orders, and what the shop itself holds of them.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from he_sync.model.quantity import MILLI
from he_sync.stock.available import Answer, explain
from he_sync.stock.figures import Cell, Figure, Held, Item
from he_sync.stock.policy import Buffer, Policy

STORES, SECONDS, LAG, PICK, PUBLISH = 50, 600, 60, 30, 15
PAUSE = 45
"""Seconds between two walk-in customers who take the item in one store, at the least."""
BEGIN = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
BLIND = LAG + PUBLISH + PICK
"""Seconds of walk-in sales that a web sale cannot know of: not in the ERP yet, not published, not picked yet."""
ENOUGH = -(-BLIND // PAUSE) + 1
"""Units that can leave the shelf in that time."""


@dataclass
class Store:
    """A shelf and everything that took from it. Times are seconds."""

    code: str
    shelf: int
    began_with: int
    walked: list[int] = field(default_factory=list)
    web: list[int] = field(default_factory=list)
    picked: list[int] = field(default_factory=list)
    published: Answer | None = None

    def known(self, now: int) -> Cell:
        """What the systems say of the shelf: the ERP's count of LAG seconds ago, and the web's open orders."""
        then = now - LAG
        at = BEGIN + timedelta(seconds=then)
        left = self.began_with - sum(one <= then for one in (*self.walked, *self.picked))
        mine, theirs = self._open(now, now), self._open(then, then)
        return Cell(
            "LAST",
            self.code,
            Figure(left * MILLI, "epicor", at, f"PartWhse LAST in {self.code}"),
            reserved=Figure(len(theirs) * MILLI, "epicor", at, f"reservations of {self.code}"),
            committed=Figure(len(mine) * MILLI, "heartland", BEGIN + timedelta(seconds=now), f"orders of {self.code}"),
            moved=self._picked_since(then, now),
            held=tuple(
                Held(side, f"HR-O{one}", Figure(MILLI, side, at, f"HR-O{one}"))
                for side, some in (("epicor", theirs), ("heartland", mine))
                for one in some
            ),
        )

    def _open(self, sold: int, picked: int) -> list[int]:
        """Orders taken and not picked by then."""
        done = sum(one <= picked for one in self.picked)
        return [index for index, at in enumerate(self.web) if at <= sold][done:]

    def _picked_since(self, then: int, now: int) -> tuple[Figure, ...]:
        """Our own picks that the ERP has not heard of."""
        at = BEGIN + timedelta(seconds=now)
        since = [one for one in self.picked if then < one <= now]
        return tuple(Figure(-MILLI, "heartland", at, f"pick {one}") for one in since)


@dataclass(frozen=True)
class Oversold:
    """A web sale that found the shelf empty: when it was sold, when it was to be picked, and what it was sold by."""

    store: Store
    sold: int
    due: int
    by: Answer


def rush(seed: int, buffer: int) -> tuple[list[Oversold], Counter[str]]:
    """What was oversold, and how many units each channel sold."""
    rng = random.Random(seed)  # noqa: S311 - a simulation
    policy = Policy(commitments="documents", buffers=(Buffer(channels=("web",), units=buffer),))
    stores = [Store(f"S{n:03}", units, units) for n, units in enumerate(rng.choices(range(2, 12), k=STORES), 1)]
    over: list[Oversold] = []
    sold: Counter[str] = Counter()
    waiting: dict[int, list[tuple[Store, int, Answer]]] = {}
    for now in range(SECONDS + PICK + 1):
        for store, at, answer in waiting.pop(now, []):
            if store.shelf:
                store.shelf -= 1
                store.picked.append(now)
                sold["web"] += 1
            else:
                over.append(Oversold(store, at, now, answer))
                store.web.remove(at)
        if now >= SECONDS:
            continue
        for store in stores:
            if store.shelf and rng.random() < 0.02 and (not store.walked or now - store.walked[-1] >= PAUSE):
                store.shelf -= 1
                store.walked.append(now)
                sold["store"] += 1
        if now % PUBLISH == 0:
            for store in stores:
                store.published = explain(Item("LAST"), store.known(now), policy, date(2026, 11, 27), "web")
        for _ in range(2):
            _buy(rng, stores, now, waiting)
    return over, sold


def _buy(
    rng: random.Random, stores: list[Store], now: int, waiting: dict[int, list[tuple[Store, int, Answer]]]
) -> None:
    """A web customer buys at a store that was published with something; the published number falls at once."""
    open_stores = [one for one in stores if one.published and one.published.published_milli > 0 and now not in one.web]
    if open_stores:
        store = rng.choice(open_stores)
        answer = store.published
        assert answer is not None
        store.web.append(now)
        store.published = replace(answer, published_milli=answer.published_milli - MILLI)
        waiting.setdefault(now + PICK, []).append((store, now, answer))
