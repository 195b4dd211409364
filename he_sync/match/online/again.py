"""A later run by the models of an earlier one: only pairs that a new, changed or removed record touches are compared.

The earlier run's way of reading names, its frequencies, models, rivals' factors and threshold hold. So a pair of two
records that are as they were keeps its levels, and the result is that of comparing everything once more. What stays
undone is learning: `drift` says when that is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs, candidates
from he_sync.match.clusters import Rules, Steward, clusters
from he_sync.match.codes import Bools, Floats, Ints, Places
from he_sync.match.columns import columns_of
from he_sync.match.compare import Comparer, Levels, generation, namesakes
from he_sync.match.decide import Decisions, settled
from he_sync.match.decide import decided as settled_decisions
from he_sync.match.decided import Decided, obeyed, with_decided
from he_sync.match.households import households
from he_sync.match.labels import labels
from he_sync.match.latent import TRUST
from he_sync.match.levels import FIELDS, FIRM, FIRM_RARITY, FIRM_SEEN
from he_sync.match.online.forms import forms
from he_sync.match.online.index import COUNTED, Index, answers_of, raw
from he_sync.match.online.rivals import settled_by
from he_sync.match.patterns import patterns
from he_sync.match.reading import joined
from he_sync.match.run import CUSTOMER, Options, Outcome
from he_sync.match.scoring import Scores, by_models
from he_sync.match.table import Table
from he_sync.match.teaching import Lesson, answered

CHANGED, MOVED = 0.1, 0.05
"""Share of records changed since the models were fitted, and of pairs that changed class, from which they are old."""


@dataclass(frozen=True)
class Drift:
    """What happened since the models were fitted.

    New, changed and removed records of this run, pairs compared for them, the share of records changed in all, and the
    share of pairs that would have to change their class for the models' shares to hold.
    """

    new: int
    changed: int
    removed: int
    compared: int
    since: int
    share: float
    moved: float

    @property
    def due(self) -> bool:
        """Whether a run should learn anew."""
        return self.share > CHANGED or self.moved > MOVED


def again(
    before: Index,
    left: pl.DataFrame,
    right: pl.DataFrame | None = None,
    decided: Sequence[Decided] | None = None,
    answers: Path | None = None,
) -> tuple[Outcome, Drift]:
    """The run over these records by the models of an earlier one.

    Its decisions and its labels hold on, until the new run gives some of its own. Labels are obeyed; nothing is learned
    from new ones.
    """
    return again_joined(before, joined(left, right), decided, answers)


def again_joined(
    before: Index, records: pl.DataFrame, decided: Sequence[Decided] | None = None, answers: Path | None = None
) -> tuple[Outcome, Drift]:
    """The same of records that are joined."""
    side = records["side"].to_numpy().astype(np.int64)
    was, same = _places(before, records)
    table = _table(before, _standard(before, records, was, same), side)
    pairs = candidates(table)
    levels, count = _levels(before, table, pairs, was, same)
    scores = _scores(before, pairs, levels)
    decided = answers_of(before, "decisions") if decided is None else decided
    labelled = labels(answers, records) if answers else with_decided(None, answers_of(before, "labels"), records)
    known = with_decided(labelled, decided, records)
    probability = answered(scores, known)
    said = known.said if known else Steward()
    cluster = clusters(pairs, probability, Rules(side, before.learned.clean, said))
    together: Bools = cluster[pairs.left] == cluster[pairs.right]
    score = settled(probability, together)
    decision = obeyed(_decisions(before, score, levels, together), pairs, known)
    outcome = Outcome(
        records, table, (), pairs.costs, scores, score, together, decision, before.learned.threshold, cluster,
        households(scores, cluster), Options(before.learned.policy, before.learned.clean, None, decided),
        None, known, Lesson(), before.learned.crowd,
    )  # fmt: skip
    outcome = replace(outcome, called=called(before.records["customer"].to_pylist(), was, outcome))
    new, changed, removed = int((was < 0).sum()), int(((was >= 0) & ~same).sum()), len(before) - int((was >= 0).sum())
    since = before.learned.changed + new + changed + removed
    return outcome, Drift(new, changed, removed, count, since, since / before.learned.fitted, _moved(scores))


def _places(before: Index, records: pl.DataFrame) -> tuple[Ints, Bools]:
    """Each record's place in the earlier run, -1 for a new one, and whether it says what it said then."""
    earlier = pl.DataFrame(before.records.select(["side", "id"])).with_row_index("was")
    earlier = earlier.with_columns(pl.col("side").cast(pl.Int64))
    asked = records.select(pl.col("side").cast(pl.Int64), "id")
    was = asked.join(earlier, on=["side", "id"], how="left", maintain_order="left")["was"].cast(pl.Int64).fill_null(-1)
    place = was.to_numpy()
    return place, (place >= 0) & (raw(records) == before.raw[place])


def _standard(before: Index, records: pl.DataFrame, was: Ints, same: Bools) -> pl.DataFrame:
    """Standard forms: the earlier ones of what is as it was, new ones of the rest."""
    fresh = forms(records.filter(~same), before.learned.known)
    kept = before.standard().select(fresh.columns)[was[same]]
    place = np.empty(len(records), np.int64)
    place[same], place[~same] = np.arange(len(kept)), len(kept) + np.arange(len(fresh))
    return pl.concat([kept, fresh])[place]


def _table(before: Index, standard: pl.DataFrame, side: Ints) -> Table:
    """Frequencies are those of the earlier run; a name that it never saw has been seen once."""
    codes = columns_of([standard])
    there = {name: (standard[name] != "").to_numpy() for name in COUNTED}
    stats = {name: np.maximum(before.counts[name].of(standard[name]), there[name]) for name in COUNTED}
    return Table(side, codes, stats, before.learned.people)


def _levels(before: Index, table: Table, pairs: Pairs, was: Ints, same: Bools) -> tuple[dict[str, Levels], int]:
    """Levels of all pairs and how many had to be compared: one side is not as it was, or they never met."""
    now = np.full(len(before), -1, np.int64)
    now[was[same]] = np.flatnonzero(same)
    one, other = now[before.left], now[before.right]
    still = np.flatnonzero((one >= 0) & (other >= 0))
    keys = np.minimum(one[still], other[still]) * len(table) + np.maximum(one[still], other[still])
    order = np.argsort(keys)
    asked = pairs.left.astype(np.int64) * len(table) + pairs.right
    at = np.searchsorted(keys[order], asked)
    known = np.zeros(len(asked), bool)
    inside = at < len(keys)
    known[inside] = keys[order][at[inside]] == asked[inside]
    column = still[order][at[known]]
    fresh = np.flatnonzero(~known)
    compared = Comparer(table).levels(pairs.left[fresh], pairs.right[fresh])
    compared["company rarity"] = _firm_rarity(table, pairs.left[fresh], pairs.right[fresh])
    levels = {}
    for place, field in enumerate(FIELDS):
        levels[field.name] = np.empty(len(pairs), np.uint8)
        levels[field.name][known], levels[field.name][fresh] = before.levels[place, column], compared[field.name]
    together = namesakes(levels["first name"], levels["last name"], levels["address"])
    return levels | {"generation": generation(table, pairs.left, pairs.right, together)}, len(fresh)


def _firm_rarity(table: Table, left: Places, right: Places) -> Levels:
    at = table.codes["firm"].at
    same = (at[left] == at[right]) & (at[left] > 0)
    seen = 1 + np.digitize(table.stats["firm"][left], FIRM_SEEN)
    return np.where(same, seen, FIRM_RARITY.at("missing")).astype(np.uint8)


def _scores(before: Index, pairs: Pairs, levels: dict[str, Levels]) -> Scores:
    """As `scoring.scored`, with nothing fitted."""
    firms = np.isin(levels["company"], [FIRM.at(level) for level in ("same", "misspelt", "different")])
    models, found = before.learned.models, {}
    for name, model in models.items():
        found[name] = patterns(model.fields, levels, np.flatnonzero(firms == (name == "companies")))
    scores = by_models(pairs, levels, firms, models, found)
    final = settled_by(before.book.lift, pairs, scores.before, levels["sources"].astype(np.int64))
    return replace(scores, probability=final, correction=before.learned.correction)


def _decisions(before: Index, score: Floats, levels: dict[str, Levels], together: Bools) -> Decisions:
    learned = before.learned
    return settled_decisions(score, levels, together, (learned.policy, learned.crowd, learned.threshold))


def called(names: Sequence[str], was: Ints, outcome: Outcome) -> pl.Series:
    """Customer of each record: the earlier name that most of its records had; of two the one with more of them.

    A customer that got none is called after its first record, with a number where an earlier one is called so.
    """
    there = np.flatnonzero(was >= 0)
    met = pl.DataFrame({"name": pl.Series(names, dtype=pl.String).gather(was[there]), "group": outcome.cluster[there]})
    met = met.group_by("name", "group").len().sort("len", "group", "name", descending=[True, False, False])
    kept = met.unique("name", keep="first", maintain_order=True).unique("group", keep="first", maintain_order=True)
    found = dict(zip(kept["group"].to_list(), kept["name"].to_list(), strict=True))
    own, used = outcome.names(np.arange(len(was)), CUSTOMER).to_list(), set(found.values())
    for group in np.unique(outcome.cluster).tolist():
        if group not in found:
            found[group] = _free(own[group], used)
            used.add(found[group])
    return pl.Series("called", [found[group] for group in outcome.cluster.tolist()], dtype=pl.String)


def _free(name: str, used: set[str]) -> str:
    number, found = 2, name
    while found in used:
        number, found = number + 1, f"{name}-{number}"
    return found


def _moved(scores: Scores) -> float:
    """The larger of both strata: half the sum of what the classes' shares differ from the fitted ones."""
    apart = [0.0]
    for name, model in scores.models.items():
        seen = scores.seen[name]
        if len(seen):
            begun = np.array([kind.share for kind in model.kinds])
            now = (model.classes(seen.levels) * seen.counts).sum(axis=1) + TRUST * begun / begun.sum()
            now /= now.sum()
            apart.append(float(np.abs(now - model.shares).sum() / 2))
    return max(apart)
