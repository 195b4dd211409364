"""Pairs of texts that nearly agree, each distinct pair scored once by rapidfuzz."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from he_sync.match.codes import Bools, Ints, Small, Texts, taken
from he_sync.match.letters import Letters, contents
from he_sync.match.nicknames import listed, related

CLOSE = 0.9
"""Jaro-Winkler from which two names count as one misspelt."""
SAME_ROAD = 0.9
SAME_FIRM = 0.92
FIRM_WORDS = 3
"""Words from which a name within another one is the same: `Katsu` and `Restaurant Katsu` may be two companies."""
FEW = 2_000
FAR = 3
"""Edits beyond which nobody asks how many; the scorer stops there."""
SHORT, LONG = 3, 7
"""Letters from which one edit, and from which two, make a name misspelt and not another one."""
WIDEST = 24
"""Digits of a number that are compared: no longer one exists, but a file may hold anything."""


def _workers(texts: Texts) -> int:
    """All cores for a batch; a handful of pairs is done before a thread has started."""
    return -1 if len(texts) > FEW else 1


def _edits(one: Texts, other: Texts) -> npt.NDArray[np.uint8]:
    """Edits between texts; a swap of neighbours is one."""
    return np.asarray(
        cpdist(one, other, scorer=OSA.distance, score_cutoff=FAR - 1, dtype=np.uint8, workers=_workers(one))
    )


def _alike(one: Texts, other: Texts, least: float) -> Bools:
    scores = np.asarray(
        cpdist(one, other, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float32, workers=_workers(one))
    )
    alike: Bools = scores >= least
    return alike


def one_edit(one: Texts, other: Texts) -> Bools:
    """A slip of the finger apart."""
    near: Bools = _edits(one, other) == 1
    return near


def misspelt(one: Texts, other: Texts) -> Bools:
    """Different names of which one looks like the other misspelt."""
    shorter = np.minimum(_lengths(one), _lengths(other))
    distance = _edits(one, other)
    near: Bools = ((distance <= 1) & (shorter >= SHORT)) | ((distance == FAR - 1) & (shorter >= LONG))
    left = np.flatnonzero(~near)
    near[left] = _alike([one[k] for k in left], [other[k] for k in left], CLOSE)
    return near


def may_be_misspelt(known: Letters, one: Small, other: Small) -> Bools:
    """What is left for `misspelt` to look at; initials never are misspelt."""
    maybe = known.within_similarity(one, other, CLOSE) | known.within_edits(one, other, FAR - 1)
    return maybe & (np.minimum(known.lengths[one], known.lengths[other]) > 1)


def same_road(one: Texts, other: Texts) -> Bools:
    """Two spellings of one street."""
    return (_edits(one, other) < FAR) | _alike(one, other, SAME_ROAD)


def same_firm(one: Texts, other: Texts) -> Bools:
    """Two spellings of one company, or its words in another order, some left out."""
    words: Bools = np.array([reordered(*pair) for pair in zip(one, other, strict=True)], bool)
    return words | _alike(one, other, SAME_FIRM)


def reordered(one: str, other: str) -> bool:
    """Whether all words of one name, and no fewer than FIRM_WORDS, are among those of the other."""
    mine, theirs = set(one.split(" ")), set(other.split(" "))
    return min(len(mine), len(theirs)) >= FIRM_WORDS and (mine <= theirs or mine >= theirs)


def may_be_same_firm(known: Letters, one: Small, other: Small) -> Bools:
    """What is left for `same_firm` to look at."""
    return known.within_similarity(one, other, SAME_FIRM) | known.within_letters(one, other)


def shared_word(one: Texts, other: Texts) -> Bools:
    """Names of several words that share one: a maiden name kept, a double name cut."""
    return np.array([not set(a.split()).isdisjoint(b.split()) for a, b in zip(one, other, strict=True)], bool)


def _lengths(texts: Texts) -> Ints:
    return np.fromiter(map(len, texts), np.int64, len(texts))


class Forms:
    """Names of a vocabulary that go together: one is a short form of the other, or both are of a third."""

    def __init__(self, texts: pl.Series) -> None:
        codes = np.flatnonzero(texts.is_in(listed()).to_numpy())
        members: dict[str, list[int]] = {}
        for number, name in enumerate(texts.gather(codes).to_list(), 1):
            for full in related(name):
                members.setdefault(full, []).append(number)
        self._numbers = np.zeros(len(texts), np.int32)
        self._numbers[codes] = np.arange(1, len(codes) + 1)
        self._together = np.zeros((len(codes) + 1, len(codes) + 1), bool)
        pairs = [pair for some in members.values() for pair in permutations(some, 2)]
        self._together[tuple(np.array(pairs, np.int64).reshape(-1, 2).T)] = True

    def among(self, one: Small, other: Small) -> Bools:
        """Whether they go together, pair by pair: looked up in a table of all listed names that the file has."""
        place = taken(self._numbers, one) * np.int32(len(self._together))
        return taken(self._together.ravel(), place + taken(self._numbers, other))


class Digits:
    """Numbers of a vocabulary as bytes in 64-bit words: how two differ is a few operations on whole words."""

    def __init__(self, texts: pl.Series) -> None:
        lengths, content = contents(texts.str.slice(0, WIDEST))
        width = -(-int(lengths.max(initial=1)) // 8) * 8
        self._lengths = texts.str.len_bytes().to_numpy().astype(np.int32)
        self._bytes = np.zeros((len(texts), width), np.uint8)
        self._bytes[np.arange(width) < lengths[:, None]] = content
        self._words = np.ascontiguousarray(self._bytes.view(np.uint64).T)

    def one_off(self, one: Small, other: Small) -> Bools:
        """Numbers of one length that differ in one digit or in two neighbours exchanged."""
        count = np.zeros(len(one), np.uint8)
        for words in self._words:
            count += _bytes_that_differ(taken(words, one) ^ taken(words, other))
        found: Bools = (count == 1) & (taken(self._lengths, one) == taken(self._lengths, other))
        ask = np.flatnonzero(count == 2)  # noqa: PLR2004 - two neighbours
        mine, theirs = self._bytes[one[ask]], self._bytes[other[ask]]
        swapped = (mine[:, :-1] == theirs[:, 1:]) & (mine[:, 1:] == theirs[:, :-1]) & (mine[:, 1:] != mine[:, :-1])
        found[ask] = swapped.any(axis=1) & (self._lengths[one[ask]] == self._lengths[other[ask]])
        return found

    def same_beginning(self, one: Small, other: Small, digits: int) -> Bools:
        """Whether the first digits (at most eight) are the same."""
        mask = np.frombuffer(b"\xff" * digits + b"\0" * (8 - digits), np.uint64)[0]
        same: Bools = ((taken(self._words[0], one) ^ taken(self._words[0], other)) & mask) == 0
        return same


def _bytes_that_differ(changed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    changed |= changed >> np.uint64(4)
    changed |= changed >> np.uint64(2)
    changed |= changed >> np.uint64(1)
    count: npt.NDArray[np.uint8] = np.bitwise_count(changed & np.uint64(0x0101010101010101))
    return count
