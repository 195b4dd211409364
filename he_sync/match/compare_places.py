"""One level for the whole address: street, unit, ZIP, town and state weigh together, so that a move counts once."""

from __future__ import annotations

import numpy as np

from he_sync.match.codes import Bools, Ints
from he_sync.match.levels import ADDRESS
from he_sync.match.similar import alike, edits, one_digit_off
from he_sync.match.table import Table

SAME_ROAD = 0.9


def address(records: Table, left: Ints, right: Ints) -> Ints:
    """Levels of the address."""
    place = _Places(records, left, right)
    here, unknown = place.zip_same | place.near, place.unknown
    no_street = place.street_missing
    cases = [
        no_street & unknown,
        place.street_same & (here | unknown) & place.other_unit,
        place.street_same & (here | unknown),
        place.street_same,
        place.street_near & (here | unknown),
        place.zip_same & no_street,
        place.zip_same,
        place.near & no_street,
        place.near,
        place.state_same & no_street,
        place.state_same,
        no_street,
    ]
    levels = (
        "missing", "same street, other unit", "same street and place", "same street, other place", "street misspelt",
        "same ZIP, street missing", "same ZIP, other street", "same town, street missing", "same town, other street",
        "same state, street missing", "same state", "other state, street missing",
    )  # fmt: skip
    return np.select(cases, [ADDRESS.at(level) for level in levels], ADDRESS.at("different"))


class _Places:
    """What two addresses have in common, pair by pair."""

    def __init__(self, records: Table, left: Ints, right: Ints) -> None:
        self._records, self._left, self._right = records, left, right
        self.street_missing = ~self._both("road")
        number, road = self._same("number"), self._same("road")
        self.street_same = number & road
        self.street_near = (number & self._road_near()) | self._number_near(road)
        self.zip_same = self._same("zip5")
        self.near = self._same("place") | one_digit_off(*self._pair("zip5"), records.codes["zip5"].texts)
        self.unknown = ~self._both("zip5") & ~self._both("place")
        self.state_same = self._same("region")
        self.other_unit = self._both("unit") & ~self._same("unit")

    def _pair(self, name: str) -> tuple[Ints, Ints]:
        at = self._records.codes[name].at
        return at[self._left], at[self._right]

    def _both(self, name: str) -> Bools:
        one, other = self._pair(name)
        both: Bools = (one > 0) & (other > 0)
        return both

    def _same(self, name: str) -> Bools:
        one, other = self._pair(name)
        same: Bools = (one == other) & (one > 0)
        return same

    def _number_near(self, road: Bools) -> Bools:
        one, other = self._pair("number")
        need = road & (one != other) & (one > 0) & (other > 0)
        near: Bools = edits(one, other, self._records.codes["number"].texts, need) == 1
        return near

    def _road_near(self) -> Bools:
        """Only where the house number is the same: most roads of a town are compared with nothing."""
        one, other = self._pair("road")
        need = (one != other) & (one > 0) & (other > 0) & self._same("number")
        texts = self._records.codes["road"].texts
        close = edits(one, other, texts, need) <= 2  # noqa: PLR2004 - edits
        return close | alike(self._records.codes["road"], self._left, self._right, need, SAME_ROAD)
