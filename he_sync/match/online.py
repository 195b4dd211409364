"""One record against a resident index: who is it, before it is created again? A new record never re-scores the world.

The index keeps what a finished run learned: the records in standard form, sorted keys by rule, the fitted models, the
customers found. A look-up reads the keys of one record, compares it with the records of small blocks, and applies the
models as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import Floats, Ints
from he_sync.match.compare import Levels, compared
from he_sync.match.decide import MATCH, NO, REVIEW, WORDS, generations
from he_sync.match.explain import Waterfall, waterfalls
from he_sync.match.keys import RULES
from he_sync.match.levels import FIRM
from he_sync.match.patterns import Patterns, patterns
from he_sync.match.reading import GIVEN
from he_sync.match.run import Outcome
from he_sync.match.standardise import Habits, habits, standardised
from he_sync.match.table import Table, Usual, located, rooted, roots, table, usual

Keys = npt.NDArray[np.uint64]
SHOWN = 0.01
COUNTED = ("root", "last", "name", "firm")


@dataclass(frozen=True)
class Candidate:
    """A record that the new one may be: its side (0 left, 1 right) and id, its customer, score, decision, and why."""

    id: str
    side: int
    cluster: str
    score: float
    decision: str
    why: Waterfall


@dataclass(frozen=True)
class Index:
    """A finished run, ready for look-ups."""

    outcome: Outcome
    habits: Habits
    short: Mapping[str, str]
    usual: Usual
    sorted_keys: Sequence[Keys]
    members: Sequence[Ints]
    counts: Mapping[str, Mapping[str, int]]
    customers: pl.Series


def index(outcome: Outcome) -> Index:
    """The index of a run; seconds for a million records, once."""
    standard = outcome.table.standard
    keys, members = [], []
    for expression in _expressions():
        column = standard.select(expression).to_series().to_numpy()
        order = np.argsort(column, kind="stable")
        order = order[np.searchsorted(column[order], 1) :]
        keys.append(column[order])
        members.append(order)
    counted = {name: standard[name].value_counts(name="n") for name in COUNTED}
    counts = {name: dict(zip(one[name].to_list(), one["n"].to_list(), strict=True)) for name, one in counted.items()}
    learned = habits(outcome.records)
    customers = outcome.names(outcome.cluster, "C-")
    return Index(outcome, learned, roots(standard), usual(standard), keys, members, counts, customers)


def match_one(known: Index, record: Mapping[str, str], side: int = 0) -> list[Candidate]:
    """Candidates of a record from SHOWN upward, likeliest first. `record` has columns GIVEN; a missing one is empty."""
    row = pl.DataFrame({name: [record.get(name, "")] for name in GIVEN})
    mine = located(rooted(standardised(row, known.habits), known.short), known.usual)
    found = _blocks(known, mine)
    if not len(found):
        return []
    small = _small(known, mine, found, side)
    levels = compared(small, np.arange(len(found)), np.full(len(found), len(found)))
    score, falls = _scored(known, levels)
    final = one_customer(score, known.outcome.cluster[found])
    decision = _decided(known, final, levels)
    order = [int(place) for place in np.lexsort((found, -final)) if final[place] >= SHOWN]
    return [_candidate(known, int(found[k]), float(final[k]), WORDS[int(decision[k])], falls[k]) for k in order]


def _expressions() -> list[pl.Expr]:
    return [expression for rule in RULES for expression in rule.keys]


def _blocks(known: Index, mine: pl.DataFrame) -> Ints:
    """Members of the record's blocks; a block above its rule's cap says too little about one record."""
    caps = [rule.cap for rule in RULES for _ in rule.keys]
    keys = mine.select(expression.alias(str(place)) for place, expression in enumerate(_expressions())).row(0)
    found = [np.zeros(0, np.int64)]
    for key, cap, ordered, members in zip(keys, caps, known.sorted_keys, known.members, strict=True):
        wanted = np.uint64(key)
        low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        if key and high - low <= cap:
            found.append(members[low:high])
    return np.unique(np.concatenate(found))


def _small(known: Index, mine: pl.DataFrame, found: Ints, side: int) -> Table:
    """A table of the candidates with the record last; names are as common as in the whole index."""
    whole = known.outcome.table
    frame = pl.concat([whole.standard[found], mine.select(whole.standard.columns)])
    made = table(
        frame.select(pl.exclude("root", "surname_root", "name", "place", "area", "state", "skeleton")),
        np.r_[whole.side[found], side],
    )
    own = {name: known.counts[name].get(mine[name][0], 0) + 1 if mine[name][0] else 0 for name in COUNTED}
    stats = {name: np.r_[whole.stats[name][found], own[name]] for name in COUNTED}
    return Table(made.side, made.standard, made.codes, stats, whole.people)


def _scored(known: Index, levels: Mapping[str, Levels]) -> tuple[Floats, list[Waterfall]]:
    firms = np.isin(levels["company"], [FIRM.at(level) for level in ("same", "misspelt", "different")])
    score, falls = np.zeros(len(firms)), [Waterfall("", 0.0, ())] * len(firms)
    for name, model in known.outcome.scores.models.items():
        take = np.flatnonzero(firms == (name == "companies"))
        if len(take):
            seen: Patterns = patterns(model.fields, levels, take)
            score[take] = model.classes(seen.levels)[model.matching].sum(axis=0)[seen.row]
            for place, fall in zip(take.tolist(), waterfalls(model, seen, seen.row), strict=True):
                falls[place] = fall
    return score, falls


def one_customer(score: Floats, cluster: Ints) -> Floats:
    """Scores after rivals: the record is at most one of several customers."""
    odds = np.minimum(score / (1 - score + 1e-6), 1e4)
    _, group = np.unique(cluster, return_inverse=True)
    best = np.zeros(int(group.max()) + 1)
    np.maximum.at(best, group, odds)
    others: Floats = best.sum() - best[group]
    shared: Floats = odds / (1 + odds + others)
    return shared


def _decided(known: Index, score: Floats, levels: Mapping[str, Levels]) -> Ints:
    held = generations(levels)
    policy, threshold = known.outcome.options.policy, known.outcome.threshold
    return np.select([~held & (score >= threshold), score >= policy.review_from], [MATCH, REVIEW], NO)


def _candidate(known: Index, place: int, score: float, decision: str, why: Waterfall) -> Candidate:
    name = known.outcome.records["id"][place]
    return Candidate(name, int(known.outcome.table.side[place]), known.customers[place], score, decision, why)
