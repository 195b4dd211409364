"""One record or many against an index: candidates with score, decision, customer and waterfall.

Each record is judged alone, as if it were the only one added to the run. The models, frequencies and blocks are the
run's; a score differs from that of a new run over everything as far as those change, which is next to nothing for one
record, and where answers of people re-ranked the run's doubtful pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from he_sync.match.clusters import LINK, UNSEEN, _weights
from he_sync.match.codes import Bools, Codes, Floats, Ints
from he_sync.match.columns import TOGETHER
from he_sync.match.compare import Levels, compared, namesakes
from he_sync.match.decide import MATCH, NO, WORDS, Decisions, decided, settled
from he_sync.match.explain import Waterfall
from he_sync.match.levels import FIRM, FIRM_RARITY, FIRM_SEEN, GENERATION
from he_sync.match.online.blocks import SPLITS, keys_of
from he_sync.match.online.forms import Form, form, forms
from he_sync.match.online.index import COMPARED, COUNTED, OLDEST, Index, column_of, positions
from he_sync.match.online.plain import Facts, Pair, levels
from he_sync.match.online.rivals import summed
from he_sync.match.patterns import patterns
from he_sync.match.table import Table

SHOWN = 0.01
EMPTY = pl.Series([""]).to_arrow(compat_level=OLDEST)
"""The first text of every column: its number is 0."""


class Candidate(NamedTuple):
    """A record that the new one may be: its side (0 left, 1 right) and id, its customer, score, decision, and why."""

    id: str
    side: int
    cluster: str
    score: float
    decision: str
    why: Waterfall


class Asking(NamedTuple):
    """The side of each who asks, and records of the index that people said are the same customer, or another one."""

    side: Ints
    same: Ints = np.zeros(0, np.int64)
    apart: Ints = np.zeros(0, np.int64)


class Asked(NamedTuple):
    """Pairs of a record that asks and one of the index, with their levels, scores before and after rivals, decisions.

    `together` are those that the record would share a customer with.
    """

    who: Ints
    record: Ints
    levels: Mapping[str, Levels]
    before: Floats
    score: Floats
    together: Bools
    decision: Decisions


def match_one(known: Index, record: Mapping[str, str], side: int = 0) -> list[Candidate]:
    """Candidates of a record from SHOWN upward, likeliest first. `record` has columns GIVEN; a missing one is empty."""
    mine = form(record, known.learned.known)
    facts = Facts(mine, SPLITS, COUNTED)
    said = _said(known, record.get("id", ""), side)
    _, found = known.blocks.found(facts.keys, facts.splits)
    found = np.union1d(found, said.same)
    who = np.zeros(len(found), np.int64)
    theirs = _texts(known, found)
    level = levels(mine, side, theirs, _rows(known, mine, facts, found, theirs))
    return _shown(known, judged(known, who, found, level, said), 1)[0]


def match_many(known: Index, records: pl.DataFrame, side: int = 0) -> list[list[Candidate]]:
    """The same of each record of a frame with columns GIVEN, in its order."""
    mine = forms(records, known.learned.known)
    return _shown(known, asked(known, mine, np.full(len(records), side)), len(records))


def asked(known: Index, mine: pl.DataFrame, side: Ints) -> Asked:
    """All pairs of records in standard form with the index, each record for itself."""
    who, record = known.blocks.found(*keys_of(mine))
    small = _table(known, mine, side, who, record)
    theirs, ours = np.arange(len(record)), len(record) + who
    ahead = side[who] < small.side[theirs]
    found = compared(small, np.where(ahead, ours, theirs), np.where(ahead, theirs, ours))
    found["company rarity"] = _firm_rarity(small, theirs, ours)
    found["generation"] = _generation(known, found, record)
    return judged(known, who, record, found, Asking(side))


def judged(known: Index, who: Ints, record: Ints, levels: Mapping[str, Levels], by: Asking) -> Asked:
    """Pairs with their levels scored and decided."""
    before = _before(known, levels)
    after = known.book.after(who, record, before, levels["sources"].astype(np.int64))
    if known.learned.correction:
        after = known.learned.correction.applied(after, levels)
    after[np.isin(record, by.same)], after[np.isin(record, by.apart)] = 1.0, 0.0
    together = _together(known, who, record, after, by)
    score = settled(after, together)
    learned = known.learned
    decision = decided(score, levels, together, (learned.policy, learned.crowd, learned.threshold))
    return Asked(who, record, levels, before, score, together, obeyed(decision, record, by))


def _texts(known: Index, rows: Ints) -> list[dict[str, Any]]:
    texts, width = known.texts_of(rows).to_pylist(), len(COMPARED)
    sides = known.records["side"].take(positions(rows)).to_pylist()
    return [
        dict(zip(COMPARED, texts[place * width : place * width + width], strict=True), side=side)
        for place, side in enumerate(sides)
    ]


def _rows(known: Index, mine: Form, facts: Facts, found: Ints, theirs: Sequence[Mapping[str, Any]]) -> list[Pair]:
    own = {name: int(known.counts[name].at(facts.names[name])[0]) + 1 if mine[name] else 0 for name in COUNTED}
    stats = {name: known.stats[name][found].tolist() for name in COUNTED}
    beside, people = known.beside[found].tolist(), known.learned.people + 1
    return [
        Pair(
            other["side"],
            beside[place],
            own,
            {name: stats[name][place] + (mine[name] == other[name] != "") for name in COUNTED},
            people,
        )
        for place, other in enumerate(theirs)
    ]


def _table(known: Index, mine: pl.DataFrame, side: Ints, who: Ints, record: Ints) -> Table:
    """A row for each candidate, then those who ask; a name is as common as in the run with the one who asks."""
    codes, stats = _codes(known, mine, record), {}
    for name in COUNTED:
        at, own = codes[name].at, known.counts[name].of(mine[name]) + (mine[name] != "").to_numpy()
        same = (at[: len(record)] == at[len(record) + who]) & (at[: len(record)] > 0)
        stats[name] = np.r_[known.stats[name][record] + same, own]
    theirs = known.records["side"].take(positions(record)).to_numpy().astype(np.int64)
    return Table(np.r_[theirs, side], codes, stats, known.learned.people + 1)


def _codes(known: Index, mine: pl.DataFrame, record: Ints) -> dict[str, Codes]:
    """COMPARED of the candidates, then of those who ask, by number."""
    theirs, ours = known.texts_of(record), mine.select(COMPARED).to_arrow(compat_level=OLDEST)

    def numbered(names: Sequence[str]) -> list[tuple[str, Codes]]:
        parts = [part for name in names for part in (column_of(theirs, name), *ours[name].chunks)]
        both = pa.concat_arrays([EMPTY, *parts]).dictionary_encode()
        at, texts = both.indices.to_numpy()[1:], pl.Series(both.dictionary)
        return [(name, Codes(part, texts)) for name, part in zip(names, np.split(at, len(names)), strict=True)]

    columns = [TOGETHER, *((name,) for name in COMPARED if name not in TOGETHER)]
    return dict(chain.from_iterable(map(numbered, columns)))


def _generation(known: Index, levels: Mapping[str, Levels], record: Ints) -> Levels:
    """With namesakes in the house that the run knows: they hold back a pair in which nobody says Jr or Sr."""
    level = levels["generation"]
    alike = namesakes(levels["first name"], levels["last name"], levels["address"])
    marked = alike & known.beside[record] & (level == GENERATION.at("none"))
    return np.where(marked, GENERATION.at("namesake in the house has one"), level).astype(np.uint8)


def _firm_rarity(small: Table, theirs: Ints, ours: Ints) -> Levels:
    """Counted in the run: the batch counts the table, of which this one is a part."""
    at = small.codes["firm"].at
    same = (at[theirs] == at[ours]) & (at[theirs] > 0)
    seen = 1 + np.digitize(small.stats["firm"][theirs], FIRM_SEEN)
    return np.where(same, seen, FIRM_RARITY.at("missing")).astype(np.uint8)


def _before(known: Index, levels: Mapping[str, Levels]) -> Floats:
    score = np.zeros(len(levels["company"]))
    for name, take in _strata(levels).items():
        model = known.learned.models[name]
        if len(take):
            seen = patterns(model.fields, levels, take)
            score[take] = reduce(np.add, model.classes_of_each(seen.levels)[model.matching])[seen.row]
    return score


def _strata(levels: Mapping[str, Levels]) -> dict[str, Ints]:
    firms = np.isin(levels["company"], [FIRM.at(level) for level in ("same", "misspelt", "different")])
    return {"people": np.flatnonzero(~firms), "companies": np.flatnonzero(firms)}


def _said(known: Index, name: str, side: int) -> Asking:
    """What people answered about a record of this name, where the run knows it."""
    if not name or not len(known.answers):
        return Asking(np.array([side]))
    ends = zip(("id", "other_id"), ("side", "other_side"), ("other_id", "id"), ("other_side", "side"), strict=True)
    found: dict[bool, list[int]] = {True: [], False: []}
    for own, own_side, other, other_side in ends:
        mine = _named(known.answers, own, name, own_side, side)
        for row in known.answers.take(mine).select([other, other_side, "same"]).to_pylist():
            found[row["same"]] += _named(known.records, "id", row[other], "side", row[other_side]).tolist()
    return Asking(np.array([side]), *(np.array(found[same], np.int64) for same in (True, False)))


def _named(rows: pa.Table, name: str, said: str, side: str, at: int) -> Ints:
    """Places of the rows that have this name on this side."""
    there = pc.and_(pc.equal(rows[name], said), pc.equal(rows[side], at))
    return np.flatnonzero(there.to_numpy(zero_copy_only=False))


def obeyed(asked: Decisions, record: Ints, said: Asking) -> Decisions:
    """Decisions after the word of people."""
    found = asked.copy()
    found[np.isin(record, said.same)], found[np.isin(record, said.apart)] = MATCH, NO
    return found


def _together(known: Index, who: Ints, record: Ints, score: Floats, by: Asking) -> Bools:
    """Pairs whose customer the record would join: the likeliest for which all pairs together speak."""
    if not len(who):
        return np.zeros(0, bool)
    count = len(known) + 1
    pair, first, group = np.unique(who * count + known.cluster[record], return_index=True, return_inverse=True)
    total = summed(group, _weights(score), len(pair))
    total += UNSEEN * (known.size[record[first]] - np.bincount(group, minlength=len(pair)))
    group_of = known.cluster[record[first]]
    total[np.isin(group_of, known.cluster[by.apart])] = -np.inf
    total[np.isin(group_of, known.cluster[by.same])] = np.inf
    best = np.zeros(len(pair))
    np.maximum.at(best, group, score)
    asking = by.side[pair // count]
    full = np.isin(asking, list(known.learned.clean)) & known.sides[asking, record[first]]
    able = np.flatnonzero((total > 0) & (best >= LINK) & ~full)
    able = able[np.lexsort((pair[able], -best[able], pair[able] // count))]
    asks = pair[able] // count
    joined = np.zeros(len(pair), bool)
    joined[able[np.r_[True, asks[1:] != asks[:-1]][: len(able)]]] = True
    return joined[group]


def _shown(known: Index, found: Asked, rows: int) -> list[list[Candidate]]:
    """The candidates of each row, likeliest first."""
    shown = np.flatnonzero(found.score >= SHOWN)
    shown = shown[np.lexsort((found.record[shown], -found.score[shown], found.who[shown]))]
    falls = _falls(known, {name: level[shown] for name, level in found.levels.items()})
    there = known.records.select(["id", "side", "customer"]).take(positions(found.record[shown]))
    named = (there[name].to_pylist() for name in there.column_names)
    words = map(WORDS.__getitem__, found.decision[shown].tolist())
    result: list[list[Candidate]] = [[] for _ in range(rows)]
    for row, one in zip(
        found.who[shown].tolist(), map(Candidate, *named, found.score[shown].tolist(), words, falls), strict=True
    ):
        result[row].append(one)
    return result


def _falls(known: Index, levels: Mapping[str, Levels]) -> list[Waterfall]:
    """Waterfalls of pairs by their levels."""
    found = [Waterfall("", 0.0, ())] * len(levels["company"])
    for name, take in _strata(levels).items():
        model = known.learned.models[name]
        if len(take):
            seen = patterns(model.fields, levels, take)
            falls = known.learned.explainers[name].falls(seen, np.arange(len(seen)))
            for place, row in zip(take.tolist(), seen.row.tolist(), strict=True):
                found[place] = falls[row]
    return found
