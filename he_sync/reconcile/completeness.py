"""Proof of completeness: what one side has of a store-day and the other has not, by count, amount and content.

Two sides with equal counts and sums can still hold different things; the hash tells. It is a sum over the items, so
that it does not depend on the order in which a side lists them, and an item there twice does not cancel out.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from he_sync.model.money import show

HASH_SPACE = 1 << 64


@dataclass(frozen=True)
class Item:
    """One order, tender, customer or stock level as a side has it. `group` is what people add it up by: card, cash."""

    subject: str
    store: str
    amount_minor: int = 0
    content: str = ""
    group: str = ""


@dataclass(frozen=True)
class Side:
    """What a side has of a store-day."""

    count: int
    amount_minor: int
    content: str


@dataclass(frozen=True)
class Proof:
    """One entity of a store-day; `missing`, `extra` and `other` name what target lacks, has too much, or has otherwise.

    `missing_minor` is the worth without sign of what is missing, by group.
    """

    entity: str
    store: str
    source: Side
    target: Side
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    other: tuple[str, ...]
    missing_minor: dict[str, int]

    @property
    def complete(self) -> bool:
        """Whether both sides hold the same things with the same content."""
        return self.source == self.target


def side(items: Iterable[Item]) -> Side:
    """Count, sum and content of one side; 16 hex digits, the same whatever the order."""
    count, amount, total = 0, 0, 0
    for item in items:
        count, amount, total = count + 1, amount + item.amount_minor, total + _number(item)
    return Side(count, amount, f"{total % HASH_SPACE:016x}")


def _number(item: Item) -> int:
    text = repr((item.subject, item.amount_minor, item.content))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def prove(entity: str, source: Iterable[Item], target: Iterable[Item]) -> tuple[Proof, ...]:
    """A proof for each store, by name. A target's item belongs to the store that the source has it in.

    What only the target has keeps its own store, "" where the target knows none.
    """
    ours, theirs = list(source), list(target)
    stores = {item.subject: item.store for item in ours}
    here, there = defaultdict(list), defaultdict(list)
    for item in ours:
        here[item.store].append(item)
    for item in theirs:
        there[stores.get(item.subject, item.store)].append(item)
    return tuple(_one(entity, store, here[store], there[store]) for store in sorted(here.keys() | there.keys()))


def _one(entity: str, store: str, ours: list[Item], theirs: list[Item]) -> Proof:
    wanted, found = Counter(_said(item) for item in ours), Counter(_said(item) for item in theirs)
    known, given = Counter(item.subject for item in ours), Counter(item.subject for item in theirs)
    missing = known - given
    worth: Counter[str] = Counter()
    for item in ours:
        if item.subject in missing:
            worth[item.group] += abs(item.amount_minor)
    other = {subject for subject, *_ in wanted - found} & given.keys() - missing.keys()
    return Proof(
        entity,
        store,
        side(ours),
        side(theirs),
        tuple(sorted(missing)),
        tuple(sorted((given - known).elements())),
        tuple(sorted(other)),
        dict(sorted(worth.items())),
    )


def _said(item: Item) -> tuple[str, int, str]:
    return item.subject, item.amount_minor, item.content


def freshness(proofs: Iterable[Proof], where: str, currency: str = "USD") -> str:
    """The first line that people read: what is not there yet, in money where it has a worth, largest first."""
    worth: Counter[tuple[str, str]] = Counter()
    counts: Counter[str] = Counter()
    for proof in proofs:
        counts[proof.entity] += len(proof.missing)
        for group, cents in proof.missing_minor.items():
            worth[proof.entity, group] += cents
    parts = [
        f"{show(cents, currency)} of {f'{group} ' if group else ''}{entity}"
        for (entity, group), cents in sorted(worth.items(), key=lambda one: (-one[1], one[0]))
        if cents
    ]
    priced = {entity for (entity, _), cents in worth.items() if cents}
    parts += [
        f"{count} {entity.removesuffix('s') if count == 1 else entity}"
        for entity, count in sorted(counts.items())
        if count and entity not in priced
    ]
    return f"{', '.join(parts)} not yet in {where}" if parts else f"everything is in {where}"
