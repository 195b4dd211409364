"""Households: customers who live or call together. A second answer beside the clusters, never a reason to merge."""

from __future__ import annotations

import numpy as np

from he_sync.match.clusters import components
from he_sync.match.codes import Bools, Ints
from he_sync.match.levels import ADDRESS, LAST, PHONE
from he_sync.match.scoring import Scores

LIKELY = 0.5
HOME = (
    "same street and place", "street misspelt", "same ZIP, street missing", "same town, street missing",
    "same street, other unit",
)  # fmt: skip


def households(scores: Scores, cluster: Ints) -> Ints:
    """The household of each record, numbered by its first member: customers of one surname and one home or number."""
    pairs, home = scores.pairs, kin(scores)
    joined = np.flatnonzero(cluster != np.arange(len(cluster))).astype(np.int32)
    left, right = np.r_[pairs.left[home], joined], np.r_[pairs.right[home], cluster[joined].astype(np.int32)]
    return components(left, right, len(cluster))


def kin(scores: Scores, some: Ints | slice = slice(None)) -> Bools:
    """Which of some pairs are two people of one surname who live or call together."""
    address, phone, last = (scores.levels[name][some] for name in ("address", "phone", "last name"))
    home, number = ADDRESS.among(address, *HOME), phone == PHONE.at("same")
    surname = LAST.among(last, "same", "misspelt", "one part the same")
    likely: Bools = scores.household_of(some) + scores.probability[some] >= LIKELY
    likely &= surname & (home | number) & ~scores.strata[some]
    return likely
