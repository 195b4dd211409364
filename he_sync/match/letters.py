"""What each distinct text is made of, as numbers: enough to see that most pairs of texts are not alike at all.

An edit changes at most two of the letters that a text has, so two texts whose letters differ more need no scorer. The
bounds only ever let too much through: results are those of scoring everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import Bools, Ints, Small, taken

Marks = npt.NDArray[np.uint32]
_ASCII = 128
_LETTERS = np.array([1 << (byte % 31) if byte < _ASCII else 1 << 31 for byte in range(256)], np.uint32)
"""A bit by letter; all other scripts share the last one, and about them the letters say nothing."""
_OTHER_SCRIPT = np.uint32(1 << 31)
SLACK = 1e-6
"""Scorers work in 32-bit floats."""


@dataclass(frozen=True)
class Letters:
    """By code of a vocabulary: how many characters a text has, which ones, and its first one."""

    lengths: npt.NDArray[np.int32]
    marks: Marks
    initials: npt.NDArray[np.uint32]

    def within_edits(self, one: Small, other: Small, edits: int) -> Bools:
        """Pairs that so many edits might turn into each other."""
        mine, theirs = taken(self.marks, one), taken(self.marks, other)
        near: Bools = np.abs(taken(self.lengths, one) - taken(self.lengths, other)) <= edits
        near &= np.bitwise_count(mine ^ theirs) <= 2 * edits
        near |= _foreign(mine, theirs)
        return near

    def within_letters(self, one: Small, other: Small) -> Bools:
        """Pairs of which one has no letter that the other lacks."""
        mine, theirs = taken(self.marks, one), taken(self.marks, other)
        within: Bools = ((mine & ~theirs) == 0) | ((theirs & ~mine) == 0)
        return within

    def within_similarity(self, one: Small, other: Small, least: float) -> Bools:
        """Pairs that might reach a Jaro-Winkler similarity: what letters they share bounds the characters that match.

        With one first letter the prefix of at most four raises a Jaro score by up to 0.4 of what it lacks.
        """
        mine, theirs = taken(self.marks, one), taken(self.marks, other)
        long, wide = (taken(self.lengths, which).astype(np.float32) for which in (one, other))
        shared = np.minimum(long - np.bitwise_count(mine & ~theirs), wide - np.bitwise_count(theirs & ~mine))
        jaro = (shared / np.maximum(long, 1) + shared / np.maximum(wide, 1) + 1) / 3
        prefixed = jaro + np.where(taken(self.initials, one) == taken(self.initials, other), 0.4, 0.0) * (1 - jaro)
        maybe: Bools = (prefixed >= least - SLACK) | _foreign(mine, theirs)
        return maybe


def _foreign(mine: Marks, theirs: Marks) -> Bools:
    foreign: Bools = ((mine | theirs) & _OTHER_SCRIPT) > 0
    return foreign


def letters(texts: pl.Series) -> Letters:
    """Facts of a vocabulary."""
    marks = joint_marks(_LETTERS, *contents(texts))
    lengths = texts.str.len_chars().to_numpy().astype(np.int32)
    initials = texts.str.slice(0, 1).hash(0).to_numpy().astype(np.uint32)
    return Letters(lengths, marks, initials)


def joint_marks(bits: Marks, sizes: Ints, content: npt.NDArray[np.uint8]) -> Marks:
    """The bits of all bytes of each text, put together."""
    marked = np.r_[bits[content], np.uint32(0)]
    joint = np.bitwise_or.reduceat(marked, np.cumsum(sizes) - sizes) if len(sizes) else np.zeros(0, np.uint32)
    return np.where(sizes > 0, joint, 0).astype(np.uint32)


def contents(texts: pl.Series) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Bytes of each text, and all of them in a row."""
    content = np.frombuffer(texts.str.join("").item().encode(), np.uint8)
    return texts.str.len_bytes().to_numpy().astype(np.int64), content
