"""Households: customers who live or call together. A second answer beside the clusters, never a reason to merge."""

from __future__ import annotations

import numpy as np

from he_sync.match.clusters import components
from he_sync.match.codes import Ints
from he_sync.match.levels import ADDRESS, LAST, PHONE
from he_sync.match.scoring import Scores

LIKELY = 0.5
HOME = (
    "same street and place", "street misspelt", "same ZIP, street missing", "same town, street missing",
    "same street, other unit",
)  # fmt: skip


def households(scores: Scores, cluster: Ints) -> Ints:
    """The household of each record, numbered by its first member: customers of one surname and one home or number."""
    levels = scores.levels
    home = ADDRESS.among(levels["address"], *HOME)
    number = levels["phone"] == PHONE.at("same")
    surname = LAST.among(levels["last name"], "same", "misspelt", "one part the same")
    kin = (scores.household + scores.probability >= LIKELY) & surname & (home | number) & ~scores.strata
    pairs = scores.pairs
    joined = np.flatnonzero(cluster != np.arange(len(cluster))).astype(np.int32)
    left, right = np.r_[pairs.left[kin], joined], np.r_[pairs.right[kin], cluster[joined].astype(np.int32)]
    return components(left, right, len(cluster))
