"""Numbers for what both systems name by texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields


@dataclass
class Ids:
    """Numbers for the texts of one kind, from `first` on in the order in which they are met."""

    first: int
    known: dict[str, int] = field(default_factory=dict)

    def of(self, text: object) -> int:
        """The text's number; 0 for none."""
        return self.known.setdefault(str(text), self.first + len(self.known)) if str(text) else 0

    def texts(self) -> dict[int, str]:
        """What each number stands for."""
        return {number: text for text, number in self.known.items()}


@dataclass(frozen=True)
class Numbers:
    """All the numbers of a folder, by what they stand for."""

    orders: Ids = field(default_factory=lambda: Ids(50_000_001))
    lines: Ids = field(default_factory=lambda: Ids(20_000_001))
    batches: Ids = field(default_factory=lambda: Ids(30_000_001))
    bank_lines: Ids = field(default_factory=lambda: Ids(40_000_001))
    postings: Ids = field(default_factory=lambda: Ids(60_000_001))
    references: Ids = field(default_factory=lambda: Ids(1))
    mids: Ids = field(default_factory=lambda: Ids(7_000_001))
    accounts: Ids = field(default_factory=lambda: Ids(9_001))
    stores: Ids = field(default_factory=lambda: Ids(1))

    def document(self) -> dict[str, list[str]]:
        """As JSON: the texts of each kind in the order of their numbers."""
        return {item.name: list(getattr(self, item.name).known) for item in fields(self)}

    @classmethod
    def of(cls, document: Mapping[str, Sequence[str]]) -> Numbers:
        """The reverse of `document`: what was numbered keeps its number, and numbering goes on behind it."""
        numbers = cls()
        for name, texts in document.items():
            for text in texts:
                getattr(numbers, name).of(text)
        return numbers
