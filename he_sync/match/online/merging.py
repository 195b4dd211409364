"""The blocks of a run after some records left and others came: those of a new run, made of the kept ones.

A block that grows beyond its cap is split, one that shrinks is taken whole, and the cap itself may move: whose block
is another one than before is named, because such records may have other candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from he_sync.match.blocking import Keys, _cap, _mixed
from he_sync.match.codes import Bools, Ints, Small, taken
from he_sync.match.keys import RULES, Rule
from he_sync.match.online.blocks import Blocks, Level, Members
from he_sync.match.online.rivals import spread
from he_sync.match.online.search import after, runs
from he_sync.match.online.splice import among
from he_sync.match.side_by_side import side_by_side

Hashes = Callable[[str, Ints], Keys]
"""Of a column that splits blocks, the hashes of some records' texts; records by their new places."""


class Entries(NamedTuple):
    """Keys and their records by their new places, in this order."""

    key: Keys
    member: Ints | Small


NONE = Entries(np.zeros(0, np.uint64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Moves:
    """What happened to the records.

    The new place of each old one, -1 for one that left; how many there are now; of those that came the `places`, and
    the `keys` as `keys_of` gives them.
    """

    now: Ints
    count: int
    places: Ints
    keys: Sequence[Keys]
    hashes: Hashes


def merged(before: Blocks, moves: Moves) -> tuple[Blocks, Ints]:
    """The blocks of the records as they are now, and the records that have another block than before."""
    now, starts = moves.now.astype(np.int32), np.cumsum([0, *(len(rule.keys) for rule in RULES)])

    def of_rule(number: int) -> list[_Made]:
        mine = moves.keys[starts[number] : starts[number + 1]]
        here = [np.flatnonzero(one) for one in mine]
        key = np.concatenate([one[at] for one, at in zip(mine, here, strict=True)])
        come = Entries(key, np.concatenate([moves.places[at] for at in here]))
        return list(_levels(_Rule(number, before, now, moves), come))

    made = [level for levels in side_by_side(of_rule, range(len(RULES)), moves.count) for level in levels]
    levels, at = [], 0
    for one in made:
        levels.append(Level(one.rule, one.depth, at, at + len(one.key), one.cap))
        at += len(one.key)
    blocks = Blocks(
        tuple(levels), np.concatenate([one.key for one in made]), np.concatenate([one.member for one in made])
    )
    return blocks, np.unique(np.concatenate([one.turned for one in made]))


class _Made(NamedTuple):
    """One level, and the records whose block is taken whole now and was not, or the other way round."""

    rule: int
    depth: int
    cap: int
    key: Keys
    member: Members
    turned: Ints


class _Rule(NamedTuple):
    number: int
    before: Blocks
    now: Small
    moves: Moves

    @property
    def rule(self) -> Rule:
        return RULES[self.number]

    def old(self, depth: int) -> tuple[Entries, int]:
        """A level with its records as they are now (-1 for gone), and its cap."""
        for level in self.before.levels:
            if (level.rule, level.depth) == (self.number, depth):
                part = slice(level.start, level.end)
                return Entries(
                    self.before.key[part], taken(self.now, self.before.member[part].view(np.int32))
                ), level.cap
        return NONE, self.rule.cap

    def finer(self, part: str, some: Entries) -> Entries:
        """Keys of the parts that a column splits blocks into."""
        return Entries(_mixed(some.key, self.moves.hashes(part, some.member.astype(np.int64))), some.member)


def _levels(of: _Rule, come: Entries) -> Iterator[_Made]:
    leave = NONE
    for depth, part in enumerate((*of.rule.split, "")):
        old, cap = of.old(depth)
        stay = _staying(old, leave)
        now, came = _joined(old, stay, come)
        first = np.flatnonzero(np.r_[True, now.key[1:] != now.key[:-1]][: len(now.key)])
        size = np.diff(np.r_[first, len(now.key)])
        touched = np.unique(np.r_[old.key[~stay], come.key])
        before, there = size.copy(), among(now.key[first], touched)
        before[there[there >= 0]] = _sizes(old.key, touched)[there >= 0]
        limit = _cap(size, of.rule, of.moves.count)
        was, large = before > cap, size > limit
        turned = _rows(first, size, was != large)
        yield _Made(of.number, depth, limit, now.key, now.member.astype(np.uint32), now.member[turned].astype(np.int64))
        if not part or not large.any():
            break
        block = np.searchsorted(first, came, "right") - 1
        coming = np.union1d(_rows(first, size, large & ~was), came[(large & was)[block]])
        leaving = np.setdiff1d(_rows(first, size, was & ~large), came)
        further = _of(leave, _sizes(old.key, leave.key) > cap)
        parted = _of(now, leaving)
        leave = Entries(np.r_[further.key, parted.key], np.r_[further.member, parted.member])
        come, leave = of.finer(part, _of(now, coming)), of.finer(part, leave)


def _of(some: Entries, which: Ints | Bools) -> Entries:
    return Entries(some.key[which], some.member[which])


def _sizes(key: Keys, asked: Keys) -> Ints:
    """How often keys stand in ordered ones."""
    return runs(key, asked, np.zeros(len(asked), np.int64), np.full(len(asked), len(key)))[1]


def _rows(first: Ints, size: Ints, which: Bools) -> Ints:
    """All rows of some blocks."""
    some = np.flatnonzero(which)
    return spread(some, first[some], size[some])[1]


def _staying(old: Entries, leave: Entries) -> Bools:
    stay: Bools = old.member >= 0
    low, size = runs(old.key, leave.key, np.zeros(len(leave.key), np.int64), np.full(len(leave.key), len(old.key)))
    which, place = spread(np.arange(len(leave.key)), low, size)
    stay[place[old.member[place] == leave.member[which]]] = False
    return stay


def _joined(old: Entries, stay: Bools, come: Entries) -> tuple[Entries, Ints]:
    """What stays and what comes in order, and the rows of what came."""
    kept = old if stay.all() else _of(old, stay)
    key, member = _of(come, np.lexsort((come.member, come.key)))
    low, high = (np.searchsorted(kept.key, key, side) for side in ("left", "right"))
    at = after(kept.member, member, low, high, same=False)
    members: Small = np.insert(kept.member.astype(np.int32, copy=False), at, member)
    return Entries(np.insert(kept.key, at, key), members), at + np.arange(len(at))
