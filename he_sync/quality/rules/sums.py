"""Candidates for sums: signed columns that come to nothing on a few rows.

Each column of a sample of rows is one number, its values times random numbers, modulo 2**64: a sum of columns is the
sum of their numbers, so that sums of up to five columns are found by sorting and not by trying 140,000 of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Signed = tuple[tuple[int, int], ...]
Combined = tuple[npt.NDArray[np.intp], Whole, Whole]
ROWS = 6
"""Rows of a sample: few, so that one without a wrong value is among the samples."""
SAMPLES, EVEN, SELDOM = 4, 16, 0.7
"""Samples of rows on which a column says something, of each that does so on fewer rows than this; and of any rows."""


def samples(values: Whole, seed: int = 7) -> Iterator[npt.NDArray[np.intp]]:
    """Places of rows: a column that is mostly 0 is in no sum of rows where it is."""
    draw = np.random.default_rng(seed)
    everything = np.arange(len(values))
    for _ in range(EVEN):
        yield draw.choice(everything, min(ROWS, len(values)), replace=False)
    for column in values.T:
        there = np.flatnonzero(column)
        if ROWS <= len(there) < SELDOM * len(values):
            for _ in range(SAMPLES):
                yield draw.choice(there, ROWS, replace=False)


def numbered(rows: Whole, seed: int = 11) -> Whole:
    """One number a column of a sample."""
    times = np.random.default_rng(seed).integers(-(2**62), 2**62, len(rows))
    with np.errstate(over="ignore"):
        return np.asarray((rows * times.reshape(-1, *[1] * (rows.ndim - 1))).sum(axis=0))


def sums(rows: Whole) -> Iterator[Signed]:
    """Signed places of columns that come to nothing on a sample; the first sign is a plus."""
    numbers = numbered(rows)
    active = [int(place) for place in np.flatnonzero(numbers)]
    pairs = combined(numbers, active, 2)
    nothing: dict[int, list[Signed]] = {0: [()]}
    single = _by_value(combined(numbers, active, 1))
    double = _by_value(pairs)
    for some, others in ((pairs, nothing), (pairs, single), (pairs, double), (combined(numbers, active, 3), double)):
        for members, signs, value in _hits(some, others):
            yield from _together(members, signs, others.get(-value, []))


def combined(numbers: Whole, active: list[int], size: int) -> Combined:
    """Members, signs and values of every signed choice of columns; the first sign is a plus."""
    members = np.array(list(combinations(active, size)), dtype=np.intp).reshape(-1, size)
    signs = np.array([[1, *_bits(one, size - 1)] for one in range(2 ** (size - 1))], dtype=np.int64)
    with np.errstate(over="ignore"):
        values = numbers[members] @ signs.T
    return np.repeat(members, len(signs), axis=0), np.tile(signs, (len(members), 1)), values.reshape(-1)


def _bits(number: int, size: int) -> list[int]:
    return [1 - 2 * (number >> place & 1) for place in range(size)]


def _hits(some: Combined, others: Mapping[int, list[Signed]]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Choices whose value is the opposite of one of the others."""
    members, signs, found = some
    for place in np.flatnonzero(np.isin(-found, np.array(list(others), np.int64))):
        yield tuple(map(int, members[place])), tuple(map(int, signs[place])), int(found[place])


def _by_value(pairs: Combined) -> dict[int, list[Signed]]:
    found: dict[int, list[Signed]] = {}
    for members, signs, value in zip(*pairs, strict=True):
        one = _plain(tuple(map(int, members)), tuple(map(int, signs)))
        found.setdefault(int(value), []).append(one)
        found.setdefault(-int(value), []).append(tuple((place, -sign) for place, sign in one))
    return found


def _plain(members: tuple[int, ...], signs: tuple[int, ...]) -> Signed:
    return tuple(zip(members, signs, strict=True))


def _together(members: tuple[int, ...], signs: tuple[int, ...], others: list[Signed]) -> Iterator[Signed]:
    for other in others:
        if not {place for place, _ in other} & set(members):
            whole = sorted((*_plain(members, signs), *other))
            yield tuple((place, sign * whole[0][1]) for place, sign in whole)
