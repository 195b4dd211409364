"""What the master is told and what it tells: records, deeds of people, customers and the events of their history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import Source, Survived

SIDES = ("heartland", "epicor")
"""Heartland records are named by their id, Epicor's by CustID: as in the crosswalk."""
ENTITY = "customer"
MASTER_LOCK = 4_180_221_011
"""Postgres: one change of the master at a time; ids are counted up under it."""
Kind = Literal["merge", "unmerge", "split", "erase", "verify"]
NUMBER = re.compile(r"M?(\d{1,15})", re.IGNORECASE)


class Record(NamedTuple):
    """The name of a record: its side and its id there."""

    side: str
    id: str

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.side}:{self.id}"


@dataclass(frozen=True)
class Deed:
    """Who does it and why; both are kept for ever. Raises FixInput where one is missing."""

    who: str
    why: str

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.why.strip():
            raise FixInput("say who decides (--who) and why (--note); both are kept in the audit")


@dataclass(frozen=True)
class Event:
    """One row of the history. Of a merge `other` went into `master`, of a split it came out; else it is `master`."""

    seq: int
    kind: str
    master: int
    other: int
    who: str
    reason: str
    at: datetime
    detail: Mapping[str, Any]
    undone_by: int | None

    @property
    def moved(self) -> tuple[Record, ...]:
        """The records that changed their customer."""
        return tuple(Record(*each) for each in self.detail.get("moved", ()))


@dataclass(frozen=True)
class Customer:
    """A customer of the master: records, golden fields, Epicor accounts, household; `merged_into` of a tombstone."""

    id: int
    merged_into: int | None
    erased: bool
    records: tuple[Source, ...]
    golden: Mapping[str, Survived]
    accounts: tuple[str, ...]
    household: int | None

    @property
    def members(self) -> tuple[Record, ...]:
        """The names of its records."""
        return tuple(Record(each.side, each.id) for each in self.records)


def record_named(text: str) -> Record:
    """The record of `heartland:7` or `epicor:H7`. Raises FixInput for anything else."""
    side, colon, number = text.partition(":")
    if not colon or side not in SIDES or not number.strip():
        raise FixInput(f"{text!r} names no record; write heartland:ID or epicor:CUSTID")
    return Record(side, number.strip())


def number_named(text: str) -> int:
    """The number of `M12` or `12`. Raises FixInput for anything else."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise FixInput(f"{text!r} names no customer of the master; write M12")
    return int(found[1])


def in_order(record: Record) -> tuple[str, int, str]:
    """Heartland's last, numbers by size: the order in which records of one customer are looked at."""
    return record.side, len(record.id), record.id
