"""Golden records: one row a customer, each field from the record that knows it best, with that record and its date.

Fields that belong together survive together: a street of one record never stands beside the town of another.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from he_sync.match.codes import SEED, Ints

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


def golden(records: pl.DataFrame, standard: pl.DataFrame, cluster: Ints, names: pl.Series) -> pl.DataFrame:
    """One row a cluster, in the clusters' order; `cluster` numbers the records', `names` names them.

    Rule by group: most parts filled, then most frequent in the cluster, then most recent, then right side, then id.
    """
    count = len(cluster)
    members, right = (
        np.bincount(cluster, minlength=count),
        np.bincount(cluster[records["side"].to_numpy() == 1], minlength=count),
    )
    lead = np.flatnonzero(members)
    parts = [
        pl.DataFrame(
            {
                "cluster_id": names.gather(lead),
                "records": members[lead],
                "left": (members - right)[lead],
                "right": right[lead],
            }
        )
    ]
    recent = records["created"].rank("dense").to_numpy().astype(np.int64)
    for group, fields in GROUPS.items():
        best = _best(standard.select(STANDARD[group]), cluster, recent, records["side"].to_numpy())[lead]
        chosen = pl.Series(best, dtype=pl.Int64)
        known = records.select(*fields, pl.col("id").alias(f"{group}_from"), pl.col("created").alias(f"{group}_date"))
        parts.append(known.select(pl.all().gather(chosen.replace(-1, None)).fill_null("")))
    return pl.concat(parts, how="horizontal")


def _best(forms: pl.DataFrame, cluster: Ints, recent: Ints, side: Ints) -> Ints:
    """The record of each cluster that knows a group best, by cluster number; -1 where none knows it."""
    filled = forms.select(pl.sum_horizontal((pl.all().str.len_chars() > 1).cast(pl.Int64))).to_series().to_numpy()
    form = forms.select(pl.concat_str(pl.all(), separator="|").hash(SEED)).to_series().to_numpy()
    found = np.full(len(cluster), -1, np.int64)
    alone = np.bincount(cluster, minlength=len(cluster))[cluster] == 1
    single = np.flatnonzero((filled > 0) & alone)
    found[cluster[single]] = single
    there = np.flatnonzero((filled > 0) & ~alone)
    keys = form[there] ^ (cluster[there].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    _, inverse, often = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.lexsort((-side[there], -recent[there], -often[inverse], -filled[there], cluster[there]))
    ranked = there[order]
    first = np.r_[True, cluster[ranked][1:] != cluster[ranked][:-1]] if len(ranked) else np.zeros(0, bool)
    found[cluster[ranked[first]]] = ranked[first]
    return found
