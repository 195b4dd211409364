"""From candidate pairs to calibrated probabilities: chance, one model for people and one for companies, rivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.classes import FIRMS, PEOPLE
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.compare import Comparer, Levels
from he_sync.match.contest import contested
from he_sync.match.latent import Model, fitted, start
from he_sync.match.levels import FIELDS, FIRM, FIRM_FIELDS, PEOPLE_FIELDS
from he_sync.match.patterns import Patterns, patterns
from he_sync.match.table import Table

SAMPLE = 40_000
"""Random pairs from which chance agreement is counted."""
STRIDE = 0x9E3779B1
"""Odd, so that multiples of it visit records all over the file, in the same order every run."""


@dataclass(frozen=True)
class Scores:
    """Scored candidates: levels by field, the chance of one customer (`before` rivals) and of one household.

    `strata` is true for companies; `row` is a pair's pattern in `seen` of its stratum.
    """

    pairs: Pairs
    levels: Mapping[str, Levels]
    probability: Floats
    before: Floats
    household: Floats
    models: Mapping[str, Model]
    seen: Mapping[str, Patterns]
    row: Ints
    strata: Bools


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
    probability, household = np.zeros(len(pairs)), np.zeros(len(pairs))
    models, all_seen, row = {}, {}, np.zeros(len(pairs), np.int64)
    for name, fields, kinds, take in (
        ("people", PEOPLE_FIELDS, PEOPLE, np.flatnonzero(~firms)),
        ("companies", FIRM_FIELDS, FIRMS, np.flatnonzero(firms)),
    ):
        seen = patterns(fields, levels, take)
        model = fitted(start(fields, kinds, by_chance), seen)
        classes = model.classes(seen.levels)
        probability[take] = classes[model.matching].sum(axis=0)[seen.row]
        household[take] = _of(model, classes, ("household", "parent and child of one name"))[seen.row]
        models[name], all_seen[name], row[take] = model, seen, seen.row
    final = contested(pairs, probability, levels["sources"], records.side)
    return Scores(pairs, levels, final, probability, household, models, all_seen, row, firms)


def _of(model: Model, classes: Floats, names: tuple[str, ...]) -> Floats:
    found: Floats = classes[[place for place, kind in enumerate(model.kinds) if kind.name in names]].sum(axis=0)
    return found
