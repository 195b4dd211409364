"""Reading a field of a wire document: what is there in its own type, or BadRecord with one line that names it.

A field that nobody asks for may be anything; a field that is read may not. A text where a number belongs is refused and
not parsed: a source that changes a type has changed its meaning (reference reliability 3.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.model.errors import BadRecord
from he_sync.model.money import to_minor
from he_sync.model.quantity import to_milli
from he_sync.model.texts import plain

SHOWN = 12
"""Longest value that a message repeats: one digit shorter than the shortest card number."""


def _shown(value: Any) -> str:
    if isinstance(value, str | Decimal) or type(value) is int:
        text = plain(str(value))
        return repr(text) if len(text) <= SHOWN else f"a text of {len(text)} characters"
    return {dict: "an object", list: "a list", bool: "true or false", float: "a float"}.get(type(value), "nothing")


@dataclass(frozen=True)
class Fields:
    """A document and how people name it: "ticket 117060", "ticket 117060 line 3"."""

    document: Mapping[str, Any]
    where: str

    def wrong(self, name: str, what: str) -> BadRecord:
        """The error about one field."""
        return BadRecord(f"{self.where}: {name} is {_shown(self.document.get(name))}, {what}")

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.document.get(name) is not None

    def number(self, name: str) -> Decimal | int:
        """A required number."""
        value = self.document.get(name)
        if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
            return value
        raise self.wrong(name, "not a number")

    def whole(self, name: str) -> int:
        """A required whole number."""
        value = self.number(name)
        if value != int(value):
            raise self.wrong(name, "not a whole number")
        return int(value)

    def identity(self, name: str) -> int:
        """An id that may be missing: 0 for none."""
        return self.whole(name) if self.has(name) else 0

    def minor(self, name: str, currency: str) -> int:
        """A required amount in minor units."""
        value = self.number(name)
        try:
            return to_minor(value, currency)
        except BadRecord:
            raise self.wrong(name, f"not a whole number of minor units of {currency}") from None

    def minor_or_zero(self, name: str, currency: str) -> int:
        """An amount that may be missing."""
        return self.minor(name, currency) if self.has(name) else 0

    def milli(self, name: str) -> int:
        """A required quantity in thousandths."""
        value = self.number(name)
        try:
            return to_milli(value)
        except BadRecord:
            raise self.wrong(name, "finer than a thousandth or out of range") from None

    def text(self, name: str) -> str:
        """A text that may be missing, without blanks around it and without characters that no field may hold."""
        value = self.document.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "not a text")
        return plain(value)

    def needed(self, name: str) -> str:
        """A text that has to say something."""
        if text := self.text(name):
            return text
        raise self.wrong(name, "not a text") if self.has(name) else BadRecord(f"{self.where}: {name} is missing")

    def flag(self, name: str, default: bool) -> bool:
        """A true or false that may be missing."""
        value = self.document.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, "not true or false")
        return value

    def inner(self, name: str) -> Fields | None:
        """An object inside; None where there is none."""
        value = self.document.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.wrong(name, "not an object")
        return Fields(value, f"{self.where} {name}")

    def rows(self, name: str, called: str, *, required: bool = False) -> Iterator[Fields]:
        """The objects of a list, each named by its id or place. A list that was not read is none unless required."""
        listed = self.document.get(name)
        if listed is None and not required:
            return
        if not isinstance(listed, list | tuple):
            raise self.wrong(name, "not a list")
        for place, row in enumerate(listed, 1):
            if not isinstance(row, Mapping):
                raise BadRecord(f"{self.where}: {called} {place} is {_shown(row)}, not an object")
            yield Fields(row, f"{self.where} {called} {place}")
