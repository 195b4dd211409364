"""All fields of all candidate pairs as levels: the pattern that the model reads."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import numpy as np

from he_sync.match.codes import Bools, Places, taken
from he_sync.match.compare_contacts import Contacts
from he_sync.match.compare_identity import identity
from he_sync.match.compare_names import Names, in_mailbox, middle
from he_sync.match.compare_places import Addresses
from he_sync.match.couples import Ask, Couples, Known, Levels, answered
from he_sync.match.levels import ADDRESS, FIELDS, FIRST, GENERATION, LAST
from he_sync.match.side_by_side import side_by_side
from he_sync.match.table import Table

__all__ = ["Comparer", "Levels", "compared"]

LETTERS = ("user", "first", "firm")
"""Vocabularies whose texts are looked into, the largest first."""
CHUNK = 1 << 16
"""Pairs compared at a time: a column of both records, half a megabyte, stays in a core's cache, and one step is long
enough for another thread to take the interpreter."""


class Comparer:
    """Levels of pairs of one table; facts of the vocabularies are found once, for all pairs that are asked about."""

    def __init__(self, records: Table) -> None:
        self._known = Known(records)
        side_by_side(self._known.letters, LETTERS, len(records))
        self._names, self._contacts, self._places = Names(self._known), Contacts(self._known), Addresses(self._known)

    def levels(self, left: Places, right: Places) -> dict[str, Levels]:
        """Levels by field name, one a pair. Chunks run on all cores and keep their order."""
        levels = {field.name: np.zeros(len(left), np.uint8) for field in FIELDS}

        def compared(start: int) -> list[tuple[Ask, int]]:
            some = slice(start, start + CHUNK)
            found, asked = self._compared(left[some], right[some])
            for name, level in found.items():
                levels[name][some] = level
            return [(ask, start) for ask in asked]

        asks = side_by_side(compared, range(0, max(len(left), 1), CHUNK))
        answered(self._known, levels, chain.from_iterable(asks))
        in_mailbox(self._known, left, right, levels["first name"])
        together = namesakes(levels["first name"], levels["last name"], levels["address"])
        levels |= identity(self._known.records, left, right)
        return levels | {"generation": generation(self._known.records, left, right, together)}

    def _compared(self, left: Places, right: Places) -> tuple[Mapping[str, Levels], list[Ask]]:
        some = Couples(self._known, left, right)
        first, last, names = self._names.levels(some)
        address, streets = self._places.levels(some)
        email, mails = self._contacts.email(some)
        firm, firms = self._contacts.firm(some)
        levels = {
            "name rarity": self._names.rarity(some),
            "company rarity": self._contacts.firm_rarity(some),
            "first name": first,
            "last name": last,
            "phone": self._contacts.phone(some),
            "address": address,
            "middle initial": middle(some),
            "e-mail": email,
            "company": firm,
            "sources": self._known.side[left] + self._known.side[right],
        }
        return levels, [*names, *streets, mails, firms]


def compared(records: Table, left: Places, right: Places) -> dict[str, Levels]:
    """Levels by field name of some pairs, one a pair."""
    return Comparer(records).levels(left, right)


def namesakes(first: Levels, last: Levels, address: Levels) -> Bools:
    """Pairs of the same name that may live in one house."""
    given = FIRST.among(first, "same", "short form", "same initial", "misspelt")
    away = (
        "same street, other place",
        "same state",
        "different",
        "same state, street missing",
        "other state, street missing",
    )
    return given & LAST.among(last, "same", "misspelt") & ~ADDRESS.among(address, *away)


def generation(records: Table, left: Places, right: Places, namesake: Bools) -> Levels:
    """Levels of Jr and Sr. A pair without either is marked where a namesake at the place has one."""
    at = records.codes["generation"].at.astype(np.uint8)
    one, other = taken(at, left), taken(at, right)
    beside = np.zeros(len(records), bool)
    beside[left[namesake & (other > 0)]] = True
    beside[right[namesake & (one > 0)]] = True
    neither = (one == 0) & (other == 0)
    found = np.full(len(left), GENERATION.at("only one says"), np.uint8)
    found[(one > 0) & (other > 0)] = GENERATION.at("different")
    found[(one == other) & ~neither] = GENERATION.at("same")
    found[neither] = GENERATION.at("none")
    if beside.any():
        found[neither & namesake & (beside[left] | beside[right])] = GENERATION.at("namesake in the house has one")
    return found
