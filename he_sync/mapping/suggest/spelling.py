"""How alike two words are by their letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from he_sync.mapping.suggest.profiles import Floats

MISSPELT = 0.88
"""Jaro-Winkler from which two words are one misspelt: `recieve` and `receive` have 0.94, `price` and `prime` 0.84."""
BEGINNING = 3
"""Letters of a word's beginning that may stand for it: `desc`, `cat`."""


def spelling(left: Sequence[str], right: Sequence[str]) -> Floats:
    """How alike words are by their letters: same, one letter wrong, or one the beginning of the other."""
    near = process.cdist(left, right, scorer=JaroWinkler.similarity, score_cutoff=MISSPELT).astype(float)
    found = np.where(near >= 1.0, 1.0, near * 0.8)
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            short, long = sorted((one, other), key=len)
            if len(short) >= BEGINNING and short != long and long.startswith(short):
                found[row, column] = max(found[row, column], 0.7)
            if long in {"un" + short, "non" + short, "in" + short}:
                found[row, column] = 0.0
            if short.isdigit() != long.isdigit() or (short.isdigit() and short != long):
                found[row, column] = 0.0
    return found
