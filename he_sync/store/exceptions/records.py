"""What a break is: the facts as a close found them, and what became of it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from he_sync.store.canonical import content_hash

Status = Literal["open", "taken", "waits", "explained", "written off", "gone", "settled"]
UNRESOLVED: tuple[Status, ...] = ("open", "taken", "waits")
CLOSED: tuple[Status, ...] = ("explained", "written off", "gone", "settled")
BY_THE_CLOSE: tuple[Status, ...] = ("gone", "settled")
"""Ends that only a close finds: it does not find the break any more, or a write that is confirmed settled it."""
STATUS_AFTER: Mapping[str, Status] = {
    "exception found": "open",
    "exception reopened": "open",
    "exception gone": "gone",
    "exception settled": "settled",
    "exception taken": "taken",
    "exception waits": "waits",
    "exception explained": "explained",
    "exception written off": "written off",
    "exception put back": "open",
}
"""By the audit's word for a change, where the break stands after it."""


@dataclass(frozen=True)
class Found:
    """A break as a close found it. `day` is the close's date, `of` the date of the record.

    `minor` (cents) and `milli` (thousandths of a unit) are what the other side has too much, negative too little, as in
    `model.difference`.
    """

    day: str
    leg: str
    klass: str
    subject: str
    store: str
    of: str
    minor: int
    milli: int
    evidence: str
    action: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about: the same in every re-run, whatever its content."""
        return self.leg, self.klass, self.subject

    @property
    def content(self) -> str:
        """Hash of all that was found, so that a decision counts for what was looked at."""
        return content_hash(self.facts)[:16]

    @property
    def facts(self) -> dict[str, Any]:
        """All that was found by name; without the copies that dataclasses.asdict makes of each of ten thousand."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Break:
    """One exception. `hands` are those who had it: none of them closes it. `because` is what was said of it last.

    `seq` is the audit's number of its last change.
    """

    id: str
    found: Found
    status: Status
    owner: str
    rule: str
    because: str
    hands: tuple[str, ...]
    reopened: int
    at: datetime
    seq: int

    @property
    def subject(self) -> str:
        """Under which the audit has it."""
        return subject(self.id)

    @property
    def risk_minor(self) -> int:
        """Value at risk: the amount without its sign."""
        return abs(self.found.minor)


@dataclass(frozen=True)
class Step:
    """One change of a break: what the audit's row `seq` says."""

    seq: int
    at: datetime
    who: str
    what: str
    detail: dict[str, Any]


def subject(number: str) -> str:
    """`exception 3f2a90c1d4e7`."""
    return f"exception {number}"


def id_of(found: Found, place: int) -> str:
    """The number of the `place`-th break of one record on one date."""
    return content_hash([found.day, *found.place, place])[:12]
