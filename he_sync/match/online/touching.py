"""What new, changed and removed records touch of a run, worked out anew; all the rest is copied from it.

Its pairs are those of records that came, and of records whose block came under or over its cap. From a pair that
changed the change travels: to the rivals of its records and of their candidates, to the customers that such pairs
hang together in, and to their households. Everything else is as it was, in the same order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.clusters import LINK, Rules, clusters, components
from he_sync.match.codes import Bools, Floats, Ints, Places, taken
from he_sync.match.columns import columns_of
from he_sync.match.compare import Comparer, Levels, generation, namesakes
from he_sync.match.contest import LIKELY
from he_sync.match.decide import Decisions, decided, settled
from he_sync.match.households import kin
from he_sync.match.levels import FIELDS, FIRM, FIRM_RARITY, FIRM_SEEN, GENERATION
from he_sync.match.online.blocks import Blocks, keys_of
from he_sync.match.online.change import Change
from he_sync.match.online.index import COMPARED, COUNTED, Index
from he_sync.match.online.merging import Moves, merged
from he_sync.match.online.rivals import settled_by
from he_sync.match.online.seen import patterns_now
from he_sync.match.online.splice import Splice, spliced
from he_sync.match.scoring import Scores, chances_of
from he_sync.match.side_by_side import side_by_side
from he_sync.match.table import Table
from he_sync.match.teaching import answered

SAYS = COMPARED.index("generation")
NONE, BESIDE = GENERATION.at("none"), GENERATION.at("namesake in the house has one")


class Found(NamedTuple):
    """What a run found by models that it did not fit; arrays follow the records or the pairs as they are now.

    `touched` are records whose customer may be another one, `compared` the pairs that were; `beside` and `blocks` are
    for the index.
    """

    scores: Scores
    score: Floats
    together: Bools
    decision: Decisions
    cluster: Ints
    household: Ints
    touched: Bools
    compared: int
    beside: Bools
    blocks: Blocks


class Met(NamedTuple):
    """The candidate pairs as they are now: `splice` of the old ones, and the records at the ends of what left."""

    pairs: Pairs
    splice: Splice
    left_behind: Bools


def touched(change: Change) -> Found:
    """The run over the records as they are now, where nobody said anything about pairs."""
    before = change.before
    blocks, turned = merged(before.blocks, _moves(change))
    met = _met(change, blocks, np.union1d(change.splice.came, turned))
    levels, anew, beside = _levels(change, met)
    scores = _scores(before, met, levels, anew)
    scores, moved = _after_rivals(before, scores, met, anew)
    return _settled(change, met, (scores, moved), (beside, blocks))


def _moves(change: Change) -> Moves:
    return Moves(change.now, len(change.splice), change.splice.came, keys_of(change.fresh)[0], change.hashes)


def _met(change: Change, blocks: Blocks, anew: Ints) -> Met:
    """The pairs of some records from the blocks, the others' as they were."""
    before, now = change.before, change.now.astype(np.int32)
    who, record = blocks.found(*keys_of(change.standard(anew)), once=True)
    one = anew[who]
    key = np.unique((np.minimum(one, record) << 32 | np.maximum(one, record))[one != record])
    leaves = np.isin(change.now, anew) | (change.now < 0)
    stay = ~(taken(leaves, before.left) | taken(leaves, before.right))
    ends = tuple(taken(now, one) for one in (before.left, before.right))
    kept = ends[0][stay].astype(np.int64) << 32 | ends[1][stay]
    splice = spliced(stay, np.searchsorted(kept, key))
    pairs = Pairs(splice.of(ends[0], (key >> 32).astype(np.int32)), splice.of(ends[1], key.astype(np.int32)))
    gone = np.concatenate([one[~stay] for one in ends])
    return Met(pairs, splice, _marked(len(change.splice), gone[gone >= 0]))


def _levels(change: Change, met: Met) -> tuple[dict[str, Levels], Ints, Bools]:
    """Levels of all pairs, those whose levels may be others than before, and who has a namesake with Jr or Sr."""
    came, before = met.splice.came, change.before
    fresh = _compared(change, met.pairs.left[came], met.pairs.right[came])

    def now(place: int) -> Levels:
        return met.splice.of(before.levels[place], fresh[FIELDS[place].name])

    made = side_by_side(now, range(len(FIELDS)), len(met.pairs))
    levels = dict(zip((field.name for field in FIELDS), made, strict=True))
    marked, beside = _generations(change, met, levels)
    return levels, np.union1d(came, marked), beside


def _compared(change: Change, left: Places, right: Places) -> dict[str, Levels]:
    """Levels of new pairs, in which a namesake in the house is not yet seen."""
    places, at = np.unique(np.r_[left, right], return_inverse=True)
    if not len(places):
        return {field.name: np.zeros(0, np.uint8) for field in FIELDS}
    one, other = np.split(at, 2)
    table = table_of(change, places)
    levels = Comparer(table).levels(one, other)
    levels["company rarity"] = firm_rarity(table, one, other)
    return levels | {"generation": generation(table, one, other, np.zeros(len(one), bool))}


def table_of(change: Change, places: Ints) -> Table:
    """Some records; frequencies are those of the earlier run, and a name that it never saw has been seen once."""
    before, standard = change.before, change.standard(places)
    there = {name: (standard[name] != "").to_numpy() for name in COUNTED}
    stats = {name: np.maximum(before.counts[name].of(standard[name]), there[name]) for name in COUNTED}
    return Table(change.side[places], columns_of([standard]), stats, before.learned.people)


def firm_rarity(table: Table, left: Places, right: Places) -> Levels:
    """Counted in the earlier run."""
    at = table.codes["firm"].at
    same = (at[left] == at[right]) & (at[left] > 0)
    seen = 1 + np.digitize(table.stats["firm"][left], FIRM_SEEN)
    return np.where(same, seen, FIRM_RARITY.at("missing")).astype(np.uint8)


def _generations(change: Change, met: Met, levels: dict[str, Levels]) -> tuple[Ints, Bools]:
    """Mark pairs in which nobody says Jr or Sr and a namesake in the house does; returns those that changed.

    And the records with such a namesake.
    """
    pairs, came = met.pairs, met.splice.came
    some = met.left_behind | _marked(len(change.splice), pairs.left[came], pairs.right[came])
    near = incident(pairs, some)
    left, right = pairs.left[near], pairs.right[near]
    alike = namesakes(*(levels[name][near] for name in ("first name", "last name", "address")))
    says = change.splice.of(change.before.lengths[:, SAYS] > 0, (change.fresh["generation"] != "").to_numpy())
    beside = change.splice.of(change.before.beside, np.zeros(len(change.fresh), bool)) & ~some
    beside[left[alike & says[right]]] = beside[right[alike & says[left]]] = True
    was = levels["generation"][near]
    neither = (was == NONE) | (was == BESIDE)
    level = np.where(neither, np.where(alike & (beside[left] | beside[right]), BESIDE, NONE), was).astype(np.uint8)
    levels["generation"][near] = level
    return near[level != was], beside


def _scores(before: Index, met: Met, levels: dict[str, Levels], anew: Ints) -> Scores:
    """Before rivals."""
    firms = FIRM.among(levels["company"], "same", "misspelt", "different")
    seen, row = patterns_now(before, met.splice, (levels, firms), anew)
    models = before.learned.models
    by_pattern = {name: chances_of(model, seen[name]) for name, model in models.items()}
    return Scores(met.pairs, levels, np.zeros(0), models, seen, by_pattern, row, firms, before.learned.correction)


def _after_rivals(before: Index, scores: Scores, met: Met, anew: Ints) -> tuple[Scores, Ints]:
    """With probabilities after rivals, and the pairs whose probability moved.

    A pair that changed is a rival at both of its records, and says of their common candidates whether those exclude
    each other: so all pairs of its records and of their candidates are weighed again.
    """
    pairs, chance = met.pairs, scores.before
    likely = np.flatnonzero(chance > LIKELY)
    some = Pairs(pairs.left[likely], pairs.right[likely])
    changed = met.left_behind | _marked(len(met.left_behind), pairs.left[anew], pairs.right[anew])
    again = incident(some, ends(some, incident(some, changed), changed))
    around = ends(some, incident(some, ends(some, again)))
    sub = np.flatnonzero(around[some.left] & around[some.right])
    weighed, kinds = likely[sub], scores.levels["sources"]
    after = settled_by(
        before.book.lift, Pairs(some.left[sub], some.right[sub]), chance[weighed], kinds[weighed].astype(np.int64)
    )
    probability = met.splice.of(before.probability, np.zeros(len(met.splice.came)))
    probability[anew] = chance[anew]
    was = probability[likely[again]]
    probability[likely[again]] = after[np.searchsorted(sub, again)]
    moved = np.union1d(anew, likely[again][was != probability[likely[again]]])
    return replace(scores, probability=probability), moved


def _settled(change: Change, met: Met, scored: tuple[Scores, Ints], more: tuple[Bools, Blocks]) -> Found:
    """Customers, scores, decisions and households."""
    (scores, moved), before, pairs, count = scored, change.before, met.pairs, len(change.splice)
    probability = answered(scores, None)
    start = met.left_behind | _marked(count, pairs.left[moved], pairs.right[moved], change.splice.came)
    some = _hanging_together(pairs, probability, start)
    cluster = change.renamed(before.cluster)
    places, inside, own = _within(pairs, some)
    rules = Rules(change.side[places], before.learned.clean)
    cluster[places] = places[clusters(own, probability[inside], rules)]
    together: Bools = taken(cluster, pairs.left) == taken(cluster, pairs.right)
    score = settled(probability, together)
    decision = met.splice.of(before.decision, np.zeros(len(met.splice.came), np.int8))
    near = incident(pairs, some)
    levels = {name: level[near] for name, level in scores.levels.items()}
    learned = before.learned
    decision[near] = decided(score[near], levels, together[near], (learned.policy, learned.crowd, learned.threshold))
    home = _households(change, scores, cluster, some)
    return Found(scores, score, together, decision, cluster, home, some, len(met.splice.came), *more)


def _hanging_together(pairs: Pairs, probability: Floats, start: Bools) -> Bools:
    """Records that a chain of links joins to where it starts."""
    links = np.flatnonzero(probability >= LINK)
    left, right, found = pairs.left[links], pairs.right[links], start.copy()
    while True:
        further = np.flatnonzero(found[left] != found[right])
        if not len(further):
            return found
        found[left[further]] = found[right[further]] = True


def _households(change: Change, scores: Scores, cluster: Ints, some: Bools) -> Ints:
    """Those that a touched record was in or is in; the others as they were."""
    before, now = change.before, change.now
    there = now >= 0
    torn = np.zeros(len(now), bool)
    torn[before.household[there][some[now[there]]]] = True
    inside = some.copy()
    inside[now[there & torn[before.household]]] = True
    household = change.renamed(before.household)
    places, near, own = _within(scores.pairs, inside)
    home = kin(scores, near)
    joined = np.flatnonzero(cluster[places] != places)
    lead = np.searchsorted(places, cluster[places[joined]])
    left, right = np.r_[own.left[home], joined], np.r_[own.right[home], lead]
    household[places] = places[components(left, right, len(places))]
    return household


def _within(pairs: Pairs, some: Bools) -> tuple[Ints, Ints, Pairs]:
    """Places of some records, the pairs between them, and those pairs by the records' number among them."""
    places, inside = np.flatnonzero(some), np.flatnonzero(taken(some, pairs.left) & taken(some, pairs.right))
    number = np.cumsum(some) - 1
    return places, inside, Pairs(number[pairs.left[inside]], number[pairs.right[inside]])


def incident(pairs: Pairs, some: Bools) -> Ints:
    """Pairs of some records."""
    return np.flatnonzero(taken(some, pairs.left) | taken(some, pairs.right))


def ends(pairs: Pairs, which: Ints, more: Bools | None = None) -> Bools:
    """Records of some pairs, and `more`."""
    count = int(pairs.right.max(initial=-1)) + 1 if more is None else len(more)
    found = _marked(count, pairs.left[which], pairs.right[which])
    return found if more is None else found | more


def _marked(count: int, *places: Places) -> Bools:
    found = np.zeros(count, bool)
    for some in places:
        found[some] = True
    return found
