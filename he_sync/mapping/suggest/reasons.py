"""Why a pair is a candidate, in a line that a person can check against both files."""

from __future__ import annotations

import numpy as np

from he_sync.mapping.suggest.profiles import KINDS, SORTS, Profile
from he_sync.mapping.suggest.signs import Signs

CLEAR, SOME = 0.8, 0.5
SHOWN = 3
CHANCE = "nothing speaks for it but that no other field is nearer"
SAID = {
    "email": "e-mail addresses",
    "web": "web addresses",
    "phone": "phone numbers",
    "postal": "postal codes",
    "uuid": "UUIDs",
    "street": "streets",
    "barcode": "barcodes",
    "masked": "card numbers",
    "person": "names of people",
    "currency": "currencies",
    "country": "countries",
}
"""Sorts of values that tell something; a code or prose may be anything."""


def reason(given: Signs, row: int, column: int) -> str:
    """The two or three strongest signs, the name first."""
    said = {name: float(array[row, column]) for name, array in given.arrays.items()}
    name = _name(said, given.source.words[row], given.target.words[column])
    values = _values(said, given.source.profiles[row], given.target.profiles[column])
    return "; ".join([*name, *values][:SHOWN]) or CHANCE


def _name(said: dict[str, float], left: tuple[str, ...], right: tuple[str, ...]) -> list[str]:
    common = " ".join(word for word in left if word in right)
    if said["same"]:
        return ["the same name"]
    if said["called"] == 1:
        return ["the thesaurus knows both as names of one field"]
    if said["spelt"] > CLEAR:
        return [f"nearly the same name ({common})" if common else "nearly the same name"]
    if max(said["called"], said["called_here"]) > SOME:
        return ["the thesaurus knows both, with a word more, as names of one field"]
    if said["meant"] > SOME:
        return [f"words of one meaning (both say {common})" if common else "words of one meaning"]
    return [f"both say {common}"] if common else []


def _values(said: dict[str, float], left: Profile, right: Profile) -> list[str]:
    found = []
    both = dict(zip(SORTS, np.minimum(left.sorts, right.sorts), strict=True))
    sort = max(SAID, key=lambda one: float(both[one]))
    if both[sort] > CLEAR:
        found.append(f"both hold {SAID[sort]}")
    common = sorted(left.values & right.values)
    if said["within"] > SOME and common:
        found.append(f"values of both, such as {common[-1]!r}" if len(common) == 1 else f"{len(common)} values of both")
    if not found and said["shape"] > CLEAR and said["valued"]:
        found.append("values of one shape")
    if said["sizes"] > CLEAR:
        found.append("numbers of one size")
    if said["days"] > CLEAR:
        found.append("dates of one time")
    if not found and said["kind"] > CLEAR and not left.kinds[0] and not right.kinds[0]:
        found.append(f"both {KINDS[int(left.kinds.argmax())]}")
    return found
