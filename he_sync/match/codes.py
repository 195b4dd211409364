"""Text columns as integers, so that pairs are compared by number and each distinct pair of texts is scored once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Texts = list[str]
Score = TypeVar("Score", bound=np.generic)

SEED = 20
"""Of the 64-bit hashes. Two of 2 million texts meet by chance once in ten million runs."""


@dataclass(frozen=True)
class Codes:
    """One column: `at[k]` is the code of record k, `texts[code]` what it stands for. Code 0 is the empty text."""

    at: Ints
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
    texts = pl.concat([pl.Series("text", [""]), *(column.alias("text") for column in columns)])
    _, place, code = np.unique(texts.hash(SEED).to_numpy(), return_index=True, return_inverse=True)
    order = np.argsort(place, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    code, words = rank[code.ravel()][1:], texts.gather(place[order])
    ends = np.cumsum([len(column) for column in columns])
    return tuple(Codes(part.astype(np.int64), words) for part in np.split(code, ends[:-1]))


def by_distinct_pair(
    left: Ints, right: Ints, texts: pl.Series, need: Bools, score: Callable[[Texts, Texts], npt.NDArray[Score]]
) -> npt.NDArray[Score]:
    """`score` of each pair of texts where it is needed, 0 elsewhere; each distinct unordered pair is scored once."""
    low, high = np.minimum(left[need], right[need]), np.maximum(left[need], right[need])
    distinct, inverse = np.unique(low * len(texts) + high, return_inverse=True)
    scores = score(texts.gather(distinct // len(texts)).to_list(), texts.gather(distinct % len(texts)).to_list())
    found = np.zeros(len(left), scores.dtype)
    found[need] = scores[inverse]
    return found
