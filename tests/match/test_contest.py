"""One customer is at most one of several others, and having no rival proves only as much as this file says."""

from __future__ import annotations

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.contest import contested


def after(pairs: list[tuple[int, int]], before: list[float], left: int, right: int) -> np.ndarray:
    """Probabilities of cross-source pairs after rivals; records 0.. are left ones, right ones follow."""
    ends = Pairs(np.array([one for one, _ in pairs]), np.array([left + other for _, other in pairs]))
    side = np.array([0] * left + [1] * right)
    return contested(ends, np.array(before), np.ones(len(pairs), np.uint8), side)


def test_two_candidates_that_exclude_each_other_share_what_there_is():
    found = after([(0, 0), (0, 1)], [0.9, 0.9], 1, 2)
    assert found.sum() <= 1.0
    assert found[0] == found[1]


def test_a_clear_candidate_takes_it_from_a_weak_one():
    strong, weak = after([(0, 0), (0, 1)], [0.999, 0.3], 1, 2)
    assert strong > 0.99
    assert weak < 0.01


def test_where_few_records_have_a_match_no_rival_proves_little():
    lone = [(k, k) for k in range(50)]
    rivals = [(50 + k // 2, 50 + k) for k in range(100)]
    found = after(lone + rivals, [0.6] * 150, 5_000, 5_000)
    assert found[:50].max() < 0.65
    assert found[50:].max() < 0.45
