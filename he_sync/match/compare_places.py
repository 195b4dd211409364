"""One level for the whole address: street, unit, ZIP, town and state weigh together, so that a move counts once."""

from __future__ import annotations

import numpy as np

from he_sync.match.codes import Bools
from he_sync.match.couples import Ask, Couples, Known, Levels, Question, first_of
from he_sync.match.levels import ADDRESS
from he_sync.match.similar import Digits, one_edit, same_road

MISSPELT = ADDRESS.at("street misspelt")
ROAD = Question("address", MISSPELT, "road", same_road)
NUMBER = Question("address", MISSPELT, "number", one_edit)
AWAY = Question("address", ADDRESS.at("same street, other place"), "road", same_road)
"""A house of one number in nearly the same street, said to lie in two towns: a part of one, or the next one."""


class Addresses:
    """What comparing addresses needs to know of their vocabularies."""

    def __init__(self, known: Known) -> None:
        self._zips = Digits(known.codes("zip5").texts)

    def levels(self, some: Couples) -> tuple[Levels, list[Ask]]:
        """Levels of the address, and the streets of which a scorer must say whether one is misspelt."""
        zip_same, place_same, no_street = some.same("zip5"), some.same("place"), ~some.both("road")
        near = place_same | self._zip_near(some)
        unknown = ~some.both("zip5") & ~some.both("place")
        here = zip_same | near | unknown
        number, road, state = some.same("number"), some.same("road"), some.same("region")
        street = number & road
        cases = [
            no_street & unknown,
            street & here & some.both("unit") & ~some.equal("unit"),
            street & here,
            street,
            zip_same & no_street,
            zip_same,
            near & no_street,
            near,
            state & no_street,
            state,
            no_street,
        ]
        levels = (
            "missing", "same street, other unit", "same street and place", "same street, other place",
            "same ZIP, street missing", "same ZIP, other street", "same town, street missing",
            "same town, other street", "same state, street missing", "same state", "other state, street missing",
        )  # fmt: skip
        found = first_of(cases, [ADDRESS.at(level) for level in levels], ADDRESS.at("different"))
        open_still = here & ~street & ~(no_street & unknown)
        near_street = number & some.both("road") & ~road
        return found, [
            _asked(ROAD, some, open_still & near_street),
            _asked(AWAY, some, near_street & ~here),
            _asked(NUMBER, some, open_still & road & some.both("number") & ~number),
        ]

    def _zip_near(self, some: Couples) -> Bools:
        found = np.zeros(len(some), bool)
        rest = np.flatnonzero(some.both("zip5") & ~some.equal("zip5") & ~some.same("place"))
        found[rest] = self._zips.one_off(some.one("zip5")[rest], some.other("zip5")[rest])
        return found


def _asked(question: Question, some: Couples, which: Bools) -> Ask:
    """The number of the house or the name of the street, where the rest of the address is the same."""
    at = np.flatnonzero(which)
    return Ask(question, at, some.one(question.column)[at], some.other(question.column)[at])
