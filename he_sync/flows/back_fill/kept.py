"""A back-fill as files of a folder under `<home>/back_fills`, each written whole; the audit has the decisions.

Files and not rows, because a sensor, a page and a run look for them in turn, and none of them may hold the others up.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from he_sync.flows.books.ground import date_of
from he_sync.flows.books.rules import Which
from he_sync.model.errors import FixInput
from he_sync.store.canonical import content_hash

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


class Kept:
    """The back-fills of an installation."""

    def __init__(self, home: Path) -> None:
        self.root = home / FOLDER

    def folder(self, name: str) -> Path:
        """Where one is kept. Raises FixInput for a name that is none of ours, whatever is at that path."""
        if not NAME.fullmatch(name):
            raise FixInput(f"no back-fill is called {name[:40]!r}")
        return self.root / name

    def begin(self, asked: Asked) -> None:
        """Keep what was asked."""
        self.folder(asked.name).mkdir(parents=True)
        self._write(asked.name, "asked", asdict(asked))

    def asked(self, name: str) -> Asked:
        """What was asked. Raises FixInput where there is no such back-fill."""
        found = self._read(name, "asked")
        if found is None:
            raise FixInput(f"no back-fill is called {name}")
        return Asked(**{**found, "stores": tuple(found["stores"])})

    def newest(self, limit: int) -> Iterator[Asked]:
        """The latest first."""
        found = [path.parent.name for path in self.root.glob("bf-*/asked.json") if NAME.fullmatch(path.parent.name)]
        every = sorted(map(self.asked, found), key=lambda one: one.asked_at, reverse=True)
        yield from every[:limit]

    def state(self, name: str) -> State:
        """How far it is."""
        words: tuple[tuple[str, State], ...] = (
            *(("cancelled", "cancelled"), ("done", "done"), ("progress", "running")),
            *(("approved", "approved"), ("difference", "shown"), ("failed", "failed")),
        )
        there = {path.stem for path in self.folder(name).glob("*.json")}
        return next((state for file, state in words if file in there), "asked")

    def waiting(self) -> list[Asked]:
        """Those that may run and have not ended, the oldest first."""
        found = [path.parent.name for path in self.root.glob("bf-*/approved.json")]
        names = [name for name in found if NAME.fullmatch(name) and self.state(name) in {"approved", "running"}]
        return sorted(map(self.asked, names), key=lambda one: one.asked_at)

    def difference(self, name: str) -> dict[str, Any] | None:
        """What it would do, `None` while nobody knows yet."""
        return self._read(name, "difference")

    def digest(self, name: str) -> str:
        """Of the difference, so that a word is given over what was looked at."""
        return content_hash(self.difference(name) or {})[:16]

    def show(self, name: str, difference: Mapping[str, Any]) -> None:
        """Keep what it would do; an earlier failure to find out is over."""
        self._write(name, "difference", difference)
        self._drop(name, "failed")

    def fail(self, name: str, line: str) -> None:
        """Keep why the difference could not be found out."""
        self._write(name, "failed", {"line": line})

    def failed(self, name: str) -> str:
        """Why the difference could not be found out."""
        return str((self._read(name, "failed") or {}).get("line", ""))

    def tell(self, name: str, line: str) -> None:
        """What is being done just now."""
        self._write(name, "telling", {"line": line, "at": datetime.now(UTC).isoformat(), "pid": os.getpid()})

    def told(self, name: str) -> dict[str, Any]:
        """The same, with when and by which process; empty before anything was."""
        return self._read(name, "telling") or {}

    def forget(self, name: str) -> None:
        """Before it is looked at anew: what was shown no longer counts."""
        for file in ("difference", "failed", "telling"):
            self._drop(name, file)

    def approve(self, name: str, word: Approved) -> None:
        """Let it run."""
        self._write(name, "approved", asdict(word))

    def approved(self, name: str) -> Approved | None:
        """Who let it run."""
        found = self._read(name, "approved")
        return Approved(**found) if found else None

    def turn(self, name: str) -> int:
        """How often it was sent off: 1 unless somebody had to send it off again."""
        return int((self._read(name, "turn") or {}).get("turn", 1))

    def again(self, name: str) -> None:
        """Send it off once more; dates that are through stay as they are."""
        self._write(name, "turn", {"turn": self.turn(name) + 1})

    def cancel(self, name: str, who: str, reason: str) -> None:
        """Never run it."""
        self._write(name, "cancelled", {"who": who, "reason": reason})

    def cancelled(self, name: str) -> dict[str, Any]:
        """Who said so and why; empty for one that stands."""
        return self._read(name, "cancelled") or {}

    def progress(self, name: str) -> dict[str, Any]:
        """By date, what was done of it."""
        return self._read(name, "progress") or {}

    def went(self, name: str, day: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """A date is through; the last one ends the back-fill."""
        done = {**self.progress(name), day: [dict(row) for row in rows]}
        self._write(name, "progress", done)
        if set(self.asked(name).days) <= done.keys():
            self._write(name, "done", {"at": datetime.now(UTC).isoformat()})

    def _write(self, name: str, file: str, document: Mapping[str, Any]) -> None:
        path = self.folder(name) / f"{file}.json"
        part = path.with_name(f".{file}.{os.getpid()}.part")
        with part.open("w", encoding="utf-8") as handle:
            json.dump(document, handle)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)

    def _read(self, name: str, file: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder(name) / f"{file}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def _drop(self, name: str, file: str) -> None:
        (self.folder(name) / f"{file}.json").unlink(missing_ok=True)
