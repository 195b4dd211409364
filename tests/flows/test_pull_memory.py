"""A pull holds a page, not the rows: measured from outside, each pull and the sandbox in processes of their own."""

import pytest

from tests.bench.company import company
from tests.bench.measure import measured

FEW, MANY = 2_000, 20_000
FLAT = 1.5
"""A pull of ten times the rows may need this much more memory: the page is the same, the allocator is not."""


@pytest.fixture(scope="module")
def growths(tmp_path_factory):
    """Peak memory over baseline by work and number of tickets."""
    found = {}
    for rows in (FEW, MANY):
        with company(tmp_path_factory.mktemp(f"bulk{rows}"), "bulk", rows) as environment:
            for work in ("pulling:into_lake", "peer_frame:to_parquet"):
                one = measured(f"tests.bench.{work}", "heartland/tickets", environment)
                assert one.rows == rows
                found[work, rows] = one.growth
    return found


def test_ten_times_the_tickets_need_no_more_memory(growths):
    assert growths["pulling:into_lake", MANY] < FLAT * growths["pulling:into_lake", FEW]


def test_the_same_measure_sees_a_pull_that_collects_its_rows_grow(growths):
    assert growths["peer_frame:to_parquet", MANY] > 2 * FLAT * growths["peer_frame:to_parquet", FEW]
