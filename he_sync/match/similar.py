"""Pairs of texts that nearly agree, each distinct pair scored once by rapidfuzz."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from he_sync.match.codes import Bools, Codes, Floats, Ints, Texts, by_distinct_pair
from he_sync.match.nicknames import related

CLOSE = 0.9
"""Jaro-Winkler from which two names count as one misspelt."""
FEW = 2_000
FAR = 3
"""Edits beyond which nobody asks how many; the scorer stops there."""


def _workers(texts: Texts) -> int:
    """All cores for a batch; a handful of pairs is done before a thread has started."""
    return -1 if len(texts) > FEW else 1


def _edits(one: Texts, other: Texts) -> npt.NDArray[np.uint8]:
    return np.asarray(
        cpdist(one, other, scorer=OSA.distance, score_cutoff=FAR - 1, dtype=np.uint8, workers=_workers(one))
    )


def _alike(one: Texts, other: Texts) -> npt.NDArray[np.float32]:
    return np.asarray(
        cpdist(one, other, scorer=JaroWinkler.similarity, score_cutoff=CLOSE, dtype=np.float32, workers=_workers(one))
    )


def edits(left: Ints, right: Ints, texts: pl.Series, need: Bools) -> Ints:
    """Edits between texts (a swap of neighbours is one), FAR where there are more or none was asked for."""
    found = by_distinct_pair(left, right, texts, need, _edits)
    return np.where(need, np.minimum(found, FAR), FAR)


def one_digit_off(left: Ints, right: Ints, texts: pl.Series) -> Bools:
    """Numbers of one length that differ in one digit or in two neighbours exchanged, by arithmetic on their digits."""
    length = texts.str.len_bytes().to_numpy()
    width = int(length.max(initial=1))
    padded = texts.str.pad_end(width, " ").to_numpy().astype(f"S{width}")
    marks = padded.view(np.uint8).reshape(len(texts), -1)
    ask = np.flatnonzero((left != right) & (left > 0) & (right > 0) & (length[left] == length[right]))
    one, other = marks[left[ask]], marks[right[ask]]
    differs = one != other
    count = differs.sum(axis=1)
    swapped = (differs[:, :-1] & differs[:, 1:] & (one[:, :-1] == other[:, 1:]) & (one[:, 1:] == other[:, :-1])).any(
        axis=1
    )
    found = np.zeros(len(left), bool)
    found[ask] = (count == 1) | ((count == 2) & swapped)  # noqa: PLR2004 - two neighbours
    return found


def misspelt(left: Ints, right: Ints, texts: pl.Series, lengths: Ints) -> Bools:
    """Different names of which one looks like the other misspelt; initials never do."""
    need = (left != right) & (lengths[left] > 1) & (lengths[right] > 1)
    return by_distinct_pair(left, right, texts, need, _misspelt)


def _misspelt(one: Texts, other: Texts) -> Bools:
    shorter = np.minimum(_lengths(one), _lengths(other))
    distance = _edits(one, other)
    near: Bools = ((distance <= 1) & (shorter >= 3)) | ((distance == 2) & (shorter >= 7))  # noqa: PLR2004 - letters
    left = np.flatnonzero(~near)
    near[left] = _alike([one[k] for k in left], [other[k] for k in left]) >= CLOSE
    return near


def _lengths(texts: Texts) -> Ints:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def short_form(left: Ints, right: Ints, texts: pl.Series) -> Bools:
    """Different first names of which one is a short form of the other, or both of a third."""
    both = (left != right) & (left > 0) & (right > 0)
    used = np.zeros(len(texts), bool)
    used[left[both]] = used[right[both]] = True
    known, low, high = np.flatnonzero(both), np.minimum(left[both], right[both]), np.maximum(left[both], right[both])
    found = np.zeros(len(left), bool)
    found[known] = np.isin(low * len(texts) + high, _forms(np.flatnonzero(used), texts))
    return found


def _forms(names: Ints, texts: pl.Series) -> Ints:
    """All pairs of these names that go together, as low * len(texts) + high: two names of one full name."""
    members: dict[str, list[int]] = {}
    for code, name in zip(names.tolist(), texts.gather(names).to_list(), strict=True):
        for full in related(name):
            members.setdefault(full, []).append(code)
    pairs = {one * len(texts) + other for some in members.values() for one, other in combinations(some, 2)}
    return np.fromiter(pairs, np.int64, len(pairs))


def shared_word(left: Ints, right: Ints, texts: pl.Series, several: Bools) -> Bools:
    """Names of several words that share one: a maiden name kept, a double name cut."""
    need = (left != right) & (left > 0) & (right > 0) & (several[left] | several[right])
    return by_distinct_pair(left, right, texts, need, _shared_word)


def _shared_word(one: Texts, other: Texts) -> Bools:
    return np.array([not set(a.split()).isdisjoint(b.split()) for a, b in zip(one, other, strict=True)], bool)


def alike(column: Codes, left: Ints, right: Ints, need: Bools, least: float) -> Bools:
    """Values of a column that reach a Jaro-Winkler similarity, among the pairs where it is needed."""
    one, other = column.at[left], column.at[right]
    return by_distinct_pair(one, other, column.texts, need, partial(_at_least, least=least))


def _at_least(one: Texts, other: Texts, least: float) -> Bools:
    scores: Floats = np.asarray(
        cpdist(one, other, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float32, workers=_workers(one))
    )
    return scores >= least
