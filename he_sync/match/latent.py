"""Latent-class EM over patterns: class shares and level probabilities from the file itself, without labels.

Sums run in the order of the patterns on one thread, so a rerun gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from he_sync.match.classes import TIES, Kind
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.levels import Field
from he_sync.match.patterns import Patterns, grouped

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
        found: Floats = _responsibilities(_Look(self.fields, levels), self.shares, self.tables)[0]
        return found

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
    """Probabilities of the levels that say something; the blank level weighs nothing, so 1."""
    found: Floats = np.maximum(weights, LEAST)
    said = slice(1 if one.blank else 0, None)
    found[said] /= found[said].sum()
    if one.blank:
        found[0] = 1.0
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


class _Look:
    """Look-ups of a level table by pattern, fields bundled; and sums back from patterns to levels."""

    def __init__(self, fields: Sequence[Field], levels: Ints) -> None:
        self.bundles = grouped(fields)
        self.sizes = [tuple(len(fields[place]) for place in bundle) for bundle in self.bundles]
        self.codes = [
            np.ravel_multi_index(tuple(levels[list(bundle)]), size)
            for bundle, size in zip(self.bundles, self.sizes, strict=True)
        ]

    def log(self, tables: list[Floats]) -> Floats:
        """Log probability of each pattern under one class."""
        parts = []
        for bundle, code in zip(self.bundles, self.codes, strict=True):
            joint = reduce(np.add.outer, [np.log(tables[place]) for place in bundle])
            parts.append(joint.ravel()[code])
        total: Floats = np.sum(parts, axis=0)
        return total

    def sums(self, weights: Floats) -> list[Floats]:
        """Weight by field and level."""
        found = []
        for size, code in zip(self.sizes, self.codes, strict=True):
            joint = np.bincount(code, weights, minlength=int(np.prod(size))).reshape(size)
            axes = range(len(size))
            found += [joint.sum(axis=tuple(axis for axis in axes if axis != keep)) for keep in axes]
        return found


def _responsibilities(look: _Look, shares: Floats, tables: Tables) -> tuple[Floats, Floats]:
    logs = np.log(np.maximum(shares, LEAST))[:, None] + np.array([look.log(table) for table in tables])
    top = logs.max(axis=0)
    weights = np.exp(logs - top)
    total = weights.sum(axis=0)
    return weights / total, top + np.log(total)


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

    def added(self, found: Floats, matching: Bools) -> Floats:
        """What the answers add to the weights of the classes (rows of `found`) in their patterns."""
        expected = found[:, self.rows]
        ours, theirs = (_of_them(expected, which) for which in (matching, ~matching))
        changed: Floats = self.weight * (ours * self.yes + theirs * self.no - expected * (self.yes + self.no))
        return changed

    def told(self, found: Floats, matching: Bools) -> float:
        """Log likelihood of the answers."""
        match = np.clip(found[matching][:, self.rows].sum(axis=0), LEAST, 1 - LEAST)
        return self.weight * float((self.yes * np.log(match) + self.no * np.log1p(-match)).sum())


def _of_them(expected: Floats, which: Bools) -> Floats:
    """Probabilities of the classes if it is one of these."""
    some = expected * which[:, None]
    shares: Floats = some / np.maximum(some.sum(axis=0), LEAST * LEAST)
    return shares


def fitted(model: Model, seen: Patterns, said: Evidence | None = None, since: Model | None = None) -> Model:
    """The model after EM over the patterns, and over what people `said` of some; going on from `since`."""
    look, kinds, fields = _Look(seen.fields, seen.levels), model.kinds, model.fields
    first = _pooled(model, seen)
    shares, tables = (since.shares, since.tables) if since else (model.shares, first)
    matching = np.array([kind.match for kind in kinds])
    total, before = float(seen.counts.sum()), -np.inf
    rounds, gain = 0, np.inf
    while rounds < ROUNDS and gain >= STILL:
        rounds += 1
        found, logs = _responsibilities(look, shares, tables)
        weights = found * seen.counts
        now = float((logs * seen.counts).sum())
        if said:
            weights[:, said.rows] += said.added(found, matching)
            now += said.told(found, matching)
        shares = np.maximum(weights.sum(axis=1), 0.0) + TRUST * model.shares
        shares = shares / shares.sum()
        sums = _tied(fields, kinds, [look.sums(row) for row in weights])
        tables = [
            [_next(one, kind, sums[k][f], first[k][f], model.chance[f]) for f, one in enumerate(fields)]
            for k, kind in enumerate(kinds)
        ]
        now = now / max(total, 1.0)
        gain, before = now - before, now
    return Model(fields, kinds, shares, tables, model.chance, rounds)


def _pooled(model: Model, seen: Patterns) -> Tables:
    """The starting tables; a `pooled` field starts in all classes with what all candidates have, which says nothing."""
    tables = [list(table) for table in model.tables]
    for place, one in enumerate(model.fields):
        if one.pooled:
            every: Floats = np.bincount(seen.levels[place], seen.counts, minlength=len(one)).astype(np.float64) + HALF
            for table in tables:
                table[place] = _shaped(one, every)
    return tables


def _tied(fields: Sequence[Field], kinds: Sequence[Kind], sums: list[list[Floats]]) -> list[list[Floats]]:
    """Sums by class, with those of the classes of its tie where they share a field."""
    together: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        together.setdefault(kind.tied or str(number), []).append(number)
    groups = [together[kind.tied or str(number)] for number, kind in enumerate(kinds)]
    shared = [TIES.get(kind.tied, frozenset()) for kind in kinds]
    return [
        [
            np.sum([sums[k][f] for k in groups[number]], axis=0) if one.name in shared[number] else sums[number][f]
            for f, one in enumerate(fields)
        ]
        for number in range(len(kinds))
    ]


def _next(one: Field, kind: Kind, weights: Floats, begun: Floats, chance: Floats) -> Floats:
    if one.name in kind.by_chance:
        return _chance_where_close(one, weights + TRUST * chance, chance)
    if one.name in kind.held:
        return begun
    prior = begun.copy()
    if one.blank:
        prior[0] = 0.0
    trust = POOLED if one.pooled else TRUST
    return _capped(one, kind, _shaped(one, np.maximum(weights, 0.0) + trust * prior))


def _chance_where_close(one: Field, weights: Floats, chance: Floats) -> Floats:
    """Chance for levels that speak for one customer; `far` ones are fitted, because large blocks are split by them."""
    if not one.far:
        return chance
    far = [one.at(level) for level in one.far]
    found = chance.copy()
    share = np.maximum(weights[far], LEAST)
    found[far] = share / share.sum() * chance[far].sum()
    return found
