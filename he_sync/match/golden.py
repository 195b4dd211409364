"""Golden records: one row a customer, each field from the record that knows it best, with that record and its date.

Fields that belong together survive together: a street of one record never stands beside the town of another.
"""

from __future__ import annotations

import polars as pl

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


def golden(records: pl.DataFrame, standard: pl.DataFrame, cluster: pl.Series) -> pl.DataFrame:
    """One row a cluster. Rule by field group: most parts filled, then most frequent, then most recent, then right."""
    frame = records.with_columns(cluster.alias("cluster_id")).hstack(standard.select(pl.all().name.prefix("_")))
    found = frame.group_by("cluster_id", maintain_order=True).agg(
        records=pl.len(), left=(pl.col("side") == 0).sum(), right=(pl.col("side") == 1).sum()
    )
    for group, fields in GROUPS.items():
        best = _best(frame, group, fields)
        found = found.join(best, on="cluster_id", how="left", maintain_order="left")
    return found.with_columns(pl.col(pl.String).fill_null("")).sort("cluster_id")


def _best(frame: pl.DataFrame, group: str, fields: tuple[str, ...]) -> pl.DataFrame:
    forms = [f"_{name}" for name in STANDARD[group]]
    filled = frame.with_columns(
        pl.sum_horizontal([(pl.col(name).str.len_chars() > 1).cast(pl.Int8) for name in forms]).alias("_filled"),
        pl.concat_str(forms, separator="|").alias("_form"),
    ).filter(pl.col("_filled") > 0)
    often = pl.len().over("cluster_id", "_form").alias("_often")
    ranked = filled.with_columns(often).sort(
        "cluster_id", "_filled", "_often", "created", "side", "id", descending=[False, True, True, True, True, False]
    )
    first = ranked.unique("cluster_id", keep="first", maintain_order=True)
    return first.select(
        "cluster_id", *fields, pl.col("id").alias(f"{group}_from"), pl.col("created").alias(f"{group}_date")
    )
