"""All fields of all candidate pairs as levels: the pattern that the model reads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from he_sync.match import compare_contacts, compare_names, compare_places
from he_sync.match.codes import Bools, Ints
from he_sync.match.levels import ADDRESS, FIRST, GENERATION, LAST
from he_sync.match.table import Table

Levels = npt.NDArray[np.uint8]


CHUNK = 1_000_000
"""Pairs compared at a time: what is computed on the way stays small whatever the file."""


def compared(records: Table, left: Ints, right: Ints) -> dict[str, Levels]:
    """Levels by field name, one a pair."""
    parts = [
        _compared(records, left[start : start + CHUNK], right[start : start + CHUNK])
        for start in range(0, max(len(left), 1), CHUNK)
    ]
    levels = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    together = namesakes(levels["first name"], levels["last name"], levels["address"])
    return levels | {"generation": generation(records, left, right, together).astype(np.uint8)}


def _compared(records: Table, left: Ints, right: Ints) -> dict[str, Levels]:
    first, last = compare_names.names(records, left, right)
    address = compare_places.address(records, left, right)
    found = {
        "name rarity": compare_names.rarity(records, left, right, first, last),
        "company rarity": compare_contacts.firm_rarity(records, left, right),
        "first name": first,
        "last name": last,
        "phone": compare_contacts.phone(records, left, right),
        "address": address,
        "middle initial": compare_names.middle(records, left, right),
        "e-mail": compare_contacts.email(records, left, right),
        "company": compare_contacts.firm(records, left, right),
        "sources": records.side[left] + records.side[right],
    }
    return {name: level.astype(np.uint8) for name, level in found.items()}


def namesakes(first: Levels, last: Levels, address: Levels) -> Bools:
    """Pairs of the same name that may live in one house."""
    given = np.isin(first, [FIRST.at(level) for level in ("same", "short form", "same initial", "misspelt")])
    family = np.isin(last, [LAST.at(level) for level in ("same", "misspelt")])
    away = (
        "same street, other place",
        "same state",
        "different",
        "same state, street missing",
        "other state, street missing",
    )
    return given & family & ~np.isin(address, [ADDRESS.at(level) for level in away])


def generation(records: Table, left: Ints, right: Ints, namesake: Bools) -> Ints:
    """Levels of Jr and Sr. A pair without either is marked where a namesake at the place has one."""
    at = records.codes["generation"].at
    one, other = at[left], at[right]
    beside = np.zeros(len(records), bool)
    beside[left[namesake & (other > 0)]] = True
    beside[right[namesake & (one > 0)]] = True
    marked = (one == 0) & (other == 0) & namesake & (beside[left] | beside[right])
    cases = [marked, (one == 0) & (other == 0), one == other, (one > 0) & (other > 0)]
    levels = ("namesake in the house has one", "none", "same", "different")
    return np.select(cases, [GENERATION.at(level) for level in levels], GENERATION.at("only one says"))
