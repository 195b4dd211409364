"""Journal: a balanced entry that we propose to post, keyed by what it corrects."""

from __future__ import annotations

from dataclasses import dataclass

from he_sync.model.errors import BrokenPromise


@dataclass(frozen=True)
class JournalLine:
    """One line; debit positive, minor units. `text` ties it to the payment it corrects."""

    account: str
    store: str
    amount_minor: int
    text: str


@dataclass(frozen=True)
class Journal:
    """A proposed journal of one store and business date."""

    store: str
    business_date: str
    text: str
    lines: tuple[JournalLine, ...]

    def __post_init__(self) -> None:
        """Refuse a journal that does not balance: it could never be posted."""
        rest = sum(line.amount_minor for line in self.lines)
        if rest:
            raise BrokenPromise(f"journal {self.store} {self.business_date} is out of balance by {rest} minor units")
