"""From candidate pairs to calibrated probabilities: chance, one model for people and one for companies, rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.classes import FIRMS, PEOPLE, Kind
from he_sync.match.codes import Bools, Floats, Ints, Small, taken
from he_sync.match.compare import Comparer, Levels
from he_sync.match.contest import contested
from he_sync.match.correction import Correction
from he_sync.match.latent import TRUST, Model, fitted, start
from he_sync.match.levels import FIELDS, FIRM, FIRM_FIELDS, PEOPLE_FIELDS, SIDES, Field
from he_sync.match.patterns import Patterns, patterns
from he_sync.match.side_by_side import side_by_side
from he_sync.match.table import Table

SAMPLE = 40_000
"""Random pairs from which chance agreement is counted."""
STRATA = ("people", "companies")
HOUSEHOLD = ("household", "parent and child of one name")
STRIDE = 0x9E3779B1
"""Odd, so that multiples of it visit records all over the file, in the same order every run."""


@dataclass(frozen=True)
class Scores:
    """Scored candidates: levels by field, and the chance of one customer after rivals.

    `strata` is true for companies; `row` is a pair's pattern in `seen` of its stratum, and `by_pattern` says of each
    pattern how likely the model holds it for one customer, and for one household. `correction` is what answers of
    people changed in doubtful scores.
    """

    pairs: Pairs
    levels: Mapping[str, Levels]
    probability: Floats
    models: Mapping[str, Model]
    seen: Mapping[str, Patterns]
    by_pattern: Mapping[str, Floats]
    row: Small
    strata: Bools
    correction: Correction | None = None

    @property
    def before(self) -> Floats:
        """The chance of one customer before rivals, by pair."""
        return self._of_pairs(0)

    @property
    def household(self) -> Floats:
        """The chance of one household, by pair."""
        return self._of_pairs(1)

    def household_of(self, some: Ints | slice) -> Floats:
        """The chance of one household, of some pairs."""
        return self._of_pairs(1, some)

    def before_of(self, some: Ints) -> Floats:
        """The chance of one customer before rivals, of some pairs."""
        return self._of_pairs(0, some)

    def _of_pairs(self, place: int, some: Ints | slice = slice(None)) -> Floats:
        people, companies = (self.by_pattern[name][place] for name in STRATA)
        return taken(np.r_[people, companies], self.row[some] + self.strata[some] * np.int32(len(people)))


def chance(comparer: Comparer, count: int) -> dict[str, Floats]:
    """How often two records that have nothing to do with each other agree, by field and level."""
    one = np.arange(SAMPLE, dtype=np.int64) * STRIDE % count
    other = (np.arange(SAMPLE, dtype=np.int64) * 7 + np.arange(SAMPLE) // count + 1 + count // 3) % count
    low, high = np.minimum(one, other), np.maximum(one, other)
    apart = low != high
    levels = comparer.levels(low[apart], high[apart])
    return {
        field.name: (np.bincount(levels[field.name], minlength=len(field)) + 0.5).astype(np.float64) for field in FIELDS
    }


def scored(records: Table, pairs: Pairs) -> Scores:
    """All candidates scored: fitted on themselves, people and companies apart."""
    comparer = Comparer(records)
    by_chance = chance(comparer, len(records))
    levels = comparer.levels(pairs.left, pairs.right)
    firms = FIRM.among(levels["company"], "same", "misspelt", "different")
    shapes = ((PEOPLE_FIELDS, PEOPLE, np.flatnonzero(~firms)), (FIRM_FIELDS, FIRMS, np.flatnonzero(firms)))

    def learned(shape: tuple[Sequence[Field], Sequence[Kind], Ints]) -> tuple[Model, Patterns]:
        fields, kinds, take = shape
        seen = patterns(fields, levels, take)
        return fitted(start(fields, kinds, by_chance), seen), seen

    fits = dict(zip(STRATA, side_by_side(learned, shapes), strict=True))
    models, found = {name: fit[0] for name, fit in fits.items()}, {name: fit[1] for name, fit in fits.items()}
    scores = by_models(pairs, levels, firms, models, found)
    return replace(scores, probability=contested(pairs, scores.before, levels["sources"], records.side))


def by_models(
    pairs: Pairs, levels: Mapping[str, Levels], firms: Bools, models: Mapping[str, Model], found: dict[str, Patterns]
) -> Scores:
    """Candidates by their models, before rivals; takes the rows of the patterns found over."""
    row, by_pattern = np.zeros(len(pairs), np.int32), {}
    for name, model in models.items():
        row[firms == (name == "companies")] = found[name].row
        found[name] = replace(found[name], row=found[name].row[:0])
        by_pattern[name] = chances_of(model, found[name])
    return Scores(pairs, levels, np.zeros(0), models, found, by_pattern, row, firms)


def judged(scores: Scores, models: Mapping[str, Model]) -> Scores:
    """The scores before rivals, and of households, by other models."""
    by_pattern = {name: chances_of(model, scores.seen[name]) for name, model in models.items()}
    return replace(scores, models=models, by_pattern=by_pattern)


def chances_of(model: Model, seen: Patterns) -> Floats:
    """How likely each pattern is one customer, and one household (rows)."""
    classes = model.classes(seen.levels)
    return np.array([classes[model.matching].sum(axis=0), _of(model, classes, HOUSEHOLD)])


def crowd(scores: Scores) -> tuple[float, ...]:
    """Household pairs of people beside each match, by kind of pair (levels of the field sources)."""
    seen, (matching, household) = scores.seen["people"], scores.by_pattern["people"]
    kind = seen.levels[seen.fields.index(SIDES)]
    homes, matches = (
        np.bincount(kind, seen.counts * chances, minlength=len(SIDES)) for chances in (household, matching)
    )
    return tuple(((homes + 2 * TRUST) / (matches + TRUST)).tolist())


def _of(model: Model, classes: Floats, names: tuple[str, ...]) -> Floats:
    found: Floats = classes[[place for place, kind in enumerate(model.kinds) if kind.name in names]].sum(axis=0)
    return found
