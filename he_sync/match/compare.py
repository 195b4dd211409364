"""All fields of all candidate pairs as levels: the pattern that the model reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from he_sync.match import compare_contacts, compare_names, compare_places
from he_sync.match.codes import Bools, Ints
from he_sync.match.levels import ADDRESS, FIRST, GENERATION, LAST
from he_sync.match.table import Table

Levels = Mapping[str, Ints]


def compared(records: Table, left: Ints, right: Ints) -> dict[str, Ints]:
    """Levels by field name, one a pair."""
    first, last = compare_names.names(records, left, right)
    address = compare_places.address(records, left, right)
    return {
        "name rarity": compare_names.rarity(records, left, right, first, last),
        "company rarity": compare_contacts.firm_rarity(records, left, right),
        "first name": first,
        "last name": last,
        "phone": compare_contacts.phone(records, left, right),
        "address": address,
        "generation": generation(records, left, right, namesakes(first, last, address)),
        "middle initial": compare_names.middle(records, left, right),
        "e-mail": compare_contacts.email(records, left, right),
        "company": compare_contacts.firm(records, left, right),
        "sources": records.side[left] + records.side[right],
    }


def namesakes(first: Ints, last: Ints, address: Ints) -> Bools:
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
    """Levels of Jr and Sr. A pair without either is marked where a namesake at the place has one: it may be that one."""
    at = records.codes["generation"].at
    one, other = at[left], at[right]
    beside = np.zeros(len(records), bool)
    beside[left[namesake & (other > 0)]] = True
    beside[right[namesake & (one > 0)]] = True
    marked = (one == 0) & (other == 0) & namesake & (beside[left] | beside[right])
    cases = [marked, (one == 0) & (other == 0), one == other, (one > 0) & (other > 0)]
    levels = ("namesake in the house has one", "none", "same", "different")
    return np.select(cases, [GENERATION.at(level) for level in levels], GENERATION.at("only one says"))
