"""The whole of matching, from two frames of records to pairs, customers, households and golden records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.blocking import Cost, candidates
from he_sync.match.clusters import Rules, Steward, clusters
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.decide import Decisions, Policy, decisions, settled
from he_sync.match.decided import Decided, obeyed, with_decided
from he_sync.match.golden import golden
from he_sync.match.households import households
from he_sync.match.labels import Labels, labels
from he_sync.match.pages import kept_pages
from he_sync.match.profile import Contacts, without_shared
from he_sync.match.reading import joined
from he_sync.match.scoring import Scores, crowd, scored
from he_sync.match.standardise import standard_columns
from he_sync.match.table import Table, table
from he_sync.match.teaching import Lesson, answered, taught

Tell = Callable[[str], None]
STEPS = 7
CUSTOMER = "C-"


@dataclass(frozen=True)
class Options:
    """What a run may be told: the policy, sides without duplicates, a file with answers of people, their decisions."""

    policy: Policy = field(default_factory=Policy)
    clean: Collection[int] = ()
    answers: Path | None = None
    decided: Sequence[Decided] | None = None


@dataclass(frozen=True)
class Outcome:
    """Everything a run found. Arrays follow `records` (both sides, by side and id) or the candidate pairs.

    `called` names the customer of each record where earlier runs named it.
    """

    records: pl.DataFrame
    table: Table
    contacts: tuple[Contacts, ...]
    costs: tuple[Cost, ...]
    scores: Scores
    score: Floats
    together: Bools
    decision: Decisions
    threshold: float
    cluster: Ints
    household: Ints
    options: Options
    called: pl.Series | None = None
    answers: Labels | None = None
    lesson: Lesson = field(default_factory=Lesson)
    crowd: tuple[float, ...] = (0.0, 0.0, 0.0)

    @property
    def linked(self) -> bool:
        """Whether there were two sides."""
        return bool(self.table.side[-1])

    def names(self, group: Ints, prefix: str) -> pl.Series:
        """Names of clusters or households: the id of the first member, with its side where both sides are there."""
        if prefix == CUSTOMER and self.called is not None:
            return self.called.gather(group)
        side = pl.when(pl.col("side") == 0).then(pl.lit("L-")).otherwise(pl.lit("R-"))
        own = self.records.select(pl.concat_str(pl.lit(prefix), side, "id"))
        return own.to_series().gather(group)

    def golden(self) -> Iterator[pl.DataFrame]:
        """One row a customer, some customers at a time."""
        everyone = self.names(np.arange(len(self.cluster)), "C-")
        return golden(self.records, self.table.codes, self.cluster, everyone)


def match(
    left: pl.DataFrame, right: pl.DataFrame | None = None, options: Options | None = None, tell: Tell = lambda _: None
) -> Outcome:
    """Link two sides and find the duplicates of each in one pass; with one side, find its duplicates."""
    return matched(joined(left, right), options, tell)


@kept_pages()
def matched(records: pl.DataFrame, options: Options | None = None, tell: Tell = lambda _: None) -> Outcome:
    """The same of records that are joined: who reads large files need not keep both sides beside them."""
    chosen = options or Options()
    side = records["side"].to_numpy().astype(np.int64)
    tell("standardising")
    standard, contacts = without_shared(standard_columns(records))
    tell("coding")
    known = table(standard, side)
    tell("blocking")
    pairs = candidates(known)
    tell("comparing and fitting")
    scores = scored(known, pairs)
    answers = labels(chosen.answers, records) if chosen.answers else None
    answers = with_decided(answers, chosen.decided or (), records)
    scores, lesson = taught(scores, answers, side) if answers else (scores, Lesson())
    probability = answered(scores, answers)
    tell("clustering")
    cluster = clusters(pairs, probability, Rules(side, frozenset(chosen.clean), answers.said if answers else Steward()))
    together: Bools = cluster[pairs.left] == cluster[pairs.right]
    score = settled(probability, together)
    tell("deciding")
    around = crowd(scores)
    decision, threshold = decisions(score, scores.levels, together, chosen.policy, around)
    decision = obeyed(decision, pairs, answers)
    home = households(scores, cluster)
    return Outcome(
        records, known, contacts, pairs.costs, scores, score, together, decision, threshold, cluster, home, chosen,
        None, answers, lesson, around,
    )  # fmt: skip
