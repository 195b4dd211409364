"""A week of three stores over a month end and the end of summer time: every date ends signed, to the cent."""

import pytest

from he_sync.store import books
from tests.close_world.life import LATE_STORE, begun
from tests.close_world.shape import SMALL


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    with begun(SMALL, tmp_path_factory.mktemp("close-world")) as lived:
        lived.live()
        yield lived


def test_every_day_is_signed_all_that_was_planted_is_found_and_clearing_is_its_open_items_every_evening(life):
    assert life.findings == []


def test_the_week_had_all_that_it_was_made_for(life):
    """A week without its outage, late store, late ticket or chargeback would prove nothing about them."""
    assert life.counted["signed"] == len(life.shape.dates) * 3 + 1  # the late ticket's store-day is signed twice
    assert life.counted["planted"] > 100
    for what in ("outages", "late sales", "late tickets", "altered"):
        assert life.counted[what] > 0, what
    assert life.bank.charged_back > 0
    journals = [one for day in life.shape.dates for one in books.of_day(life.office.store, day.isoformat())]
    assert {"proposed", "approved"}.isdisjoint(one.state for one in journals)
    assert any(one.business_date[:7] < one.posting_date[:7] for one in journals)  # October was closed by then
    assert LATE_STORE in {one.store for one in journals}
