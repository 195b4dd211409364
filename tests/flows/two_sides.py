"""A two-sided record keeper for the edit fuzz: people edit, hints get lost or late, our writes land when they land.

Real: `ownership.decide`, `echo.Side` and `echo.Memory` as the flow uses them, their JSON form included. Stood in for:
both systems (a dict a record), the inbox (a bag of hints in no order) and the push (a queue a record and side).
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from he_sync.flows.echo import Side, is_ours, remembered
from he_sync.flows.ownership import Decision, Owner, decide

SIDES = ("heartland", "epicor")
ROUND = 20
"""Edits between two moments at which everything is allowed to become quiet and is looked at."""
OWNERS: dict[str, Owner] = {
    "name": "heartland",
    "phone": "heartland",
    "terms": "epicor",
    "nick": "either",
    "address": "heartland",
}


@dataclass
class Record:
    """One record on both sides, with what we remember of it and what we still have to write."""

    now: dict[str, dict[str, Any]]
    version: Counter[str] = field(default_factory=Counter)
    looked: Counter[str] = field(default_factory=Counter)
    memory: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(SIDES))
    writes: dict[str, deque[dict[str, Any]]] = field(default_factory=lambda: defaultdict(deque))
    said_by_people: dict[tuple[str, str], Any] = field(default_factory=dict)
    undo: dict[tuple[str, str], Any] = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    editors: dict[str, set[str]] = field(default_factory=dict)

    def agreed(self, name: str) -> bool:
        """Whether both sides say the same and nothing is on its way that would change it."""
        waiting = any(name in write for writes in self.writes.values() for write in writes)
        return bool(self.now["heartland"][name] == self.now["epicor"][name]) and not waiting


@dataclass
class TwoSides:
    """Every record, the hints on their way, and how many messages were sent for how many edits."""

    records: list[Record]
    chance: random.Random
    decide: Callable[..., Decision] = decide
    echo_check: bool = True
    hints: list[int] = field(default_factory=list)
    edits: Counter[int] = field(default_factory=Counter)
    messages: Counter[int] = field(default_factory=Counter)
    counter: int = 0
    last: tuple[int, str] = (0, "heartland")
    theme: str = "name"

    def edit(self) -> None:
        """Somebody changes one field of one record on one side, mostly where it belongs."""
        if self.chance.random() < 0.5:  # as often as not the same person goes on with the same field
            self.last = (self.chance.randrange(len(self.records)), self.chance.choice(SIDES))
            self.theme = self.chance.choice(tuple(OWNERS))
        (number, side), name = self.last, self.theme
        self.counter += 1
        record = self.records[number]
        record.editors[name] = {side} if record.agreed(name) else record.editors.get(name, set()) | {side}
        undone = record.undo.get((side, name)) if self.chance.random() < 0.2 else None
        record.undo[side, name] = record.now[side][name]
        record.now[side][name] = record.said_by_people[side, name] = undone or self._value(name)
        self.edits[number] += 1
        self._moved(number, side)

    def _value(self, name: str) -> Any:
        """Something that nobody said before; an address is one field of several columns."""
        said = f"{name} {self.counter}"
        return {"Address1": said, "City": "", "CountryNum": 1} if name == "address" else said

    def _moved(self, number: int, side: str) -> None:
        """A change is announced once, twice or never."""
        self.records[number].version[side] += 1
        self.hints += [number] * self.chance.choice((0, 1, 1, 1, 1, 1, 2))

    def work(self) -> bool:
        """Handle one hint or land one write, whichever comes; False when there is neither."""
        under_way = [one for one, record in enumerate(self.records) if any(record.writes.values())]
        if self.hints and (not under_way or self.chance.random() < 0.6):
            place = self.chance.randrange(len(self.hints))
            self.hints[place], self.hints[-1] = self.hints[-1], self.hints[place]
            self._handle(self.hints.pop())
            return True
        if under_way:
            self._land(self.chance.choice(under_way))
        return bool(under_way)

    def _handle(self, number: int) -> None:
        record = self.records[number]
        heartland, epicor = (self._side(record, side) for side in SIDES)
        for side in SIDES:
            record.looked[side] = record.version[side]
        if self.echo_check and all(not s.pending and is_ours(s.memory, s.now) for s in (heartland, epicor)):
            return
        decision = self.decide(OWNERS, heartland, epicor)
        record.conflicts = {one.field for one in decision.conflicts} | {
            name for name in record.conflicts if record.now["heartland"][name] != record.now["epicor"][name]
        }
        for side, here, writes in (
            ("heartland", heartland, decision.to_heartland),
            ("epicor", epicor, decision.to_epicor),
        ):
            record.memory[side] = json.dumps(here.after(writes).document())
            if writes:
                record.writes[side].append(dict(writes))
                self.messages[number] += 1

    def _side(self, record: Record, side: str) -> Side:
        pending = frozenset(name for write in record.writes[side] for name in write)
        text = record.memory[side]
        return Side(dict(record.now[side]), remembered(json.loads(text)) if text else None, pending)

    def _land(self, number: int) -> None:
        side = self.chance.choice([side for side, waiting in self.records[number].writes.items() if waiting])
        self.records[number].now[side] |= self.records[number].writes[side].popleft()
        self._moved(number, side)

    def poll(self) -> None:
        """Records that changed since they were looked at are announced, as the overlapping poll does."""
        self.hints += [one for one, record in enumerate(self.records) if record.version != record.looked]

    def settle(self) -> int:
        """Poll and work until nothing moves; how many polls it took."""
        for polls in range(1, 20):
            self.poll()
            if not self.hints and not any(any(record.writes.values()) for record in self.records):
                return polls
            while self.work():
                pass
        raise AssertionError("never quiet")

    def wrong(self) -> list[str]:
        """Fields that end otherwise than the ownership rule says.

        Of a field of either side: when one side alone edited it since both last agreed, that side's last value stands.
        """
        found = []
        for number, record in enumerate(self.records):
            here, there = record.now["heartland"], record.now["epicor"]
            for name, owner in OWNERS.items():
                if owner == "either" and name in record.conflicts:
                    continue
                right = owner if owner != "either" else "".join(record.editors.get(name, ()))
                mine = record.said_by_people.get((right, name), here[name])
                if not here[name] == there[name] == mine:
                    found.append(f"{number} {name}: {here[name]} | {there[name]}, {right or 'nobody'} said {mine}")
        return found


def fuzz(seed: int, edits: int, records: int = 4, **changes: Any) -> tuple[TwoSides, list[str]]:
    """That many random edits, in a random order with everything else, and what was wrong whenever all was quiet."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    fresh = [Record({side: dict.fromkeys(OWNERS, "start") for side in SIDES}) for _ in range(records)]
    both, wrong = TwoSides(fresh, chance, **changes), []
    for number in range(records):
        both._handle(number)
    for done in range(1, edits + 1):
        both.edit()
        for _ in range(chance.choice((0, 0, 1, 2, 4))):
            both.work()
        if done % ROUND == 0 or done == edits:
            both.settle()
            wrong += both.wrong()
    return both, wrong
