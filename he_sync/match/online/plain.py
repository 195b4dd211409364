"""Keys of one record and levels of its pairs in plain Python.

The rules are those of `match/keys.py` and of `match/compare*.py`. By columns one record costs 5 ms, and ten times
that where other work holds the cores, because each of 80 expressions waits for a thread. Property tests hold the two
together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA, JaroWinkler

from he_sync.match import keys
from he_sync.match.blocking import Keys
from he_sync.match.codes import SEED
from he_sync.match.compare import Levels, namesakes
from he_sync.match.compare_contacts import AREA, LONG_USER
from he_sync.match.compare_identity import GENERATION_YEARS, LONGEST
from he_sync.match.compare_names import LONG_NAME
from he_sync.match.emails import PROVIDERS
from he_sync.match.levels import (
    ADDRESS,
    BIRTH,
    EMAIL,
    EXPECTED,
    FIRM,
    FIRM_RARITY,
    FIRM_SEEN,
    FIRST,
    GENERATION,
    IDENTIFIER,
    LAST,
    MIDDLE,
    PHONE,
    RARITY,
    SEEN,
)
from he_sync.match.nicknames import related
from he_sync.match.online.forms import Form
from he_sync.match.similar import CLOSE, FAR, LONG, SAME_FIRM, SAME_ROAD, SHORT, WIDEST, reordered

WHOLE = (1 << 64) - 1
FIELDS = (
    "name rarity", "company rarity", "first name", "last name", "phone", "address", "middle initial", "e-mail",
    "company", "birth date", "identifier",
)  # fmt: skip
Frequency = Mapping[str, int]
"""Records that share a record's root, last name, whole name and company name."""


class Pair(NamedTuple):
    """What the index knows of one candidate beside its texts; frequencies count the record that asks."""

    side: int
    beside: bool
    mine: Frequency
    theirs: Frequency
    people: int


class Facts:
    """The hashes of one record: keys by rule, what splits large blocks, and its names for counting."""

    def __init__(self, one: Form, splits: Sequence[str], counted: Sequence[str]) -> None:
        self.keys = _keys(one)
        hashes = pl.Series([one[name] for name in (*splits, *counted)]).hash(SEED).to_numpy()
        self.splits = {name: hashes[place : place + 1] for place, name in enumerate(splits)}
        self.names = {name: hashes[place : place + 1] for place, name in enumerate(counted, len(splits))}


def _keys(one: Form) -> list[Keys]:
    """Keys of each rule's expressions in their order, 0 for none."""
    head = one["last"].partition(" ")[0] if " " in one["last"] else ""
    tail = one["last"].rpartition(" ")[2] if head else ""
    either = [(one["root"], name) for name in (one["surname_root"], head, tail)]
    joined = ["|".join(parts) if all(parts) else "" for parts in _parts(one)]
    hashes = pl.Series(joined + [text for pair in either for text in pair]).hash(keys.SEED).to_list()
    single = [number if text else 0 for number, text in zip(hashes, joined, strict=False)]
    several = [
        (hashes[at] + hashes[at + 1]) & WHOLE if len(pair[0]) > 1 and len(pair[1]) > 1 else 0
        for at, pair in zip(range(len(joined), len(hashes), 2), either, strict=True)
    ]
    return [np.array([key], np.uint64) for key in (*single[:2], *several, *single[2:])]


def _parts(one: Form) -> list[tuple[str, ...]]:
    """What each rule joins to its key, in the rules' order, without the names in either order."""
    root, first, last, firm, user = (one[name] for name in ("root", "first", "last", "firm", "user"))
    host, digits, number, road, zip5 = (one[name] for name in ("host", "digits", "number", "road", "zip5"))
    return [
        (user, host), (digits,), (last, zip5), (firm,), (number, road[:6], zip5), (number, last),
        (root, zip5, last[:2]), (root, one["place"], last[:1]), (firm[:8], zip5), (user, last),
        (digits[-7:], last[:3]), (number, road[:4], root), (root, last[:4]), (root, one["skeleton"]),
        (first[:1], last), (firm[:10],), (one["identifier"],), (one["birth"], root[:1]), (one["birth"], last[:1]),
        ("" if host in PROVIDERS else host,),
    ]  # fmt: skip


def levels(one: Form, side: int, theirs: Sequence[Form], rows: Sequence[Pair]) -> dict[str, Levels]:
    """Levels by field of the pairs of one record, as `compare.compared` gives them.

    Of two records with exchanged names the batch turns the later one; a new record comes last of its side.
    """
    found = [_levels(one, side, other, row) for other, row in zip(theirs, rows, strict=True)]
    columns = zip(*found, strict=True) if found else [()] * len(FIELDS)
    by_name = {name: np.array(column, np.uint8) for name, column in zip(FIELDS, columns, strict=True)}
    sources = np.array([side + row.side for row in rows], np.uint8)
    return by_name | {"sources": sources, "generation": _generations(one, theirs, rows, by_name)}


def _levels(one: Form, side: int, other: Form, row: Pair) -> tuple[int, ...]:
    first, last = _names(one, other) if side < row.side else _names(other, one)
    return (
        _rarity(one, other, row),
        _firm_rarity(one, other, row),
        first,
        last,
        _phone(one["digits"], other["digits"]),
        _address(one, other),
        _middle(one["middle"], other["middle"]),
        _email(one, other),
        _firm(one["firm"], other["firm"]),
        _birth(one["birth"], other["birth"]),
        _identifier(one["identifier"], other["identifier"]),
    )


def _names(one: Form, other: Form) -> tuple[int, int]:
    first, family = one["first"], one["last"]
    given, theirs = other["first"], other["last"]
    straight = _same(first, given) or _same(family, theirs)
    if not straight and (_same(first, theirs) or _same(family, given)):
        given, theirs = theirs, given
    level = _first(first, given)
    if not level and _in_mailbox(one, other, first, given):
        level = FIRST.at("in the other's mailbox")
    return level, _last(family, theirs)


def _same(one: str, other: str) -> bool:
    return one == other != ""


def _first(one: str, other: str) -> int:
    if not one or not other:
        return FIRST.at("missing")
    if len(one) == 1 or len(other) == 1:
        return FIRST.at("same initial") if one[0] == other[0] else FIRST.at("same" if one == other else "different")
    if one == other:
        return FIRST.at("same")
    if not related(one).isdisjoint(related(other)):
        return FIRST.at("short form")
    return FIRST.at("misspelt") if _misspelt(one, other) else FIRST.at("different")


def _in_mailbox(one: Form, other: Form, first: str, given: str) -> bool:
    if bool(first) == bool(given):
        return False
    blank, named = (one, other) if not first else (other, one)
    return len(named["first"]) >= LONG_NAME and named["first"] in blank["user"]


def _last(one: str, other: str) -> int:
    if not one or not other:
        return LAST.at("missing")
    if one == other:
        return LAST.at("same")
    if (len(one) == 1 or len(other) == 1) and one[0] == other[0]:
        return LAST.at("same initial")
    if (" " in one or " " in other) and not set(one.split()).isdisjoint(other.split()):
        return LAST.at("one part the same")
    return LAST.at("misspelt") if _misspelt(one, other) else LAST.at("different")


def _misspelt(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    if shorter <= 1:
        return False
    edits = OSA.distance(one, other, score_cutoff=FAR - 1)
    if (edits <= 1 and shorter >= SHORT) or (edits == FAR - 1 and shorter >= LONG):
        return True
    return _alike(one, other, CLOSE)


def _alike(one: str, other: str, least: float) -> bool:
    return JaroWinkler.similarity(one, other, score_cutoff=least) > 0


def _rarity(one: Form, other: Form, row: Pair) -> int:
    given, family = (min(row.mine[name], row.theirs[name]) for name in ("root", "last"))
    if not (given and family):
        return RARITY.at("missing")
    seen = bisect_right(SEEN, row.mine["name"]) if _same(one["name"], other["name"]) else 0
    return 1 + bisect_right(EXPECTED, given * family / row.people) * (len(SEEN) + 1) + seen


def _firm_rarity(one: Form, other: Form, row: Pair) -> int:
    if not _same(one["firm"], other["firm"]):
        return FIRM_RARITY.at("missing")
    return 1 + bisect_right(FIRM_SEEN, row.mine["firm"])


def _phone(one: str, other: str) -> int:
    if not one or not other:
        return PHONE.at("missing")
    if one == other:
        return PHONE.at("same")
    if _one_digit_off(one, other):
        return PHONE.at("one digit off")
    return PHONE.at("different, same area" if one[:AREA] == other[:AREA] else "different")


def _one_digit_off(one: str, other: str) -> bool:
    return len(one) == len(other) and _one_off(one[:WIDEST], other[:WIDEST])


def _one_off(one: str, other: str) -> bool:
    """Texts of one length that differ in one place, or in two neighbours that are exchanged."""
    if len(one) != len(other):
        return False
    apart = [place for place, (mine, theirs) in enumerate(zip(one, other, strict=True)) if mine != theirs]
    if len(apart) != 2:  # noqa: PLR2004 - two neighbours
        return len(apart) == 1
    low, high = apart
    return high == low + 1 and one[low] == other[high] and one[high] == other[low]


def _birth(one: str, other: str) -> int:
    if not one or not other:
        return BIRTH.at("missing")
    if one == other:
        return BIRTH.at("same")
    if one[:4] + one[6:8] + one[4:6] == other:
        return BIRTH.at("day and month exchanged")
    if _one_off(one, other):
        return BIRTH.at("one digit off")
    return BIRTH.at("a generation apart" if abs(int(one[:4]) - int(other[:4])) >= GENERATION_YEARS else "different")


def _identifier(one: str, other: str) -> int:
    if not one or not other:
        return IDENTIFIER.at("missing")
    if one == other:
        return IDENTIFIER.at("same")
    return IDENTIFIER.at("one character off" if _one_off(one[:LONGEST], other[:LONGEST]) else "different")


def _middle(one: str, other: str) -> int:
    if not one or not other:
        return MIDDLE.at("missing")
    return MIDDLE.at("same" if one == other else "different")


def _email(one: Form, other: Form) -> int:
    user, theirs, same_host = one["user"], other["user"], one["host"] == other["host"]
    if not user or not theirs:
        return EMAIL.at("missing")
    if user == theirs:
        elsewhere = "same numbered user" if user[-1].isdecimal() else "same user, other host"
        return EMAIL.at("same" if same_host else elsewhere)
    if same_host and one["host"] not in PROVIDERS:
        return EMAIL.at("same company host")
    long = min(len(user), len(theirs)) >= LONG_USER and abs(len(user) - len(theirs)) <= 1
    slip = same_host and long and OSA.distance(user, theirs, score_cutoff=1) == 1
    return EMAIL.at("misspelt" if slip else "different")


def _firm(one: str, other: str) -> int:
    if not one or not other:
        return FIRM.at("only one has one" if one or other else "missing")
    if one == other:
        return FIRM.at("same")
    return FIRM.at("misspelt" if _alike(one, other, SAME_FIRM) or reordered(one, other) else "different")


def _address(one: Form, other: Form) -> int:  # noqa: PLR0911 - the levels in their order
    zip_same, state_same = _same(one["zip5"], other["zip5"]), _same(one["region"], other["region"])
    near = _same(one["place"], other["place"]) or _one_digit_off(one["zip5"], other["zip5"])
    unknown = not (one["zip5"] and other["zip5"]) and not (one["place"] and other["place"])
    if not (one["road"] and other["road"]):
        return _streetless(zip_same, near, state_same, unknown)
    here = zip_same or near or unknown
    if _same(one["number"], other["number"]) and one["road"] == other["road"]:
        other_unit = one["unit"] != other["unit"] and one["unit"] and other["unit"]
        if not here:
            return ADDRESS.at("same street, other place")
        return ADDRESS.at("same street, other unit" if other_unit else "same street and place")
    if not here and _same(one["number"], other["number"]) and _road_near(one["road"], other["road"]):
        return ADDRESS.at("same street, other place")
    if here and _street_near(one, other):
        return ADDRESS.at("street misspelt")
    if zip_same:
        return ADDRESS.at("same ZIP, other street")
    if near:
        return ADDRESS.at("same town, other street")
    return ADDRESS.at("same state" if state_same else "different")


def _streetless(zip_same: bool, near: bool, state_same: bool, unknown: bool) -> int:
    if unknown:
        return ADDRESS.at("missing")
    if zip_same:
        return ADDRESS.at("same ZIP, street missing")
    if near:
        return ADDRESS.at("same town, street missing")
    return ADDRESS.at("same state, street missing" if state_same else "other state, street missing")


def _street_near(one: Form, other: Form) -> bool:
    number, theirs = one["number"], other["number"]
    if not number or not theirs:
        return False
    if one["road"] == other["road"]:
        return OSA.distance(number, theirs, score_cutoff=1) == 1
    return number == theirs and _road_near(one["road"], other["road"])


def _road_near(one: str, other: str) -> bool:
    return OSA.distance(one, other, score_cutoff=FAR - 1) < FAR or _alike(one, other, SAME_ROAD)


def _generations(one: Form, theirs: Sequence[Form], rows: Sequence[Pair], found: Mapping[str, Levels]) -> Levels:
    """Levels of Jr and Sr; the record's own namesakes at the place are among `theirs`, a candidate's in `rows`."""
    alike = namesakes(found["first name"], found["last name"], found["address"])
    own = one["generation"]
    beside = any(other["generation"] for other, same in zip(theirs, alike, strict=True) if same)
    level = []
    for other, row, same in zip(theirs, rows, alike.tolist(), strict=True):
        said = other["generation"]
        if not own and not said:
            marked = same and (beside or row.beside)
            level.append(GENERATION.at("namesake in the house has one" if marked else "none"))
        elif own and said:
            level.append(GENERATION.at("same" if own == said else "different"))
        else:
            level.append(GENERATION.at("only one says"))
    return np.array(level, np.uint8)
