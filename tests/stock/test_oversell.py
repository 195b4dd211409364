"""The last units in a rush: with a buffer none is sold twice, without one the count and the reason are shown."""

from datetime import timedelta

import pytest

from tests.stock.rush import BEGIN, ENOUGH, LAG, rush

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def unbuffered():
    return [rush(seed, 0) for seed in SEEDS]


def test_with_a_buffer_of_what_can_leave_unseen_nothing_is_oversold():
    found = [rush(seed, ENOUGH) for seed in SEEDS]
    assert [len(over) for over, _ in found] == [0, 0, 0]
    assert all(sold["web"] > 100 and sold["store"] > 100 for _, sold in found)


def test_without_a_buffer_some_are_oversold_and_the_count_is_shown(unbuffered, record_property):
    counts = [len(over) for over, _ in unbuffered]
    record_property("oversold without a buffer", counts)
    assert min(counts) > 0


def test_the_trace_of_each_oversold_unit_shows_the_count_that_was_too_old(unbuffered):
    """By its own terms there was stock; what left the shelf after the count was read explains the lack."""
    for over, _ in unbuffered:
        for one in over:
            first = one.by.terms[0]
            read = int((first.at - BEGIN).total_seconds())
            assert (first.name, first.source) == ("on hand", "epicor")
            assert one.by.raw_milli == sum(term.milli for term in one.by.terms) > 0
            assert one.sold - read >= LAG
            assert sum(read < at <= one.due for at in one.store.walked) > 0, "no sale that the count did not know"
            assert first.at < BEGIN + timedelta(seconds=one.sold)
