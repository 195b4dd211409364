"""Epicor's stock to Heartland as adjustment sets: what would change is shown first, and a stale plan is not sent.

The target is absolute, the delta is against the latest read of the shop, and both stand in the plan. A count that did
not change since it was sent is no news and is never written again, whatever the shop did: what it sold is its own.
Pure: who sends a set does so line by line, under the set's key, after `fresh` let it through.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from he_sync.model.errors import BadRecord, TryLater
from he_sync.model.quantity import MILLI, from_milli
from he_sync.stock.figures import Figure, Item

Spot = tuple[str, str]
"""SKU and location."""
Left = Literal["not sent by Epicor", "unchanged", "equal"]
Owner = Callable[[str, str], str]
"""Who owns the count of a class at a location."""
OLDEST = timedelta(minutes=10)
"""A plan on older reads is made again rather than sent."""


class Stale(TryLater):
    """The shop moved since it was read, or that is too long ago: read again and plan again; nothing was sent."""


@dataclass(frozen=True)
class Target:
    """What Epicor counts on hand and holds for orders, and what it does not know yet of the shop's movements, signed.

    `revision` changes with every movement there (SysRevID): a count that went and came back is news, since the shop may
    have seen only one of the two.
    """

    item: Item
    location: str
    count: Figure
    revision: str
    unknown_milli: int = 0
    reserved_milli: int = 0

    @property
    def spot(self) -> Spot:
        """SKU and location."""
        return self.item.sku, self.location

    def milli(self, committed_milli: int) -> int:
        """What the shop should count on hand, so that it may sell what Epicor has less what either side holds.

        Orders flow to the other system, so that the smaller of both holds is within the larger.
        """
        held = max(self.reserved_milli, committed_milli)
        return self.count.milli + self.unknown_milli - held + committed_milli

    @property
    def content(self) -> str:
        """Hash of what is news about it. When it was read, and what the shop did since, is none."""
        return _hash([*self.spot, self.count.milli, self.reserved_milli, self.revision])


@dataclass(frozen=True)
class Read:
    """What Heartland counts on hand and has committed, under its item's id; every movement changes the version."""

    item_id: int
    figure: Figure
    version: str
    committed_milli: int = 0


@dataclass(frozen=True)
class Line:
    """One change: from what was read, by the delta, to the target."""

    sku: str
    item_id: int
    old_milli: int
    new_milli: int
    version: str
    content: str
    klass: str = ""

    @property
    def delta_milli(self) -> int:
        """What the adjustment carries."""
        return self.new_milli - self.old_milli

    @property
    def change(self) -> str:
        """Old, new and difference, for people."""
        old, new, delta = (from_milli(each) for each in (self.old_milli, self.new_milli, self.delta_milli))
        return f"{old:f} -> {new:f} ({delta:+f})"


@dataclass(frozen=True)
class Set:
    """The lines of one location, in the order of their items; `read_at` is the oldest read among them."""

    location: str
    lines: tuple[Line, ...]
    read_at: datetime

    @property
    def key(self) -> str:
        """The same for the same changes of the same reads, so that a set sent again is found and not made twice."""
        return _hash([self.location, *(part for one in self.lines for part in (one.sku, one.version, one.new_milli))])


@dataclass(frozen=True)
class Plan:
    """Sets to send, how many targets need nothing and why, and those refused with their record.

    `equal` are targets that the shop meets already; `over` are changes that a person must want.
    """

    sets: tuple[Set, ...]
    left: Mapping[Left, int]
    refused: tuple[tuple[Spot, str], ...]
    equal: tuple[Target, ...] = ()
    over: tuple[tuple[Spot, Line], ...] = ()

    def preview(self) -> Iterator[str]:
        """What will change, a line each."""
        for one in self.sets:
            yield from (f"item {line.sku} @ {one.location}: {line.change}" for line in one.lines)
        for (sku, location), line in self.over:
            yield f"item {sku} @ {location}: {line.change} waits, more than the limit"
        for (sku, location), reason in self.refused:
            yield f"item {sku} @ {location}: refused, {reason}"


def plan(  # noqa: PLR0913 - one plan with all that it stands on
    targets: Iterable[Target],
    reads: Mapping[Spot, Read],
    sent: Mapping[Spot, str],
    owner: Owner,
    *,
    lines: int = 500,
    most_milli: int | None = None,
) -> Plan:
    """What to send. `sent` has the content that was last sent by spot; a set has at most so many lines.

    One target refused (no item in the shop, a fraction, two counts of one spot) leaves the others as they are, and so
    does a change of more than `most_milli`.
    """
    left: Counter[Left] = Counter()
    made, seen = _Made(), set[Spot]()
    owner = functools.cache(owner)  # few classes and places, many spots
    for target in sorted(targets, key=lambda one: (one.location, one.item.sku)):
        try:
            line = None if (why := _needless(target, sent, owner, seen)) else _line(target, reads)
        except BadRecord as error:
            made.refused.append((target.spot, str(error)))
            continue
        if line is None:
            left[why or "equal"] += 1
        elif not line.delta_milli:
            left["equal"] += 1
            made.equal.append(target)
        elif most_milli is not None and abs(line.delta_milli) > most_milli:
            made.over.append((target.spot, line))
        else:
            made.changes.setdefault(target.location, []).append((line, reads[target.spot].figure.at))
    sets = [one for location, some in made.changes.items() for one in _sets(location, some, lines)]
    return Plan(tuple(sets), dict(left), tuple(made.refused), tuple(made.equal), tuple(made.over))


@dataclass
class _Made:
    """A plan in the making."""

    changes: dict[str, list[tuple[Line, datetime]]] = field(default_factory=dict)
    refused: list[tuple[Spot, str]] = field(default_factory=list)
    equal: list[Target] = field(default_factory=list)
    over: list[tuple[Spot, Line]] = field(default_factory=list)


def _needless(
    target: Target, sent: Mapping[Spot, str], owner: Owner, seen: set[Spot]
) -> Literal["not sent by Epicor", "unchanged"] | None:
    """Raises BadRecord where a spot is there twice: two masters of one count."""
    if target.spot in seen:
        raise BadRecord(f"{target.count.record}: a second count of this item and place; one may be its master")
    seen.add(target.spot)
    if owner(target.item.klass, target.location) != "epicor":
        return "not sent by Epicor"
    return "unchanged" if sent.get(target.spot) == target.content else None


def _line(target: Target, reads: Mapping[Spot, Read]) -> Line:
    read = reads.get(target.spot)
    if read is None:
        raise BadRecord(f"{target.count.record}: no item of the shop; create the item before its stock")
    wanted = target.milli(read.committed_milli)
    if not target.item.fractional and (wanted % MILLI or read.figure.milli % MILLI):
        counts = f"{from_milli(wanted)} there, {from_milli(read.figure.milli)} here"
        raise BadRecord(f"{target.count.record}: {counts}, and the item is sold by whole units")
    return Line(
        target.item.sku, read.item_id, read.figure.milli, wanted, read.version, target.content, target.item.klass
    )


def _sets(location: str, changes: Sequence[tuple[Line, datetime]], lines: int) -> Iterator[Set]:
    for start in range(0, len(changes), lines):
        some = changes[start : start + lines]
        yield Set(location, tuple(line for line, _ in some), min(at for _, at in some))


def fresh(one: Set, now: datetime, latest: Mapping[Spot, Read]) -> Set:
    """The set, if it may be sent. Raises Stale with the first spot that moved since, before anything is sent."""
    if now - one.read_at > OLDEST:
        raise Stale(f"{one.location}: read at {one.read_at:%Y-%m-%d %H:%M:%S}, too long ago; read and plan again")
    for line in one.lines:
        read = latest.get((line.sku, one.location))
        if read is None or (read.version, read.figure.milli) != (line.version, line.old_milli):
            there = "gone" if read is None else f"{from_milli(read.figure.milli)} now"
            raise Stale(
                f"item {line.sku} @ {one.location}: {from_milli(line.old_milli)} when the plan was made, {there};"
                " read and plan again"
            )
    return one


def _hash(parts: Sequence[object]) -> str:
    """Parts by their lengths, so that no two lists give one text."""
    text = "".join(f"{len(part)}:{part}" for part in map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
