"""A back-fill as files of a folder under `<home>/back_fills`, from question to last date (he_sync.flows.papers)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from he_sync.flows.books.ground import date_of
from he_sync.flows.books.rules import Which
from he_sync.flows.papers import Papers
from he_sync.model.errors import FixInput

FOLDER = "back_fills"
NAME = re.compile(r"bf-\d{8}-[0-9a-f]{8}")
LONGEST = 62
"""Dates of one back-fill: two months, as in the chain."""
State = Literal["asked", "failed", "shown", "approved", "running", "done", "cancelled"]


@dataclass(frozen=True)
class Asked:
    """What somebody wants done again: every date from first to last, of these stores, none for all of them."""

    name: str
    first: str
    last: str
    stores: tuple[str, ...]
    rules: Which
    who: str
    asked_at: str

    @property
    def days(self) -> list[str]:
        """Its dates."""
        return span(self.first, self.last)

    @property
    def subject(self) -> str:
        """Under which the audit log has it."""
        return f"back-fill {self.name}"


@dataclass(frozen=True)
class Approved:
    """Whose word lets it run, and over which difference."""

    who: str
    reason: str
    at: str
    difference: str


def span(first: str, last: str) -> list[str]:
    """Dates from one to another, both in."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(begin + timedelta(days=step)).isoformat() for step in range((end - begin).days + 1)]


def ask(first: str, last: str, stores: Sequence[str], rules: Which, who: str) -> Asked:
    """A new one. Raises FixInput for dates that are none, backwards, or more than LONGEST."""
    begin, end = date.fromisoformat(date_of(first)), date.fromisoformat(date_of(last))
    if not 0 <= (end - begin).days < LONGEST:
        raise FixInput(f"the last date must be {begin} or one of the {LONGEST - 1} days after it")
    now = datetime.now(UTC)
    name = f"bf-{now:%Y%m%d}-{secrets.token_hex(4)}"
    return Asked(name, begin.isoformat(), end.isoformat(), tuple(sorted(set(stores))), rules, who, now.isoformat())


class Kept(Papers):
    """The back-fills of an installation."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / FOLDER, "back-fill", NAME)

    def begin(self, asked: Asked) -> None:
        """Keep what was asked."""
        self.write(asked.name, "asked", asdict(asked))

    def asked(self, name: str) -> Asked:
        """What was asked. Raises FixInput where there is no such back-fill."""
        found = self.read(name, "asked")
        if found is None:
            raise FixInput(f"no back-fill is called {name}")
        return Asked(**{**found, "stores": tuple(found["stores"])})

    def newest(self, limit: int) -> Iterator[Asked]:
        """The latest first."""
        every = sorted(map(self.asked, self.names("asked")), key=lambda one: one.asked_at, reverse=True)
        yield from every[:limit]

    def state(self, name: str) -> State:
        """How far it is."""
        words: tuple[tuple[str, State], ...] = (
            *(("cancelled", "cancelled"), ("done", "done"), ("progress", "running")),
            *(("approved", "approved"), ("difference", "shown"), ("failed", "failed")),
        )
        there = self.there(name)
        return next((state for file, state in words if file in there), "asked")

    def waiting(self) -> list[Asked]:
        """Those that may run and have not ended, the oldest first."""
        names = [name for name in self.names("approved") if self.state(name) in {"approved", "running"}]
        return sorted(map(self.asked, names), key=lambda one: one.asked_at)

    def difference(self, name: str) -> dict[str, Any] | None:
        """What it would do, `None` while nobody knows yet."""
        return self.read(name, "difference")

    def digest(self, name: str) -> str:
        """Of the difference, so that a word is given over what was looked at."""
        return self.digest_of(name, "difference")

    def show(self, name: str, difference: Mapping[str, Any]) -> None:
        """Keep what it would do; an earlier failure to find out is over."""
        self.write(name, "difference", difference)
        self.drop(name, "failed")

    def forget(self, name: str) -> None:
        """Before it is looked at anew: what was shown no longer counts."""
        self.drop(name, "difference", "failed", "telling")

    def approve(self, name: str, word: Approved) -> None:
        """Let it run."""
        self.write(name, "approved", asdict(word))

    def approved(self, name: str) -> Approved | None:
        """Who let it run."""
        found = self.read(name, "approved")
        return Approved(**found) if found else None

    def turn(self, name: str) -> int:
        """How often it was sent off: 1 unless somebody had to send it off again."""
        return int((self.read(name, "turn") or {}).get("turn", 1))

    def again(self, name: str) -> None:
        """Send it off once more; dates that are through stay as they are."""
        self.write(name, "turn", {"turn": self.turn(name) + 1})

    def progress(self, name: str) -> dict[str, Any]:
        """By date, what was done of it."""
        return self.read(name, "progress") or {}

    def went(self, name: str, day: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """A date is through; the last one ends the back-fill."""
        done = {**self.progress(name), day: [dict(row) for row in rows]}
        self.write(name, "progress", done)
        if set(self.asked(name).days) <= done.keys():
            self.write(name, "done", {"at": datetime.now(UTC).isoformat()})
