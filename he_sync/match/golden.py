"""Golden records: one row a customer, each field from the record that knows it best, with that record and its date.

Fields that belong together survive together: a street of one record never stands beside the town of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from he_sync.match.codes import Bools, Ints, Small, coded
from he_sync.match.columns import Columns

CHUNK = 1 << 14
"""Customers made at a time."""

GROUPS = {
    "name": ("first_name", "last_name"),
    "company": ("company",),
    "email": ("email",),
    "phone": ("phone",),
    "address": ("street", "city", "state", "zip"),
}
"""Fields that survive together; the first filled ones decide."""
STANDARD = {
    "name": ("first", "last"),
    "company": ("firm",),
    "email": ("user", "host"),
    "phone": ("digits",),
    "address": ("number", "road", "zip5"),
}
"""Their standard forms: what is empty there is junk and never survives."""


def golden(records: pl.DataFrame, standard: Columns, cluster: Ints, names: pl.Series) -> Iterator[pl.DataFrame]:
    """One row a cluster, in the clusters' order, some at a time; `cluster` numbers the records', `names` names them.

    Rule by group: most parts filled, then most frequent in the cluster, then most recent, then right side, then id.
    """
    right = records["side"].to_numpy() == 1
    members, on_right = (np.bincount(some, minlength=len(cluster)) for some in (cluster, cluster[right]))
    lead, recent = np.flatnonzero(members), _recent(records["created"])
    best = {group: _best(standard, form, cluster, recent, right)[lead] for group, form in STANDARD.items()}
    for start in range(0, len(lead), CHUNK):
        some = slice(start, start + CHUNK)
        each, own = lead[some], on_right[lead[some]]
        counts = {"records": members[each], "left": members[each] - own, "right": own}
        parts = [pl.DataFrame({"cluster_id": names.gather(each), **counts})]
        parts += [_known(records, group, best[group][some]) for group in GROUPS]
        yield pl.concat(parts, how="horizontal")


def _known(records: pl.DataFrame, group: str, best: Small) -> pl.DataFrame:
    """The fields of a group, from the records that know it best."""
    chosen = pl.Series(best).replace(-1, None)
    known = records.select(
        *GROUPS[group], pl.col("id").alias(f"{group}_from"), pl.col("created").alias(f"{group}_date")
    )
    return known.select(pl.all().gather(chosen).cast(pl.String).fill_null(""))


def _recent(created: pl.Series) -> Small:
    """The rank of each record's date."""
    dates = coded(created.cast(pl.String))[0]
    rank: Small = dates.texts.rank("dense").to_numpy().astype(np.int32)[dates.at]
    return rank


def _best(standard: Columns, form: Sequence[str], cluster: Ints, recent: Small, right: Bools) -> Small:
    """The record of each cluster that knows a group best, by cluster number; -1 where none knows it."""
    long = {name: (standard[name].texts.str.len_chars() > 1).to_numpy() for name in form}
    filled = np.zeros(len(cluster), np.int8)
    for name in form:
        filled += long[name][standard[name].at]
    found = np.full(len(cluster), -1, np.int32)
    alone = np.bincount(cluster, minlength=len(cluster))[cluster] == 1
    single = np.flatnonzero((filled > 0) & alone)
    found[cluster[single]] = single
    there = np.flatnonzero((filled > 0) & ~alone)
    keys = cluster[there].astype(np.uint64)
    for name in form:
        keys = keys * np.uint64(0x9E3779B97F4A7C15) ^ standard[name].at[there].astype(np.uint64)
    _, inverse, often = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.lexsort((~right[there], -recent[there], -often[inverse], -filled[there], cluster[there]))
    ranked = there[order]
    first = np.r_[True, cluster[ranked][1:] != cluster[ranked][:-1]] if len(ranked) else np.zeros(0, bool)
    found[cluster[ranked[first]]] = ranked[first]
    return found
