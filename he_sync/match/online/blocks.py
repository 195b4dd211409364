"""The blocks of a finished run as sorted arrays: which of its records a new one is compared with.

A block that the run took whole is taken whole, one that it split is split by the same columns, and one that stayed too
large is nobody's. The run decides, not the new record: an index that is asked twice answers twice the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.blocking import Keys, _cap, _mixed
from he_sync.match.codes import SEED, Ints
from he_sync.match.keys import RULES, Rule
from he_sync.match.online.rivals import spread
from he_sync.match.online.search import Bins, bins, runs

SPLITS = tuple(dict.fromkeys(part for rule in RULES for part in rule.split))
Members = npt.NDArray[np.uint32]
FEW = 100
"""Rows that are looked for in whole levels: bins pay from some hundred."""


@dataclass(frozen=True)
class Level:
    """Keys of one rule after so many splits: where they stand in the arrays, and the largest block taken whole."""

    rule: int
    depth: int
    start: int
    end: int
    cap: int


class _Plan(NamedTuple):
    """Levels as arrays: the first one of each key of all rules, and of each level its bounds and its cap.

    `following` is the level of the parts of larger blocks (-1 for none), `by` the place in SPLITS of what splits them.
    """

    first: Ints
    start: Ints
    end: Ints
    cap: Ints
    following: Ints
    by: Ints


@dataclass(frozen=True)
class Blocks:
    """All levels one behind the other; `key` ascends within each, `member` is the record of the key."""

    levels: tuple[Level, ...]
    key: Keys
    member: Members

    def found(self, keys: Sequence[Keys], splits: Mapping[str, Keys], *, once: bool = False) -> tuple[Ints, Ints]:
        """Row that asks and record that share a block, each pair once, ascending; arguments as `keys_of` gives them.

        Who asks `once` makes no bins.
        """
        many, pairs, cap = len(keys[0]) > FEW and not once, [np.zeros(0, np.int64)], self._plan.cap
        row = np.concatenate([np.flatnonzero(one) for one in keys])
        key = np.concatenate([one[one != 0] for one in keys])
        level = np.repeat(self._plan.first, [np.count_nonzero(one) for one in keys])
        while len(row):
            bounds = self._bins.bounds(level, key) if many else (self._plan.start[level], self._plan.end[level])
            low, size = runs(self.key, key, *bounds)
            taken, large = size <= cap[level], size > cap[level]
            whose, place = spread(row[taken], low[taken], size[taken])
            pairs.append((whose << 32) | self.member[place])
            row, key, level = self._split(row[large], key[large], level[large], splits)
        pair = np.concatenate(pairs)
        pair.sort()
        pair = pair[np.r_[True, pair[1:] != pair[:-1]][: len(pair)]]
        return pair >> 32, pair & 0xFFFFFFFF

    def _split(self, row: Ints, key: Keys, level: Ints, splits: Mapping[str, Keys]) -> tuple[Ints, Keys, Ints]:
        """Rows, keys and levels of the parts of blocks that the run split further; the others are nobody's."""
        there = self._plan.following[level] >= 0
        row, key, level = row[there], key[there], level[there]
        mixed = key.copy()
        for place, name in enumerate(SPLITS):
            some = np.flatnonzero(self._plan.by[level] == place)
            mixed[some] = _mixed(key[some], splits[name][row[some]])
        return row, mixed, self._plan.following[level]

    @cached_property
    def _plan(self) -> _Plan:
        rules = [level.rule for level in self.levels]
        whole = {level.rule: place for place, level in reversed(list(enumerate(self.levels)))}
        further = [here == there for here, there in pairwise([*rules, -1])]
        by = [
            SPLITS.index(RULES[one.rule].split[one.depth]) if on else -1
            for one, on in zip(self.levels, further, strict=True)
        ]
        return _Plan(
            first=np.array([whole[number] for number, rule in enumerate(RULES) for _ in rule.keys]),
            start=np.array([level.start for level in self.levels]),
            end=np.array([level.end for level in self.levels]),
            cap=np.array([level.cap for level in self.levels]),
            following=np.array([place + 1 if on else -1 for place, on in enumerate(further)]),
            by=np.array(by),
        )

    @cached_property
    def _bins(self) -> Bins:
        """Made when many ask for the first time; a search begins where it nearly ends."""
        return bins([(level.start, level.end) for level in self.levels], self.key)


def keys_of(frame: pl.DataFrame) -> tuple[list[Keys], dict[str, Keys]]:
    """Keys of each rule's expressions, in their order, and the hashes that split."""
    expressions = [part for rule in RULES for part in rule.keys] + [pl.col(name).hash(SEED) for name in SPLITS]
    found = frame.select(part.alias(str(place)) for place, part in enumerate(expressions))
    columns = [column.to_numpy() for column in found]
    return columns[: -len(SPLITS)], dict(zip(SPLITS, columns[-len(SPLITS) :], strict=True))


def blocks(standard: pl.DataFrame) -> Blocks:
    """The blocks of a run's records."""
    keys, splits = keys_of(standard)
    levels: list[Level] = []
    parts: list[tuple[Keys, Ints]] = []
    column = start = 0
    for number, rule in enumerate(RULES):
        mine = keys[column : column + len(rule.keys)]
        column += len(rule.keys)
        for depth, (key, member, cap) in enumerate(_levels(mine, splits, rule, len(standard))):
            levels.append(Level(number, depth, start, start + len(key), cap))
            start += len(key)
            parts.append((key, member))
    key, member = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return Blocks(tuple(levels), key, member.astype(np.uint32))


def _levels(mine: Sequence[Keys], splits: dict[str, Keys], rule: Rule, count: int) -> list[tuple[Keys, Ints, int]]:
    member = np.concatenate([np.flatnonzero(one) for one in mine])
    key = np.concatenate([one[one != 0] for one in mine])
    found = []
    for part in (*rule.split, ""):
        order = np.lexsort((member, key))
        key, member = key[order], member[order]
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
        size = np.diff(np.r_[first, len(key)])
        cap = _cap(size, rule, count)
        found.append((key, member, cap))
        large = np.repeat(size > cap, size)
        if not part or not large.any():
            break
        member = member[large]
        key = _mixed(key[large], splits[part][member])
    return found
