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


def test_a_pair_with_a_clear_rival_loses_to_pairs_of_its_strength_that_have_none():
    lone = [(k, k) for k in range(50)]
    contested_ones = [(50 + k, 50 + k) for k in range(50)]
    clear = [(50 + k, 100 + k) for k in range(50)]
    found = after(lone + contested_ones + clear, [0.6] * 100 + [0.9995] * 50, 100, 150)
    assert found[:50].min() > 0.6
    assert found[50:100].max() < 0.25
    assert found[100:].min() > 0.99


def test_where_few_records_have_a_match_no_rival_proves_little():
    lone = [(k, k) for k in range(50)]
    rivals = [(50 + k // 2, 50 + k) for k in range(100)]
    found = after(lone + rivals, [0.6] * 150, 5_000, 5_000)
    assert found[:50].max() < 0.65
    assert found[50:].max() < 0.45


def test_of_two_strong_rivals_the_weaker_one_is_not_counted_out():
    lone = [(k, k) for k in range(2_000)]
    weaker = [(2_000 + k, 2_000 + 2 * k) for k in range(400)]
    stronger = [(2_000 + k, 2_001 + 2 * k) for k in range(400)]
    found = after(lone + weaker + stronger, [0.98] * 2_400 + [0.9999] * 400, 6_400, 6_800)
    assert found[2_000:2_400].min() > 0.3
    assert found[2_400:].min() > 0.9


def test_in_a_small_file_pairs_of_like_strength_share_what_a_rival_takes():
    pairs = [(0, 0), (0, 1), (1, 2), (2, 3)]
    found = after(pairs, [0.9, 0.6, 0.55, 0.4], 3, 4)
    assert found[1] < 0.35
    assert found[2] > 0.55
