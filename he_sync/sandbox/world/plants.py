"""The planted differences of one day: at most one a record, each with its class, its place and its worth.

The documents of a day ask here what they are to get wrong; the truth file is written from here and nowhere else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from he_sync.model.difference import CLASSES

if TYPE_CHECKING:
    from datetime import date

    from he_sync.sandbox.state import Document

FEW = 10
SHARE = 100


@dataclass(frozen=True, slots=True)
class Plant:
    """One planted difference; deltas as in model/difference.py (ERP side minus POS side)."""

    date: str
    klass: str
    subject: str
    store: str
    delta_minor: int
    delta_milli: int

    def row(self) -> Document:
        """The truth file's row."""
        row = asdict(self)
        row["class"] = row.pop("klass")
        return {name: row[name] for name in ("date", "class", "subject", "store", "delta_minor", "delta_milli")}


class Plants:
    """All of a day."""

    def __init__(self, day: date) -> None:
        self.day = day
        self._by_subject: dict[str, Plant] = {}

    def add(self, klass: str, subject: str, store: str, *, minor: int = 0, milli: int = 0) -> None:
        """Plant one. Raises ValueError for a class nobody declared or a record that has one already."""
        if klass not in CLASSES or subject in self._by_subject:
            raise ValueError(f"{klass} cannot be planted on {subject}")
        self._by_subject[subject] = Plant(self.day.isoformat(), klass, subject, store, minor, milli)

    def klass(self, subject: str) -> str:
        """What is wrong with a record; empty when nothing is."""
        plant = self._by_subject.get(subject)
        return plant.klass if plant else ""

    def minor(self, subject: str) -> int:
        """The worth of what is wrong with a record."""
        plant = self._by_subject.get(subject)
        return plant.delta_minor if plant else 0

    def rows(self) -> list[Document]:
        """The truth, ordered by class and subject."""
        found = sorted(self._by_subject.values(), key=lambda plant: (plant.klass, plant.subject))
        return [plant.row() for plant in found]


def some(records: int, classes: int) -> int:
    """How many of each class to plant: a hundredth of the records over all classes, one at least, ten at most."""
    return max(1, min(FEW, records // SHARE // classes))
