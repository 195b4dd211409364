"""A postal address and the name on it, as plain text fields of either side. Rules are in `mapping/addresses.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Who gets the parcel or the letter. A company's name stands alone or beside the person's."""

    first: str = ""
    last: str = ""
    company: str = ""

    @property
    def full(self) -> str:
        """The company where there is one, else first and last name."""
        return self.company or f"{self.first} {self.last}".strip()


@dataclass(frozen=True)
class Address:
    """One address. `country` is the two-letter ISO 3166 code; `notes` say what standardising changed or cut."""

    person: Person = Person()
    line_1: str = ""
    line_2: str = ""
    line_3: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The street lines that say something."""
        return tuple(line for line in (self.line_1, self.line_2, self.line_3) if line)

    @property
    def empty(self) -> bool:
        """Whether nothing of it says where."""
        return not (self.lines or self.city or self.postal_code)
