"""Latent classes: why two records may look alike.

The same person is one of them; the others are what a matcher of two classes mistakes for it (reference matching,
section 1).

A class starts from what is known of customer data and is fitted to the file; a field `by_chance` stays at what two
strangers agree on, so that a household can never learn that first names agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Start = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Kind:
    """One class. `start` gives levels a probability, the rest follows chance; `most` caps a level for good."""

    name: str
    share: float
    start: Start = field(default_factory=dict)
    by_chance: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    most: Start = field(default_factory=dict)
    match: bool = False
    tied: str = ""


TIES: Mapping[str, frozenset[str]] = {
    "person": frozenset(
        {"first name", "last name", "generation", "middle initial", "e-mail", "phone", "birth date", "identifier"}
    ),
    "home": frozenset({"e-mail", "phone"}),
}
"""Fields that classes of one tie share: a move changes no name, and a parent shares a mailbox as a spouse does."""


_GIVEN = {"same": 0.7, "short form": 0.1, "same initial": 0.06, "misspelt": 0.06, "different": 0.01}
_GIVEN_MAIL = _GIVEN | {"in the other's mailbox": 0.01}
_FAMILY = {"same": 0.87, "misspelt": 0.07, "one part the same": 0.03, "different": 0.02}
_HOME = {
    "same street and place": 0.7, "same street, other unit": 0.02, "street misspelt": 0.05,
    "same ZIP, street missing": 0.15, "same town, street missing": 0.03, "different": 0.01,
}  # fmt: skip
_AWAY = {
    "same street and place": 0.06, "street misspelt": 0.01, "same ZIP, street missing": 0.06,
    "same town, street missing": 0.05, "same state": 0.2, "different": 0.3, "other state, street missing": 0.18,
}  # fmt: skip
_NAMED = {"first name": {"same": 0.75, "short form": 0.2}, "last name": {"same": 0.98}}
_LETTER = {"same": 0.01, "short form": 0.005, "same initial": 0.04, "misspelt": 0.02}
"""First names of strangers of one surname: blocking proposes them for their first letter, so that an initial or a
similar name is commoner among them than by chance. Held at chance, they were taken for people who had moved, and a file
with few duplicates found five for each one that it had."""
_NO_TWIN = {"first name": {"different": 0.02}, "last name": {"different": 0.05}, "generation": {"different": 1e-5}}
_PAPERS = frozenset({"birth date", "identifier"})
_BORN = {"same": 0.92, "one digit off": 0.03, "day and month exchanged": 0.01, "a generation apart": 0.01}
_NUMBERED = {"same": 0.94, "one character off": 0.02}
_FAMILY_PAPERS = {"birth date": {"same": 0.01, "a generation apart": 0.4}, "identifier": {"same": 0.01}}
_NO_TWIN_PAPERS = {"birth date": {"same": 0.02, "one digit off": 0.02}, "identifier": {"same": 0.02}}
_CONTACTS = _PAPERS | {"phone", "e-mail", "address"}
_PHONE = {"same": 0.8, "one digit off": 0.02, "different, same area": 0.09}

PEOPLE = (
    Kind(
        "same person",
        0.15,
        {
            "first name": _GIVEN_MAIL,
            "last name": _FAMILY,
            "phone": _PHONE,
            "address": _HOME,
            "e-mail": {"same": 0.85, "misspelt": 0.02},
            "birth date": _BORN,
            "identifier": _NUMBERED,
        },
        most=_NO_TWIN,
        match=True,
        tied="person",
    ),
    Kind(
        "same person, moved",
        0.05,
        {
            "first name": _GIVEN_MAIL,
            "last name": _FAMILY,
            "phone": {"same": 0.2, "one digit off": 0.02, "different, same area": 0.39},
            "address": _AWAY,
            "e-mail": {"same": 0.45, "same numbered user": 0.02, "misspelt": 0.02},
            "birth date": _BORN,
            "identifier": _NUMBERED,
        },
        most=_NO_TWIN,
        match=True,
        tied="person",
    ),
    Kind(
        "household",
        0.15,
        {
            "last name": {"same": 0.92, "misspelt": 0.05},
            "phone": {"same": 0.4, "different, same area": 0.3},
            "address": _HOME,
            **_FAMILY_PAPERS,
        },
        frozenset({"first name", "middle initial"}),
        most=_NO_TWIN_PAPERS,
        tied="home",
    ),
    Kind("namesake", 0.25, _NAMED, _PAPERS | {"phone", "address"}),
    Kind(
        "same surname",
        0.3,
        {"first name": _LETTER, "last name": {"same": 0.98}},
        _CONTACTS | {"middle initial"},
        most={"first name": {"same": 0.02, "short form": 0.01}},
    ),
    Kind(
        "same street",
        0.1,
        {"address": _HOME},
        _PAPERS | {"first name", "last name", "phone", "e-mail", "middle initial"},
    ),
    Kind(
        "similar name",
        0.05,
        {"first name": {"same": 0.6, "short form": 0.3}, "last name": {"misspelt": 0.3, "different": 0.68}},
        _CONTACTS | {"middle initial"},
    ),
    Kind(
        "same first name",
        0.05,
        {"first name": {"same": 0.6, "short form": 0.3}},
        _PAPERS | {"last name", "phone", "e-mail", "middle initial"},
    ),
    Kind(
        "parent and child of one name",
        0.02,
        {
            "first name": {"same": 0.97, "short form": 0.02},
            "last name": {"same": 0.98},
            "address": _HOME,
            "phone": {"same": 0.3, "different, same area": 0.3},
            "birth date": {"a generation apart": 0.9},
            "generation": {
                "none": 0.15,
                "same": 0.001,
                "different": 0.255,
                "only one says": 0.34,
                "namesake in the house has one": 0.254,
            },
        },
        frozenset({"identifier"}),
        held=frozenset({"generation"}),
        most=_NO_TWIN_PAPERS,
        tied="home",
    ),
    Kind("strangers", 0.02, {}, _PAPERS | {"phone", "e-mail"}),
)

_FIRM = {"same": 0.9, "misspelt": 0.08}
FIRMS = (
    Kind(
        "same company",
        0.3,
        {
            "company": _FIRM,
            "first name": {"same": 0.4, "short form": 0.05, "different": 0.45},
            "phone": _PHONE,
            "address": _HOME,
            "e-mail": {"same": 0.5, "same company host": 0.4},
            "identifier": {"same": 0.9, "one character off": 0.02},
        },
        most={"company": {"different": 0.1}},
        match=True,
    ),
    Kind(
        "branch",
        0.4,
        {
            "company": _FIRM,
            "e-mail": {"same": 0.1, "same company host": 0.5},
            "phone": {"same": 0.5, "different, same area": 0.15},
            "identifier": {"same": 0.5},
        },
        frozenset({"address", "first name"}),
    ),
    Kind(
        "same building",
        0.03,
        {"company": {"different": 0.97}, "phone": {"same": 0.3, "different, same area": 0.3}, "address": _HOME},
        frozenset({"first name"}),
    ),
    Kind("strangers", 0.3, {"company": {"same": 0.5, "misspelt": 0.3}}, _CONTACTS | {"first name"}),
)
