"""Candidate pairs from keys: small blocks whole, large ones split, what is still too large skipped and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import SEED, Ints
from he_sync.match.keys import RULES, Rule
from he_sync.match.table import Table

Keys = npt.NDArray[np.uint64]

RULE_BITS = 5
"""A pair and its rule travel in one 64-bit number: 2 x 29 bits of records, 5 of the rule."""
MOST = 1 << 29
FREE = 100_000
"""Pairs that a rule may always propose, however small the file."""


@dataclass
class Cost:
    """What one rule did: keys that two records share, pairs, pairs that no other rule found, and what was too large."""

    rule: str
    blocks: int = 0
    pairs: int = 0
    alone: int = 0
    largest: int = 0
    example: str = ""
    split: int = 0
    skipped: int = 0
    skipped_pairs: int = 0


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs, each once, left position below right, sorted; `costs` has a line for each rule."""

    left: Ints
    right: Ints
    costs: tuple[Cost, ...] = field(default=())

    def __len__(self) -> int:
        """Pairs."""
        return len(self.left)


def candidates(records: Table, rules: Sequence[Rule] = RULES) -> Pairs:
    """Pairs of all rules over both sides and within each: duplicates of a source are found in the same pass."""
    parts = {part for rule in rules for part in rule.split}
    splitter = {name: records.standard[name].hash(SEED).to_numpy() for name in parts}
    costs, packed = [Cost(rule.name) for rule in rules], []
    for number, (rule, cost) in enumerate(zip(rules, costs, strict=True)):
        for one, other in _Splits(records, rule, splitter, cost).pairs():
            pair = np.minimum(one, other) * len(records) + np.maximum(one, other)
            packed.append((pair << RULE_BITS) | number)
    return _merged(np.concatenate(packed) if packed else np.zeros(0, np.int64), len(records), costs)


def _merged(packed: Ints, count: int, costs: list[Cost]) -> Pairs:
    """Each pair once. Two keys of one rule may give the same pair; it counts once for the rule."""
    packed.sort()
    packed = packed[np.r_[True, packed[1:] != packed[:-1]]] if len(packed) else packed
    rule, pair = packed & ((1 << RULE_BITS) - 1), packed >> RULE_BITS
    first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]) if len(pair) else np.zeros(0, np.int64)
    alone = first[np.diff(np.r_[first, len(pair)]) == 1]
    all_pairs, lone = (np.bincount(one, minlength=len(costs)).tolist() for one in (rule, rule[alone]))
    for cost, pairs, only in zip(costs, all_pairs, lone, strict=True):
        cost.pairs, cost.alone = pairs, only
    pair = pair[first]
    return Pairs(pair // count, pair % count, tuple(costs))


class _Splits:
    """Blocks of one rule: whole where they are small, else split by further columns, else skipped and counted."""

    def __init__(self, records: Table, rule: Rule, splitter: Mapping[str, Keys], cost: Cost) -> None:
        self._records, self._rule, self._splitter, self._cost = records, rule, splitter, cost

    def pairs(self) -> Iterator[tuple[Ints, Ints]]:
        """Pairs of positions; a pair may come more than once."""
        standard = self._records.standard
        keys = standard.select(part.alias(str(place)) for place, part in enumerate(self._rule.keys))
        columns = [column.to_numpy() for column in keys]
        member = np.concatenate([np.flatnonzero(column) for column in columns])
        key = np.concatenate([column[column != 0] for column in columns])
        yield from self._blocks(key, member, self._rule.split)

    def _blocks(self, key: Keys, member: Ints, split: tuple[str, ...]) -> Iterator[tuple[Ints, Ints]]:
        key, member = _sorted(key, member, len(self._records))
        start = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
        size = np.diff(np.r_[start, len(key)])
        cap = _cap(size, self._rule, len(self._records))
        if split == self._rule.split:
            _note(self._records, self._cost, member, start, size)
            self._cost.split = int((size > cap).sum())
        yield from _small(member, start, size, cap)
        large = np.repeat(size > cap, size)
        if large.any() and split:
            finer = _mixed(key[large], self._splitter[split[0]][member[large]])
            yield from self._blocks(finer, member[large], split[1:])
        elif large.any():
            self._skip(size[size > cap])

    def _skip(self, size: Ints) -> None:
        self._cost.skipped += len(size)
        self._cost.skipped_pairs += int((size * (size - 1) // 2).sum())


def _sorted(key: Keys, member: Ints, count: int) -> tuple[Keys, Ints]:
    """Keys in order, each with its member.

    Key and position are sorted as one number. What a position needs is cut off the key: 43 of 64 bits stay with two
    million records, and two keys that fall together cost one comparison.
    """
    bits = np.uint64(max(count - 1, 1).bit_length())
    packed = (key >> bits << bits) | member.astype(np.uint64)
    packed.sort()
    position = packed & ((np.uint64(1) << bits) - np.uint64(1))
    return packed >> bits, position.astype(np.int64)


def _cap(size: Ints, rule: Rule, count: int) -> int:
    """The largest block taken whole: the rule's cap, or less where smaller blocks already fill the rule's budget."""
    lengths, blocks = np.unique(size[size <= rule.cap], return_counts=True)
    pairs = np.cumsum(blocks * (lengths * (lengths - 1) // 2))
    inside = int(np.searchsorted(pairs, max(FREE, int(rule.budget * count)), side="right"))
    return rule.cap if inside == len(lengths) else int(lengths[max(inside - 1, 0)])


def _note(records: Table, cost: Cost, member: Ints, start: Ints, size: Ints) -> None:
    cost.blocks = int((size > 1).sum())
    if len(size):
        largest = int(np.argmax(size))
        cost.largest = int(size[largest])
        block = member[start[largest] : start[largest] + size[largest]]
        shown = records.standard.row(int(block.min()), named=True)
        names = ("first", "last", "firm", "user", "digits", "number", "road", "zip5")
        cost.example = " ".join(shown[name] for name in names if shown[name])


def _small(member: Ints, start: Ints, size: Ints, cap: int) -> Iterator[tuple[Ints, Ints]]:
    """All pairs of blocks up to the cap, blocks of one size together."""
    for length in np.unique(size[(size > 1) & (size <= cap)]):
        starts = start[size == length]
        one, other = np.triu_indices(int(length), 1)
        low, high = member[(starts[:, None] + one).ravel()], member[(starts[:, None] + other).ravel()]
        apart = low != high
        yield low[apart], high[apart]


def _mixed(key: Keys, other: Keys) -> Keys:
    """A finer key of two; the odd multiplier keeps swapped parts apart."""
    return key * np.uint64(0x9E3779B97F4A7C15) ^ other


def listed(costs: Sequence[Cost]) -> pl.DataFrame:
    """The report of the rules as a table, one row a rule."""
    return pl.DataFrame([vars(cost) for cost in costs])
