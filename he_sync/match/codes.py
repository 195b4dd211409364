"""Text columns as integers, so that pairs are compared by number and each distinct pair of texts is scored once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Places = Ints | Small
"""Positions of records; 32 bits where there are many of them."""
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Texts = list[str]
Score = TypeVar("Score", bound=np.generic)

One = TypeVar("One", bound=np.generic)

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""Spreads what differs in low bits over all of them; two different numbers stay different."""
SEED = 20
"""Of the 64-bit hashes. Two of 2 million texts meet by chance once in ten million runs."""


@dataclass(frozen=True)
class Codes:
    """One column: `at[k]` is the code of record k, `texts[code]` what it stands for. Code 0 is the empty text."""

    at: Small
    texts: pl.Series

    @property
    def counts(self) -> Ints:
        """Records by code; the empty text counts as 0."""
        found = np.bincount(self.at, minlength=len(self.texts))
        found[0] = 0
        return found

    @property
    def frequency(self) -> Ints:
        """Records that have this record's text; 0 where it has none."""
        return self.counts[self.at]


def coded(*columns: pl.Series) -> tuple[Codes, ...]:
    """Codes of columns that share one vocabulary (first and last names: they are exchanged now and then)."""
    empty = pl.Series("text", [""])
    if not any(column.str.len_bytes().max() for column in columns):
        return tuple(Codes(np.zeros(len(column), np.int32), empty) for column in columns)
    texts = pl.concat([empty, *(column.alias("text") for column in columns)])
    code, place = numbered(texts.hash(SEED).to_numpy())
    code, words = code[1:], texts.gather(place)
    ends = np.cumsum([len(column) for column in columns])
    return tuple(Codes(part, words) for part in np.split(code, ends[:-1]))


def numbered(values: npt.NDArray[np.uint64] | Ints) -> tuple[Small, Ints]:
    """Values by number, in the order in which they first come, and where each comes first.

    Value and position are sorted as one number, which is as fast as a hash table and needs none. What the position
    needs is cut off the value; where two values fall together for that, whole ones are sorted.
    """
    bits = np.uint64(max(len(values) - 1, 1).bit_length())
    packed = values.astype(np.uint64) * _ODD >> bits << bits
    packed |= np.arange(len(values), dtype=np.uint64)
    packed.sort()
    at = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    packed >>= bits
    new = _changes(packed)
    if np.array_equal(new, _changes(values[at])):
        place = at[new]
    else:
        at = np.argsort(values, kind="stable")
        new = _changes(values[at])
        place = at[new]
    order = np.argsort(place)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    code = np.empty(len(values), np.int32)
    code[at] = rank[np.cumsum(new, dtype=np.int32) - 1]
    return code, place[order]


def _changes(ordered: npt.NDArray[Any]) -> Bools:
    """Whether a value is another one than the one before it."""
    found = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def taken(values: npt.NDArray[One], at: Ints | Small, into: npt.NDArray[One] | None = None) -> npt.NDArray[One]:
    """`values[at]` of positions that exist: numpy checks each of them otherwise, and takes thrice the time."""
    found: npt.NDArray[One] = np.take(values, at, axis=-1, out=into, mode="clip")
    return found


def by_distinct_pair(
    one: Ints, other: Ints, texts: pl.Series, score: Callable[[Texts, Texts], npt.NDArray[Score]]
) -> npt.NDArray[Score]:
    """`score` of each pair of texts; each distinct unordered pair is scored once."""
    key = np.minimum(one, other) * len(texts)
    key += np.maximum(one, other)
    code, place = numbered(key)
    low, high = np.minimum(one[place], other[place]), np.maximum(one[place], other[place])
    return score(texts.gather(low).to_list(), texts.gather(high).to_list())[code]
