"""Whether a change that we hear of is our own write coming back, and when a loop must be stopped.

Pure: what one side looked like when we last read it, what we wrote to it since, and what that says about the record as
it is now (reference reliability 3.5). Neither clocks of the systems nor "last modified by" are asked: a person may save
at the same second, with the same account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from he_sync.store.canonical import content_hash

Projection = Mapping[str, Any]
"""A record as both sides can say it: field -> JSON value, normalised. A field that is absent is not known there."""

MOST_HOPS = 3
"""So often may one value be put back against the same other value; then somebody else's program fights with ours."""
RATE_SPAN = timedelta(minutes=10)
RATE_MOST = 5
"""More writes to one record in RATE_SPAN than any person makes: stop and tell somebody."""


@dataclass(frozen=True)
class Memory:
    """What we know of one side of a record: as last read, values written since that nobody has seen yet, fights.

    `wrote` keeps every outstanding value of a field, oldest first: an earlier one may still be read while the next is
    on its way. `fights` counts per field how often we answered one value with the same other: [theirs, ours, times].
    """

    seen: Projection = field(default_factory=dict)
    wrote: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    fights: Mapping[str, tuple[Any, Any, int]] = field(default_factory=dict)

    @property
    def left(self) -> dict[str, Any]:
        """The side as we left it: as read, with what we wrote on top."""
        return {**self.seen, **{name: values[-1] for name, values in self.wrote.items() if values}}

    def document(self) -> dict[str, Any]:
        """As JSON for the store."""
        return {
            "seen": dict(self.seen),
            "wrote": {name: list(values) for name, values in self.wrote.items() if values},
            "fights": {name: list(fight) for name, fight in self.fights.items()},
        }


def remembered(document: Mapping[str, Any] | None) -> Memory | None:
    """The memory in a stored document; None where the side was never read."""
    if document is None:
        return None
    wrote = {name: tuple(values) for name, values in document.get("wrote", {}).items()}
    fights = {name: (fight[0], fight[1], int(fight[2])) for name, fight in document.get("fights", {}).items()}
    return Memory(document.get("seen", {}), wrote, fights)


@dataclass(frozen=True)
class Side:
    """One side of a record now. `pending` are fields that unconfirmed writes of ours set; ask BEFORE reading `now`.

    Asked after it, a write that lands in between looks like a person who put the old value back.
    """

    now: Projection
    memory: Memory | None = None
    pending: frozenset[str] = frozenset()

    def moved(self, name: str) -> bool:
        """Whether somebody else changed a field since we last read or wrote it."""
        if self.memory is None or name not in self.now:
            return False
        value, outstanding = self.now[name], self.memory.wrote.get(name, ())
        if not outstanding:
            return bool(value != self.memory.seen.get(name))
        if name in self.pending:
            return value != self.memory.seen.get(name) and value not in outstanding
        return bool(value != outstanding[-1])

    def expected(self, name: str) -> Any:
        """What the field will be when our writes have landed."""
        waiting = self._waiting(name)
        return waiting[-1] if waiting else self.now.get(name)

    def on_its_way(self, name: str) -> bool:
        """Whether a write of ours to the field may still land."""
        waiting = self._waiting(name)
        return bool(waiting) and self.now.get(name) != waiting[-1]

    def _waiting(self, name: str) -> tuple[Any, ...]:
        return self.memory.wrote.get(name, ()) if self.memory and name in self.pending else ()

    def fights(self, name: str, ours: Any) -> bool:
        """Whether writing `ours` over what is there would be the same answer to the same value once too often."""
        fight = self.memory.fights.get(name) if self.memory else None
        return fight is not None and fight[:2] == (self.now.get(name), ours) and fight[2] >= MOST_HOPS

    def after(self, written: Projection) -> Memory:
        """What to remember once `written` is planned."""
        before = self.memory or Memory()
        still = {name: self._outstanding(name, before) for name in before.wrote}
        wrote = {name: values for name, values in still.items() if values}
        for name, value in written.items():
            wrote[name] = (*wrote.get(name, ()), value)
        return Memory(dict(self.now), wrote, {**before.fights, **self._fought(before, written)})

    def _outstanding(self, name: str, before: Memory) -> tuple[Any, ...]:
        """Written values that may still land: none without a pending write, else those behind the one that is there.

        In doubt more of them: a side that says what it said before has perhaps taken nothing yet, and of a value that
        was written twice the first may be the one that is there.
        """
        values, value = before.wrote[name], self.now.get(name)
        if name not in self.pending:
            return ()
        if value == before.seen.get(name) or value not in values:
            return values
        return values[values.index(value) + 1 :]

    def _fought(self, before: Memory, written: Projection) -> dict[str, tuple[Any, Any, int]]:
        found = {}
        for name, ours in written.items():
            theirs = self.now.get(name)
            last = before.fights.get(name)
            again = last is not None and last[:2] == (theirs, ours)
            found[name] = (theirs, ours, last[2] + 1 if last and again else 1)
        return found


def is_ours(memory: Memory | None, now: Projection) -> bool:
    """Whether a side is exactly as we left it: what we hear is our own write, or nothing at all."""
    return memory is not None and fingerprint(memory.left) == fingerprint(now)


def fingerprint(projection: Projection) -> str:
    """Hash of a projection; equal content, equal hash."""
    return content_hash(dict(projection))


def too_often(written_at: Iterable[datetime], now: datetime) -> bool:
    """Whether we wrote one record more often in the last minutes than any person edits it."""
    return sum(abs(now - at) < RATE_SPAN for at in written_at) > RATE_MOST
