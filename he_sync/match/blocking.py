"""Candidate pairs from keys: small blocks whole, large ones split, what is still too large skipped and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import SEED, Ints, Places, Small, taken
from he_sync.match.keys import RULES, Key, Rule
from he_sync.match.keys import SEED as KEYS
from he_sync.match.side_by_side import side_by_side
from he_sync.match.table import Table

Keys = npt.NDArray[np.uint64]
Packed = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.intp]

RULE_BITS = 5
"""A pair and its rule travel in one 64-bit number: 2 x 29 bits of records, 5 of the rule."""
SLICE = 1 << 19
"""Proposals merged at a time, 4 MB: a core's cache holds them while they are sorted."""
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

    left: Places
    right: Places
    costs: tuple[Cost, ...] = field(default=())

    def __len__(self) -> int:
        """Pairs."""
        return len(self.left)


def candidates(records: Table, rules: Sequence[Rule] = RULES) -> Pairs:
    """Pairs of all rules over both sides and within each: duplicates of a source are found in the same pass."""
    splitter, costs = _splitter(records, rules), [Cost(rule.name) for rule in rules]
    bits = max(len(records) - 1, 1).bit_length()
    shift, room = np.uint64(bits), np.uint64(RULE_BITS)

    def proposed(number: int) -> Packed:
        found: list[Packed] = [np.zeros(0, np.uint64)]
        for low, high in _Splits(records, rules[number], splitter, costs[number]).pairs():
            packed = low.astype(np.uint64) << shift
            packed |= high.astype(np.uint64)
            packed <<= room
            packed |= np.uint64(number)
            found.append(packed)
        return _once(np.concatenate(found))

    return _merged(side_by_side(proposed, range(len(rules))), len(records), bits, costs)


def expected(records: Table, rules: Sequence[Rule] = RULES) -> tuple[Cost, ...]:
    """What each rule will do, without making a pair: `pairs` counts what it proposes, `alone` stays 0."""
    splitter, costs = _splitter(records, rules), [Cost(rule.name) for rule in rules]

    def counted(number: int) -> None:
        for _ in _Counted(records, rules[number], splitter, costs[number]).pairs():
            raise AssertionError("a rule that is only counted gave pairs")

    side_by_side(counted, range(len(rules)))
    return tuple(costs)


def _splitter(records: Table, rules: Sequence[Rule]) -> dict[str, Keys]:
    """Of each column that splits blocks, the hashes of its texts, by code."""
    parts = {part for rule in rules for part in rule.split}
    return {name: records.codes[name].texts.hash(SEED).to_numpy() for name in parts}


def _keys(records: Table, key: Key) -> Keys:
    """A key a record, 0 for none, made of the hashes of its texts: each distinct text is read once.

    Records share a key where they share one by the key's expression; the numbers are others.
    """
    found = _hashed(records, key.parts[0], key)
    for part in key.parts[1:]:
        other = _hashed(records, part, key)
        missing = (found == 0) | (other == 0)
        found = found + other if key.either_order else _mixed(found, other)
        found[missing] = 0
    return found


def _hashed(records: Table, part: pl.Expr, key: Key) -> Keys:
    name = part.meta.root_names()[0]
    codes = records.codes[name]
    texts = pl.DataFrame({name: codes.texts}).select(part.alias("part")).to_series()
    hashes: Keys = np.where(key.there(texts).to_numpy(), texts.hash(KEYS).to_numpy(), np.uint64(0))
    return taken(hashes, codes.at)


def _merged(proposed: Sequence[Packed], count: int, bits: int, costs: Sequence[Cost]) -> Pairs:
    """Each pair once, in order: the records in slices, so that slices are merged side by side and stay small."""
    slices = np.linspace(0, count, 1 + sum(map(len, proposed)) // SLICE, endpoint=False).astype(np.uint64)
    edges = [[*np.searchsorted(one, slices << (bits + RULE_BITS)).tolist(), len(one)] for one in proposed]

    def merged(place: int) -> tuple[Small, Small, Counts, Counts]:
        packed = np.concatenate([one[edge[place] : edge[place + 1]] for one, edge in zip(proposed, edges, strict=True)])
        packed.sort()
        rule, pair = (packed & np.uint64((1 << RULE_BITS) - 1)).astype(np.uint8), packed >> RULE_BITS
        first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]][: len(pair)])
        alone = first[np.diff(np.r_[first, len(pair)]) == 1]
        every, lone = (np.bincount(one, minlength=len(costs)) for one in (rule, rule[alone]))
        pair = pair[first]
        return (pair >> bits).astype(np.int32), (pair & np.uint64((1 << bits) - 1)).astype(np.int32), every, lone

    left, right, every, lone = zip(*side_by_side(merged, range(len(slices))), strict=True)
    for cost, pairs, only in zip(costs, sum(every).tolist(), sum(lone).tolist(), strict=True):
        cost.pairs, cost.alone = pairs, only
    return Pairs(np.concatenate(left), np.concatenate(right), tuple(costs))


def _once(packed: Packed) -> Packed:
    """In order, without repetition: two keys of one rule may give the same pair, which counts once for the rule."""
    packed.sort()
    once: Packed = packed[np.r_[True, packed[1:] != packed[:-1]][: len(packed)]]
    return once


class _Splits:
    """Blocks of one rule: whole where they are small, else split by further columns, else skipped and counted."""

    def __init__(self, records: Table, rule: Rule, splitter: Mapping[str, Keys], cost: Cost) -> None:
        self._records, self._rule, self._splitter, self._cost = records, rule, splitter, cost

    def pairs(self) -> Iterator[tuple[Small, Small]]:
        """Pairs of positions, the lower one first; a pair may come more than once."""
        columns = [_keys(self._records, key) for key in self._rule.of]
        members = [np.flatnonzero(column) for column in columns]
        key = np.concatenate([taken(column, there) for column, there in zip(columns, members, strict=True)])
        member = np.concatenate(members).astype(np.int32)
        yield from self._blocks(key, member, self._rule.split)

    def _blocks(self, key: Keys, member: Small, split: tuple[str, ...]) -> Iterator[tuple[Small, Small]]:
        key, member = _sorted(key, member, len(self._records))
        start = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
        size = np.diff(np.r_[start, len(key)])
        cap = _cap(size, self._rule, len(self._records))
        if split == self._rule.split:
            _note(self._records, self._cost, member, start, size)
            self._cost.split = int((size > cap).sum())
        yield from self._whole(member, start, size, cap)
        over = size > cap
        if over.any() and split:
            large = np.repeat(over, size)
            at = self._records.codes[split[0]].at[member[large]]
            finer = _mixed(key[large], self._splitter[split[0]][at])
            yield from self._blocks(finer, member[large], split[1:])
        elif over.any():
            self._skip(size[over])

    def _whole(self, member: Small, start: Ints, size: Ints, cap: int, /) -> Iterator[tuple[Small, Small]]:
        yield from _small(member, start, size, cap)

    def _skip(self, size: Ints) -> None:
        self._cost.skipped += len(size)
        self._cost.skipped_pairs += int((size * (size - 1) // 2).sum())


class _Counted(_Splits):
    """The same blocks, whose pairs are counted and not made."""

    def _whole(self, _member: Small, _start: Ints, size: Ints, cap: int, /) -> Iterator[tuple[Small, Small]]:
        whole = size[size <= cap]
        self._cost.pairs += int((whole * (whole - 1) // 2).sum())
        return iter(())


def _sorted(key: Keys, member: Small, count: int) -> tuple[Keys, Small]:
    """Keys in order, each with its member.

    Key and position are sorted as one number. What a position needs is cut off the key: 43 of 64 bits stay with two
    million records, and two keys that fall together cost one comparison.
    """
    bits = np.uint64(max(count - 1, 1).bit_length())
    packed = (key >> bits << bits) | member.astype(np.uint64)
    packed.sort()
    position = packed & ((np.uint64(1) << bits) - np.uint64(1))
    return packed >> bits, position.astype(np.int32)


def _cap(size: Ints, rule: Rule, count: int) -> int:
    """The largest block taken whole: the rule's cap, or less where smaller blocks already fill the rule's budget."""
    counts = np.bincount(size[size <= rule.cap])
    lengths = np.flatnonzero(counts)
    blocks = counts[lengths]
    pairs = np.cumsum(blocks * (lengths * (lengths - 1) // 2))
    inside = int(np.searchsorted(pairs, max(FREE, int(rule.budget * count)), side="right"))
    return rule.cap if inside == len(lengths) else int(lengths[max(inside - 1, 0)])


def _note(records: Table, cost: Cost, member: Small, start: Ints, size: Ints) -> None:
    cost.blocks = int((size > 1).sum())
    if len(size):
        largest = int(np.argmax(size))
        cost.largest = int(size[largest])
        block = member[start[largest] : start[largest] + size[largest]]
        names, row = ("first", "last", "firm", "user", "digits", "number", "road", "zip5"), int(block.min())
        shown = [records.codes[name].texts[int(records.codes[name].at[row])] for name in names]
        cost.example = " ".join(filter(None, shown))


def _small(member: Small, start: Ints, size: Ints, cap: int) -> Iterator[tuple[Small, Small]]:
    """All pairs of blocks up to the cap, blocks of one size together. In a block members ascend."""
    some = (size > 1) & (size <= cap)
    start, size = start[some], size[some]
    for length in np.flatnonzero(np.bincount(size)).tolist():
        starts = start[size == length]
        one, other = _both(length)
        low, high = (taken(member, (starts[:, None] + end).ravel()) for end in (one, other))
        apart = low != high
        yield (low, high) if apart.all() else (low[apart], high[apart])


@lru_cache
def _both(length: int) -> tuple[Ints, Ints]:
    """Places of all pairs of a block."""
    one, other = np.triu_indices(length, 1)
    return one, other


def _mixed(key: Keys, other: Keys) -> Keys:
    """A finer key of two; the odd multiplier keeps swapped parts apart."""
    return key * np.uint64(0x9E3779B97F4A7C15) ^ other


def listed(costs: Sequence[Cost]) -> pl.DataFrame:
    """The report of the rules as a table, one row a rule."""
    return pl.DataFrame([vars(cost) for cost in costs])
