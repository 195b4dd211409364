"""A later run by the models of an earlier one: only pairs that a new, changed or removed record touches are compared.

The earlier run's way of reading names, its frequencies, models, rivals' factors and threshold hold. So a pair of two
records that are as they were keeps its levels, and the result is that of comparing everything once more. What stays
undone is learning: `drift` says when that is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs, candidates
from he_sync.match.clusters import Rules, Steward, clusters
from he_sync.match.codes import SEED, Bools, Floats, Ints
from he_sync.match.columns import columns_of
from he_sync.match.compare import Comparer, Levels, generation, namesakes
from he_sync.match.decide import Decisions, settled
from he_sync.match.decide import decided as settled_decisions
from he_sync.match.decided import Decided, obeyed, with_decided
from he_sync.match.households import households
from he_sync.match.labels import Labels, labels
from he_sync.match.latent import TRUST
from he_sync.match.levels import FIELDS, FIRM
from he_sync.match.online.change import Change, Late
from he_sync.match.online.forms import forms
from he_sync.match.online.index import COUNTED, Index, answers_of, raw
from he_sync.match.online.keeping import Joined
from he_sync.match.online.rivals import settled_by
from he_sync.match.online.splice import spliced
from he_sync.match.online.touching import firm_rarity, table_of, touched
from he_sync.match.patterns import patterns
from he_sync.match.reading import joined
from he_sync.match.run import CUSTOMER, Options, Outcome
from he_sync.match.scoring import Scores, by_models
from he_sync.match.table import Table
from he_sync.match.teaching import Lesson, answered

MANY = 0.05
"""Share of the records that may come or go before comparing everything costs less than finding what they touch."""
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
    was, same = _places(before, records)
    decided = answers_of(before, "decisions") if decided is None else decided
    labelled = labels(answers, records) if answers else with_decided(None, answers_of(before, "labels"), records)
    known = with_decided(labelled, decided, records)
    new, changed, removed = int((was < 0).sum()), int(((was >= 0) & ~same).sum()), len(before) - int((was >= 0).sum())
    said = known is not None or len(before.answers) > 0
    if said or new + 2 * changed + removed > MANY * len(before) or (np.diff(was[same]) < 0).any():
        outcome, count = _everything(before, records, (was, same), (known, decided))
    else:
        outcome, count = _touched(before, records, (was, same))
    since = before.learned.changed + new + changed + removed
    drift = Drift(new, changed, removed, count, since, since / before.learned.fitted, _moved(outcome.scores))
    return outcome, drift


def _everything(
    before: Index, records: pl.DataFrame, places: tuple[Ints, Bools], by: tuple[Labels | None, Sequence[Decided]]
) -> tuple[Outcome, int]:
    """All blocks, rivals and customers once more; levels are kept. Returns the pairs compared too."""
    (was, same), (known, decided) = places, by
    side = records["side"].to_numpy().astype(np.int64)
    table = _table(before, _standard(before, records, was, same), side)
    pairs = candidates(table)
    levels, count = _levels(before, table, pairs, was, same)
    scores = _scores(before, pairs, levels)
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
    return replace(outcome, called=called(before.records["customer"].to_pylist(), was, outcome)), count


def _touched(before: Index, records: pl.DataFrame, places: tuple[Ints, Bools]) -> tuple[Outcome, int]:
    """The same, of which only what such records touch is worked out."""
    was, same = places
    fresh, stay = np.flatnonzero(~same), np.zeros(len(before), bool)
    stay[was[same]] = True
    standard = forms(records[fresh], before.learned.known)
    side = records["side"].to_numpy().astype(np.int64)
    change = Change(before, spliced(stay, fresh - np.arange(len(fresh))), standard, side)
    found = touched(change)
    own = table_of(change, fresh)
    stats = {name: change.splice.of(before.stats[name], own.stats[name].astype(np.int32)) for name in COUNTED}
    codes = Late(lambda: columns_of([_standard(before, records, was, same)]))
    outcome = Joined(
        records, Table(side, codes, stats, before.learned.people), (), before.learned.costs, found.scores, found.score,
        found.together, found.decision, before.learned.threshold, found.cluster, found.household,
        Options(before.learned.policy, before.learned.clean, None, ()), None, None, Lesson(), before.learned.crowd,
        change, found,
    )  # fmt: skip
    return replace(outcome, called=called_again(before, was, found.touched, outcome)), found.compared


def _places(before: Index, records: pl.DataFrame) -> tuple[Ints, Bools]:
    """Each record's place in the earlier run, -1 for a new one, and whether it says what it said then."""
    ids, sides = pl.Series(before.records["id"]), pl.Series(before.records["side"])
    earlier = _named(ids, sides).with_row_index("was")
    asked = _named(records["id"], records["side"])
    was = asked.join(earlier, on="name", how="left", maintain_order="left")["was"].cast(pl.Int64).fill_null(-1)
    place = was.to_numpy()
    return place, (place >= 0) & (raw(records) == before.raw[place])


def _named(ids: pl.Series, side: pl.Series) -> pl.DataFrame:
    """Records by side and id, as one number each: two million texts are joined in a third of the time."""
    return pl.DataFrame({"name": ids.hash(SEED).to_numpy() ^ side.cast(pl.UInt64).to_numpy()})


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
    compared["company rarity"] = firm_rarity(table, pairs.left[fresh], pairs.right[fresh])
    levels = {}
    for place, field in enumerate(FIELDS):
        levels[field.name] = np.empty(len(pairs), np.uint8)
        levels[field.name][known], levels[field.name][fresh] = before.levels[place, column], compared[field.name]
    together = namesakes(levels["first name"], levels["last name"], levels["address"])
    return levels | {"generation": generation(table, pairs.left, pairs.right, together)}, len(fresh)


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
    found = _heirs(pl.Series(names, dtype=pl.String).gather(was[there]), outcome.cluster[there])
    own, used = outcome.names(np.arange(len(was)), CUSTOMER).to_list(), set(found.values())
    _christened(found, {group: own[group] for group in np.unique(outcome.cluster).tolist()}, used)
    return pl.Series("called", [found[group] for group in outcome.cluster.tolist()], dtype=pl.String)


def called_again(before: Index, was: Ints, some: Bools, outcome: Outcome) -> pl.Series:
    """The same, where only the records `some` may have another customer."""
    names, place = pl.Series("called", before.records["customer"]), np.flatnonzero(some)
    group, earlier = outcome.cluster[place], was[place]
    found = _heirs(names.gather(earlier[earlier >= 0]), group[earlier >= 0])
    lead = np.unique(group)
    sides, ids = outcome.table.side[lead].tolist(), outcome.records["id"].gather(lead).to_list()
    own = {one: f"{CUSTOMER}{'LR'[side]}-{name}" for one, side, name in zip(lead.tolist(), sides, ids, strict=True)}
    wanted = [name for one, name in own.items() if one not in found]
    _christened(found, own, set(found.values()) | _standing(names, was[~some], wanted))
    named = pl.Series("called", [found[one] for one in group.tolist()], dtype=pl.String)
    return pl.concat([names, named]).gather(np.where(some, len(names) + np.cumsum(some) - 1, was))


def _heirs(names: pl.Series, group: Ints) -> dict[int, str]:
    """The earlier name of each group that gets one; `names` are those of its records."""
    met = pl.DataFrame({"name": names, "group": group}).group_by("name", "group").len()
    met = met.sort("len", "group", "name", descending=[True, False, False])
    kept = met.unique("name", keep="first", maintain_order=True).unique("group", keep="first", maintain_order=True)
    return dict(zip(kept["group"].to_list(), kept["name"].to_list(), strict=True))


def _standing(names: pl.Series, still: Ints, wanted: Sequence[str]) -> set[str]:
    """Of the names that customers keep, those that a wanted name, or its second, could meet; all, if both are taken."""
    if not wanted:
        return set()
    there = np.flatnonzero(names.is_in([*wanted, *(f"{name}-2" for name in wanted)]).to_numpy())
    met = set(names.gather(there[np.isin(there, still)]).to_list())
    twice = any(name in met and f"{name}-2" in met for name in wanted)
    return set(names.gather(still).to_list()) if twice else met


def _christened(found: dict[int, str], own: Mapping[int, str], used: set[str]) -> None:
    for group, name in own.items():
        if group not in found:
            found[group] = _free(name, used)
            used.add(found[group])


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
