"""Latent-class EM over patterns: class shares and level probabilities from the file itself, without labels.

Sums run in the order of the patterns on one thread, so a rerun gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from he_sync.match.classes import TIES, Kind
from he_sync.match.codes import Bools, Floats, Ints, taken
from he_sync.match.levels import Field
from he_sync.match.lookup import ByField, Lookup
from he_sync.match.patterns import Patterns

ROUNDS = 200
STILL = 3e-5
"""Gain of log likelihood a pair below which the fit is done."""
TRUST = 20.0
"""Pairs that a class's starting values count for: a file of fifty records keeps them, a million forgets them."""
POOLED = 200.0
"""Pairs that what all candidates have counts for in a field whose levels are many and mean nothing in advance. Of 300
records 35 levels of rarity were learned from a dozen pairs a class: one link in fifty was wrong, now one in eighty."""
LEAST = 1e-6
HALF = 0.5
"""A pair that nobody saw, so that no level is impossible."""

Tables = list[list[Floats]]
"""Probabilities by class and field: `tables[class][field][level]`."""


@dataclass(frozen=True)
class Model:
    """A fitted stratum: its fields, its classes, their shares and level probabilities. Blank levels hold 1."""

    fields: tuple[Field, ...]
    kinds: tuple[Kind, ...]
    shares: Floats
    tables: Tables
    chance: list[Floats]
    rounds: int = 0

    def classes(self, levels: Ints) -> Floats:
        """Probability of each class (rows) for each pattern (columns)."""
        look = Lookup([len(one) for one in self.fields], levels, len(self.kinds))
        found = look.chances(self._by_field, np.maximum(self.shares, LEAST))
        found /= found.sum(axis=0)
        return found

    def classes_of_each(self, levels: Ints) -> Floats:
        """The same of few patterns, for look-ups: the bits of one do not depend on those that it is asked with.

        A `Lookup` of them would take longer to make than it saves.
        """
        chances = (taken(table, level) for table, level in zip(self._by_field, levels, strict=True))
        found: Floats = reduce(np.multiply, chances, np.maximum(self.shares, LEAST)[:, None])
        found /= reduce(np.add, found)
        return found

    @cached_property
    def _by_field(self) -> ByField:
        return _by_field(self.tables)

    @property
    def matching(self) -> Ints:
        """Numbers of the classes that mean the same customer."""
        numbers: Ints = np.flatnonzero([kind.match for kind in self.kinds])
        return numbers


def start(fields: Sequence[Field], kinds: Sequence[Kind], chance: Mapping[str, Floats]) -> Model:
    """A model before it has seen pairs."""
    by_field = [_shaped(one, chance[one.name]) for one in fields]
    tables = [[_begun(one, kind, chance[one.name]) for one in fields] for kind in kinds]
    shares = np.array([kind.share for kind in kinds])
    return Model(tuple(fields), tuple(kinds), shares / shares.sum(), tables, by_field)


def _shaped(one: Field, weights: Floats) -> Floats:
    """Probabilities of the levels (last axis) that say something; the blank level weighs nothing, so 1."""
    found: Floats = np.maximum(weights, LEAST)
    said = found[..., 1 if one.blank else 0 :]
    said /= said.sum(axis=-1, keepdims=True)
    if one.blank:
        found[..., 0] = 1.0
    return found


def _begun(one: Field, kind: Kind, chance: Floats) -> Floats:
    given = kind.start.get(one.name, {})
    weights = _shaped(one, chance).copy()
    if one.blank:
        weights[0] = 0.0
    weights *= max(0.0, 1.0 - sum(given.values()))
    for level, probability in given.items():
        weights[one.at(level)] = probability
    return _capped(one, kind, _shaped(one, weights))


def _capped(one: Field, kind: Kind, table: Floats) -> Floats:
    for level, most in kind.most.get(one.name, {}).items():
        place = one.at(level)
        over = table[place] - most
        if over > 0:
            others = np.ones(len(table), bool)
            others[place] = False
            others[0] &= not one.blank
            table = table.copy()
            table[others] *= 1 + over / table[others].sum()
            table[place] = most
    return table


def _by_field(tables: Tables) -> ByField:
    return [np.array(classes) for classes in zip(*tables, strict=True)]


@dataclass(frozen=True)
class Evidence:
    """Answers of people by pattern: `rows`, each once, how many said yes and no, and what an answer counts.

    They count by how far they differ from what the model expected of their pattern. So it does not matter which
    patterns people were asked about: a hundred doubtful pairs of which half are matches change nothing.
    """

    rows: Ints
    yes: Floats
    no: Floats
    weight: float = 1.0

    def added(self, expected: Floats, matching: Bools) -> Floats:
        """What the answers add to the weights of the classes, by what the model expects of their patterns."""
        ours, theirs = (_of_them(expected, which) for which in (matching, ~matching))
        changed: Floats = self.weight * (ours * self.yes + theirs * self.no - expected * (self.yes + self.no))
        return changed

    def told(self, expected: Floats, matching: Bools) -> float:
        """Log likelihood of the answers."""
        match = np.clip(expected[matching].sum(axis=0), LEAST, 1 - LEAST)
        return self.weight * float((self.yes * np.log(match) + self.no * np.log1p(-match)).sum())


def _of_them(expected: Floats, which: Bools) -> Floats:
    """Probabilities of the classes if it is one of these."""
    some = expected * which[:, None]
    shares: Floats = some / np.maximum(some.sum(axis=0), LEAST * LEAST)
    return shares


def fitted(model: Model, seen: Patterns, said: Evidence | None = None, since: Model | None = None) -> Model:
    """The model after EM over the patterns, and over what people `said` of some; going on from `since`."""
    kinds, fields, counts = model.kinds, model.fields, seen.counts
    look = Lookup([len(one) for one in fields], seen.levels, len(kinds))
    first = _by_field(_pooled(model, seen))
    shares, tables = (since.shares, _by_field(since.tables)) if since else (model.shares, first)
    steps = [_Step(one, kinds, *of) for one, *of in zip(fields, first, model.chance, strict=True)]
    matching = np.array([kind.match for kind in kinds])
    rounds, gain, before = 0, np.inf, -np.inf
    while rounds < ROUNDS and gain >= STILL:
        rounds += 1
        weights = look.chances(tables, np.maximum(shares, LEAST))
        total: Floats = weights.sum(axis=0)
        now = float((np.log(total) * counts).sum())
        expected = weights[:, said.rows] / total[said.rows] if said else weights
        weights *= counts / total
        if said:
            weights[:, said.rows] += said.added(expected, matching)
            now += said.told(expected, matching)
        sums = look.sums(weights)
        shares = np.maximum(sums[0].sum(axis=1), 0.0) + TRUST * model.shares
        shares = shares / shares.sum()
        sums = _tied(fields, kinds, sums)
        tables = [step.table(own) for step, own in zip(steps, sums, strict=True)]
        now = now / max(float(counts.sum()), 1.0)
        gain, before = now - before, now
    by_class = [list(classes) for classes in zip(*tables, strict=True)]
    return Model(fields, kinds, shares, by_class, model.chance, rounds)


def _pooled(model: Model, seen: Patterns) -> Tables:
    """The starting tables; a `pooled` field starts in all classes with what all candidates have, which says nothing."""
    tables = [list(table) for table in model.tables]
    for place, one in enumerate(model.fields):
        if one.pooled:
            every: Floats = np.bincount(seen.levels[place], seen.counts, minlength=len(one)).astype(np.float64) + HALF
            for table in tables:
                table[place] = _shaped(one, every)
    return tables


def _tied(fields: Sequence[Field], kinds: Sequence[Kind], sums: ByField) -> ByField:
    """Sums by class, with those of the classes of its tie where they share a field."""
    for tie, shared in TIES.items():
        members = [number for number, kind in enumerate(kinds) if kind.tied == tie]
        for place, one in enumerate(fields):
            if members and one.name in shared:
                sums[place][members] = sums[place][members].sum(axis=0)
    return sums


class _Step:
    """How a field's table (a row a class) follows from a round's weights; what no round changes is found once."""

    def __init__(self, one: Field, kinds: Sequence[Kind], begun: Floats, chance: Floats) -> None:
        self._field, self._kinds, self._chance = one, kinds, chance
        self._prior = (POOLED if one.pooled else TRUST) * begun
        if one.blank:
            self._prior[:, 0] = 0.0
        by_chance = [number for number, kind in enumerate(kinds) if one.name in kind.by_chance]
        held = [number for number, kind in enumerate(kinds) if one.name in kind.held - kind.by_chance]
        self._far = by_chance if one.far else []
        self._fixed = [number for number in (*by_chance, *held) if number not in self._far]
        self._values = np.where(np.isin(np.arange(len(kinds)), held)[:, None], begun, chance)[self._fixed]
        free = set(range(len(kinds))) - {*by_chance, *held}
        self._capped = [number for number in sorted(free) if one.name in kinds[number].most]

    def table(self, weights: Floats) -> Floats:
        """The next table."""
        found = _shaped(self._field, np.maximum(weights, 0.0) + self._prior)
        found[self._fixed] = self._values
        for number in self._far:
            found[number] = _chance_where_close(self._field, weights[number] + TRUST * self._chance, self._chance)
        for number in self._capped:
            found[number] = _capped(self._field, self._kinds[number], found[number])
        return found


def _chance_where_close(one: Field, weights: Floats, chance: Floats) -> Floats:
    """Chance for levels that speak for one customer; `far` ones are fitted, because large blocks are split by them."""
    far = [one.at(level) for level in one.far]
    found = chance.copy()
    share = np.maximum(weights[far], LEAST)
    found[far] = share / share.sum() * chance[far].sum()
    return found
