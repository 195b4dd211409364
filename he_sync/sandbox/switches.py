"""What the reference marks "not found" is our choice here: a documented switch with a default.

Each stand-in declares its switches in its own `switches.py`; `he-sync sandbox switches` prints them all; the admin port
sets them. A client must get along with every value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.sandbox.state import State

NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Span:
    """The numbers that a free switch takes, both ends included."""

    least: int
    most: int
    whole: bool = True

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number from {self.least} to {self.most}"

    def holds(self, text: str) -> bool:
        """Whether the text is one of them."""
        number = Decimal(text) if NUMBER.fullmatch(text) else None
        return number is not None and self.least <= number <= self.most and not (self.whole and "." in text)


COUNT = Span(1, 1_000_000)
LIMIT = Span(0, 1_000_000)
SECONDS = Span(0, 100_000_000)
PAUSE = Span(0, 86_400, whole=False)
SHARE = Span(0, 1, whole=False)


@dataclass(frozen=True)
class Switch:
    """One choice: its name (`system.topic`), default, allowed values (empty = free) and why it is a choice.

    A free switch that is read as a number says in `numbers` which ones it takes.
    """

    name: str
    default: str
    values: tuple[str, ...]
    why: str
    numbers: Span | None = None

    def read(self, state: State) -> str:
        """The value in force."""
        return state.setting(f"switch.{self.name}", self.default)

    def set(self, state: State, value: Any) -> None:
        """Change it; a number counts as its text. Raises ValueError for a value that is not allowed."""
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            raise ValueError(f"{self.name} takes a text or a number")  # noqa: TRY004 - one kind of complaint
        text = str(value)
        if self.values and text not in self.values:
            raise ValueError(f"{self.name} takes {', '.join(self.values)}, not {text!r}")
        if self.numbers and not self.numbers.holds(text):
            raise ValueError(f"{self.name} takes {self.numbers}, not {text!r}")
        state.set_setting(f"switch.{self.name}", text)
