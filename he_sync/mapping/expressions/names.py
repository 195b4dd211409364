"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

NEAR = 0.75
ABBREVIATED = 3
"""Letters from which a start or an end is taken for the whole name."""


def nearest(name: str, there: Iterable[str]) -> str | None:
    """The most similar name, whatever its case; None where nothing is near."""
    names = sorted(set(there))
    folded = {one.casefold(): one for one in reversed(names)}
    wanted = name.casefold().strip()
    if wanted in folded:
        return folded[wanted]
    found = process.extractOne(wanted, list(folded), scorer=JaroWinkler.normalized_similarity, score_cutoff=NEAR)
    edited = process.extractOne(wanted, list(folded), scorer=OSA.normalized_similarity, score_cutoff=NEAR / 1.5)
    if edited and (not found or edited[1] >= found[1] - NEAR / 3):
        return folded[edited[0]]
    if found:
        return folded[found[0]]
    within = [one for one in folded if len(wanted) >= ABBREVIATED and (one.endswith(wanted) or wanted.endswith(one))]
    return folded[min(within, key=len)] if within else None


def did_you_mean(name: str, there: Iterable[str], most: int = 8) -> str:
    """`; did you mean X?`, or what there is where nothing is near and it fits a line."""
    names = sorted(set(there))
    if near := nearest(name, names):
        return f"; did you mean {near}?"
    return f"; there is {', '.join(names[:most])}{', ...' if len(names) > most else ''}" if names else ""
