"""Why a pair is a candidate, in a line that a person can check against both files."""

from __future__ import annotations

import numpy as np

from he_sync.mapping.suggest.meanings import SYNONYM
from he_sync.mapping.suggest.profiles import KINDS, SORTS, Profile
from he_sync.mapping.suggest.signs import Signs

CLEAR, SOME = 0.8, 0.5
SHOWN = 3


def reason(given: Signs, row: int, column: int) -> str:
    """The two or three strongest signs, the name first."""
    left, right = given.source, given.target
    found = [*_name(given, row, column), *_value(given, row, column, left.profiles[row], right.profiles[column])]
    return "; ".join(found[:SHOWN]) or "nothing speaks for it but that no other field is nearer"


def _name(given: Signs, row: int, column: int) -> list[str]:
    said = {name: float(array[row, column]) for name, array in given.arrays.items()}
    left, right = given.source.words[row], given.target.words[column]
    common = " ".join(word for word in left if word in right)
    if said["same"]:
        return ["same name"]
    if said["called"] == 1:
        return [f"{' '.join(left)!r} and {' '.join(right)!r} are names of one thing"]
    if said["spelt"] > CLEAR:
        return [f"near the same name: {' '.join(right)}"]
    if max(said["called"], said["called_here"]) > SOME:
        return [f"{' '.join(left)!r} is often called {' '.join(right)!r}"]
    if said["meant"] > SYNONYM * SOME:
        return [f"words of one meaning: {' '.join(left)}, {' '.join(right)}"]
    return [f"both say {common}"] if common else []


def _value(given: Signs, row: int, column: int, left: Profile, right: Profile) -> list[str]:
    said = {name: float(array[row, column]) for name, array in given.arrays.items()}
    found = []
    both = np.minimum(left.sorts, right.sorts)
    if both.max(initial=0) > CLEAR:
        found.append(f"both hold values like a {list(SORTS)[int(both.argmax())]}")
    common = sorted(left.values & right.values)
    if said["within"] > SOME and common:
        found.append(f"{len(common)} values of both, such as {common[-1]!r}")
    if not found and said["shape"] > CLEAR and said["valued"]:
        found.append("values of one shape")
    if said["sizes"] > CLEAR:
        found.append("numbers of one size")
    if said["days"] > CLEAR:
        found.append("dates of one time")
    if not found and said["kind"] > CLEAR and left.kinds[0] < SOME:
        found.append(f"both {KINDS[int(left.kinds.argmax())]}")
    return found
