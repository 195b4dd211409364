"""Decisions of people hold in the next run, and a decided pair is not asked again."""

from __future__ import annotations

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs
from he_sync.match.clusters import Rules, Steward, clusters
from he_sync.match.decide import MATCH, NO, REVIEW
from he_sync.match.decided import Decided, obeyed, with_decided
from tests.match.people import records

RECORDS = records({"id": "1"}, {"id": "2"}, {"id": "3"}).with_columns(side=pl.Series([0, 0, 1]))


def test_what_was_decided_is_match_or_no_whatever_the_run_thinks_and_the_rest_is_as_it_was():
    said = with_decided(None, [Decided(1, "3", 0, "1", True), Decided(0, "1", 0, "2", False)], RECORDS)
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert obeyed(np.array([REVIEW, REVIEW, REVIEW]), pairs, said).tolist() == [NO, MATCH, REVIEW]


def test_a_decision_about_a_record_that_is_not_there_says_nothing():
    assert with_decided(None, [Decided(0, "1", 1, "77", True)], RECORDS) is None


def test_a_cannot_link_holds_against_all_other_records_of_the_customer():
    """Three records that agree in everything, and one that a person parted from the first."""
    ends = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    pairs = Pairs(*(np.array(side) for side in zip(*ends, strict=True)))
    probability = np.where([pair == (0, 3) for pair in ends], 0.0, 0.999)
    rules = Rules(np.zeros(4, np.int64), said=Steward(apart=[(0, 3)]))
    found = clusters(pairs, probability, rules).tolist()
    assert found[0] != found[3]
