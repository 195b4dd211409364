"""Customers are groups that agree with themselves, and people have the last word."""

from __future__ import annotations

import numpy as np

from he_sync.match.blocking import Pairs
from he_sync.match.clusters import Rules, Steward, clusters


def grouped(
    scores: dict[tuple[int, int], float],
    count: int,
    clean: frozenset[int] = frozenset(),
    said: Steward | None = None,
    side: list[int] | None = None,
) -> list[int]:
    ends = sorted(scores)
    pairs = Pairs(np.array([one for one, _ in ends]), np.array([other for _, other in ends]))
    rules = Rules(np.array(side or [0] * count), clean, said or Steward())
    return clusters(pairs, np.array([scores[pair] for pair in ends]), rules).tolist()


def test_a_chain_whose_ends_disagree_is_not_one_customer():
    assert grouped({(0, 1): 0.99, (1, 2): 0.9, (0, 2): 0.001}, 3) == [0, 0, 2]


def test_a_chain_whose_ends_were_never_compared_needs_more_than_one_weak_link():
    assert grouped({(0, 1): 0.99, (1, 2): 0.6}, 3) == [0, 0, 2]
    assert grouped({(0, 1): 0.99, (1, 2): 0.999}, 3) == [0, 0, 0]


def test_a_side_without_duplicates_gives_each_customer_one_record():
    scores = {(0, 2): 0.99, (1, 2): 0.98, (0, 1): 0.9}
    assert grouped(scores, 3, side=[0, 0, 1]) == [0, 0, 0]
    assert grouped(scores, 3, frozenset({0}), side=[0, 0, 1]) == [0, 1, 0]


def test_what_a_person_joined_stays_joined_and_what_was_parted_stays_apart():
    scores = {(0, 1): 0.01, (1, 2): 0.999}
    assert grouped(scores, 3, said=Steward(together=[(0, 1)]))[:2] == [0, 0]
    assert grouped(scores, 3, said=Steward(apart=[(1, 2)])) == [0, 1, 2]
