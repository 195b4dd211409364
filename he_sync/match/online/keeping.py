"""The index of a run that followed what its new records touch: the earlier one's arrays with what changed in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from he_sync.match.codes import Ints
from he_sync.match.levels import FIELDS
from he_sync.match.online.change import Change
from he_sync.match.online.index import ANSWERS, COMPARED, OLDEST, Index, Seen, index, raw
from he_sync.match.online.rivals import book
from he_sync.match.online.touching import Found
from he_sync.match.run import CUSTOMER, Outcome


@dataclass(frozen=True)
class Joined(Outcome):
    """An outcome with what it is made of: the change of the records, and all that was found for it."""

    change: Change | None = None
    found: Found | None = None


def kept(outcome: Outcome, before: Index | None = None, changed: int = 0) -> Index:
    """As `index`, which reads all records of a run that compared everything."""
    if before is None or not isinstance(outcome, Joined) or outcome.change is None or outcome.found is None:
        return index(outcome, before, changed)
    return _kept(outcome, outcome.change, outcome.found, changed)


def _kept(outcome: Joined, change: Change, found: Found, changed: int) -> Index:
    before, splice, scores = change.before, change.splice, outcome.scores
    count, came = len(splice), outcome.records[splice.came]
    size = np.bincount(outcome.cluster, minlength=count)[outcome.cluster]
    lengths = change.fresh.select(pl.col(COMPARED).str.len_bytes()).to_numpy().astype(np.uint32)
    texts = change.fresh.select(pl.concat_str(COMPARED)).to_series().to_arrow(compat_level=OLDEST)
    return Index(
        replace(before.learned, changed=changed),
        _records(outcome, change),
        pa.concat_arrays([before.texts, texts]).take(pl.Series(splice.source).to_arrow()),
        found.blocks,
        book(scores, count, before.book.lift),
        before.counts,
        {name: some.astype(np.int32, copy=False) for name, some in outcome.table.stats.items()},
        np.concatenate((before.lengths, lengths))[splice.source],
        outcome.cluster.astype(np.int32),
        size.astype(np.int32),
        _sides(outcome.cluster, change.side),
        found.beside,
        splice.of(before.raw, raw(came)),
        scores.pairs.left.astype(np.int32, copy=False),
        scores.pairs.right.astype(np.int32, copy=False),
        np.array([scores.levels[field.name] for field in FIELDS], np.uint8),
        ANSWERS.empty_table(),
        scores.row,
        scores.probability,
        outcome.decision,
        outcome.household.astype(np.int32),
        {name: Seen(one.levels.astype(np.uint8), one.counts) for name, one in scores.seen.items()},
    )


def _records(outcome: Joined, change: Change) -> pa.Table:
    """Id, side, customer and columns for blocks."""
    old = pl.DataFrame(change.before.records).drop("id", "side", "customer")
    known = pl.concat([old, change.fresh.select(old.columns)])[change.splice.source]
    customer = outcome.names(outcome.cluster, CUSTOMER).alias("customer")
    side = pl.Series("side", change.side, dtype=pl.Int8)
    return known.with_columns(outcome.records["id"], side, customer).to_arrow(compat_level=OLDEST).combine_chunks()


def _sides(cluster: Ints, side: Ints) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Of each record's customer, whether one is of this side."""
    found = [np.bincount(cluster[side == one], minlength=len(cluster)) > 0 for one in (0, 1)]
    return np.array([one[cluster] for one in found])
