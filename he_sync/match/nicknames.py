"""First names and their short forms, as one root a name. The table is the package `nicknames`, read once."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from nicknames import NickNamer


@cache
def _namer() -> NickNamer:
    return NickNamer()


@cache
def related(name: str) -> frozenset[str]:
    """Full names that a first name may stand for, itself included: two names go together when these sets meet."""
    return frozenset(_namer().canonicals_of(name) | {name})


def go_together(left: npt.NDArray[np.object_], right: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Pair by pair: one is a short form of the other, or both are short forms of the same full name."""
    known = [not related(a).isdisjoint(related(b)) for a, b in zip(left, right, strict=True)]
    return np.array(known, dtype=bool)
