"""Finding records by key in dense arrays: direct addressing where ids lie close together, sorting where they do not.

A dense id costs one array access (reference reconciliation 2.2: 0.09 s for 5M against 5M); random references cost a
sort of both sides. Ties go to the lowest position, so that the answer never depends on the order of the input.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
AnyInts = NDArray[np.integer]

NOWHERE = -1
SPREAD = 16  # a table of up to 16 places a key is faster than sorting, and 64 bytes a key at most
SAMPLE = 4096


def sorting(ids: AnyInts) -> Places | None:
    """The permutation that sorts unique ids, or None where they are sorted already."""
    if len(ids) < 2 or bool(np.all(ids[1:] > ids[:-1])):  # noqa: PLR2004 - fewer than two are sorted
        return None
    low, high = int(ids.min()), int(ids.max())
    if high - low > SPREAD * len(ids):
        return np.argsort(ids, kind="stable").astype(np.int32)
    table = np.full(high - low + 1, NOWHERE, np.int32)
    table[ids - low] = np.arange(len(ids), dtype=np.int32)
    return table[table >= 0]


class Index:
    """Positions by key. The table is made once: dense keys by direct address, far strays and sparse keys by sorting.

    Key 0 stands for none and is never found.
    """

    def __init__(self, keys: AnyInts, asked: int = 0) -> None:
        """`asked` is how many keys will be looked up: a wide table pays where there are many."""
        self._low, high = _window(keys, max(SPREAD * len(keys), asked))
        self._table = np.empty(0, np.int32)
        strays = np.empty(0, np.int64)
        if self._low > high:
            strays = np.flatnonzero(keys)
        else:
            self._table = np.full(high - self._low + 1, NOWHERE, np.int32)
            _place(self._table, keys, self._low, high)
            if int(keys.min()) < self._low or int(keys.max()) > high:
                strays = np.flatnonzero(((keys < self._low) | (keys > high)) & (keys != 0))
            if self._low <= 0 <= high:
                self._table[-self._low] = NOWHERE
        order = np.argsort(keys[strays], kind="stable")
        self._places = strays[order].astype(np.int32)
        self._ranked = keys[self._places]

    def find(self, wanted: AnyInts) -> Places:
        """For each wanted key the lowest position that holds it, or -1."""
        if not len(self._table):
            return self._sorted(wanted)
        if wanted.dtype != np.int64 and self._low > np.iinfo(wanted.dtype).max:
            wanted = wanted.astype(np.int64)
        top = self._low + len(self._table)
        if not len(wanted) or (int(wanted.min()) >= self._low and int(wanted.max()) < top):
            return self._table[wanted - self._low]
        inside = (wanted >= self._low) & (wanted < top)
        found = self._table[np.where(inside, wanted - self._low, 0)]
        outside = np.flatnonzero(~inside)
        found[outside] = self._sorted(wanted[outside]) if len(self._ranked) else NOWHERE
        return found

    def _sorted(self, wanted: AnyInts) -> Places:
        if not len(self._ranked):
            return np.full(len(wanted), NOWHERE, np.int32)
        ask = np.argsort(wanted)
        at = np.searchsorted(self._ranked, wanted[ask])
        at[at == len(self._ranked)] = 0
        hit = (self._ranked[at] == wanted[ask]) & (wanted[ask] != 0)
        found = np.empty(len(wanted), np.int32)
        found[ask] = np.where(hit, self._places[at], NOWHERE)
        return found


def find(keys: AnyInts, wanted: AnyInts) -> Places:
    """For each wanted key the lowest position in `keys` that holds it, or -1; 0 is never found."""
    if not len(keys) or not len(wanted):
        return np.full(len(wanted), NOWHERE, np.int32)
    return Index(keys, len(wanted)).find(wanted)


def among(ranked: AnyInts, wanted: AnyInts) -> Mask:
    """Which keys are in `ranked`, which is sorted; 0 is a key like any other."""
    if not len(ranked):
        return np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(ranked, wanted), len(ranked) - 1)
    return np.asarray(ranked[at] == wanted)


def _place(table: Places, keys: AnyInts, low: int, high: int) -> None:
    """Write positions backwards, so that the lowest of equal keys is the one that stays."""
    step = 1 << 20
    for start in range(len(keys) - 1, -1, -step):
        stop = max(start - step, -1)
        part = keys[start : stop if stop >= 0 else None : -1]
        places = np.arange(start, stop, -1, dtype=np.int32)
        inside = (part >= low) & (part <= high)
        if inside.all():
            table[part - low] = places
        else:
            table[part[inside] - low] = places[inside]


def _window(keys: AnyInts, most: int) -> tuple[int, int]:
    """The span that a table may cover: all keys, or without the far strays; (1, 0) where it would be over `most`."""
    if not len(keys):
        return 1, 0
    low, high = int(keys.min()), int(keys.max())
    if high - low <= most:
        return low, high
    sample = keys[:: max(1, len(keys) // SAMPLE)]
    sample = np.sort(sample[sample != 0])
    if not len(sample):
        return 1, 0
    trim = len(sample) // 50
    inner, outer = int(sample[trim]), int(sample[-1 - trim])
    margin = (outer - inner) // 16 + 1
    inner, outer = max(inner - margin, low), min(outer + margin, high)
    return (inner, outer) if outer - inner <= most else (1, 0)


def group(columns: Sequence[AnyInts], tie: AnyInts) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows in order of (columns, tie), with the number of each row's group and its rank inside it."""
    if (key := _digits(columns, tie)) is not None:
        order, columns = by_digits(key), [key]
    else:
        order = np.lexsort((tie, *reversed(columns)))
    if not len(order):
        return order, order, order
    new = np.ones(len(order), bool)
    new[1:] = np.logical_or.reduce([column[order][1:] != column[order][:-1] for column in columns])
    number = np.cumsum(new) - 1
    rank = np.arange(len(order)) - np.flatnonzero(new)[number]
    return order, number, rank


def _digits(columns: Sequence[AnyInts], tie: AnyInts) -> NDArray[np.uint32] | None:
    """Columns of few values as one key in their order, where `tie` is the order at hand; None where that is not so."""
    if len(tie) < SAMPLE or not bool(np.all(tie[1:] > tie[:-1])):
        return None
    (key,) = pack(*([column] for column in columns))
    return key.astype(np.uint32) if int(key.max()) < 1 << 32 else None


def by_digits(key: NDArray[np.uint32]) -> Ints:
    """The stable order, 16 bits at a time: numpy counts such digits, 500,000 in 0.01 s, and compares all others."""
    order = np.argsort((key & 0xFFFF).astype(np.uint16), kind="stable")
    high = (key >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order


def pack(*columns: Sequence[AnyInts]) -> list[Ints]:
    """One key a row, equal exactly where all columns are equal, for several tables at once.

    Each argument is one column as it stands in each table; the result has one array a table.
    """
    keys = [np.ones(len(part), np.int64) for part in columns[0]]  # 0 stands for none
    span = 2
    for column in columns:
        filled = [part for part in column if len(part)]
        low = min((int(part.min()) for part in filled), default=0)
        wide = max((int(part.max()) for part in filled), default=0) - low + 1
        if span * wide >= 1 << 62:
            keys, span = _renumber(keys)
        parts: Sequence[AnyInts] = column
        if span * wide >= 1 << 62:
            parts = _renumber([part.astype(np.int64) for part in column])[0]
            low, wide = 0, max((int(part.max()) for part in parts if len(part)), default=0) + 1
        keys = [key * wide + (part.astype(np.int64) - low) for key, part in zip(keys, parts, strict=True)]
        span *= wide
    return keys


def _renumber(parts: Sequence[Ints]) -> tuple[list[Ints], int]:
    """Dense numbers in the order of the values."""
    distinct, numbers = np.unique(np.concatenate(parts), return_inverse=True)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return list(np.split(numbers.astype(np.int64) + 1, ends)), len(distinct) + 2
