"""Who is who, both ways, over re-links and merges."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from he_sync.model.errors import BrokenPromise
from he_sync.store import crosswalk
from he_sync.store.database import Store
from he_sync.store.tables import crosswalk as table
from tests.store.examples import EVENING, later

TOMORROW = later(EVENING, 86_400)


def test_a_link_is_found_from_both_sides_and_only_under_its_entity(store: Store) -> None:
    assert crosswalk.link(store, "customer", "100007", "H100007", EVENING)
    assert not crosswalk.link(store, "customer", "100007", "H100007", TOMORROW)
    assert crosswalk.epicor_id(store, "customer", "100007") == "H100007"
    assert crosswalk.heartland_ids(store, "customer", "H100007") == ("100007",)
    assert crosswalk.epicor_id(store, "ticket", "100007") is None
    assert crosswalk.heartland_ids(store, "ticket", "H100007") == ()


def test_a_new_link_ends_the_old_one_and_keeps_it(store: Store) -> None:
    crosswalk.link(store, "customer", "100007", "OLD", EVENING)
    crosswalk.link(store, "customer", "100007", "NEW", TOMORROW)
    assert crosswalk.epicor_id(store, "customer", "100007") == "NEW"
    assert crosswalk.heartland_ids(store, "customer", "OLD") == ()
    with store.begin() as connection:
        spans = [(row.epicor_id, row.since, row.until) for row in connection.execute(select(table))]
    assert spans == [("OLD", EVENING, TOMORROW), ("NEW", TOMORROW, None)]


def test_a_link_cannot_start_before_the_one_it_replaces(store: Store) -> None:
    crosswalk.link(store, "customer", "100007", "OLD", TOMORROW)
    with pytest.raises(BrokenPromise, match="which is after"):
        crosswalk.link(store, "customer", "100007", "NEW", EVENING)
    assert crosswalk.epicor_id(store, "customer", "100007") == "OLD"


def test_a_merged_record_is_its_survivor_after_any_number_of_merges(store: Store) -> None:
    crosswalk.link(store, "customer", "3", "H3", EVENING)
    assert crosswalk.merge(store, "customer", "1", "2", EVENING)
    assert crosswalk.merge(store, "customer", "2", "3", EVENING)
    assert not crosswalk.merge(store, "customer", "1", "2", TOMORROW)
    assert crosswalk.survivor(store, "customer", "1") == "3"
    assert crosswalk.epicor_id(store, "customer", "1") == "H3"


def test_two_records_of_one_customer_are_both_found_until_one_is_merged(store: Store) -> None:
    crosswalk.link(store, "customer", "1", "H1", EVENING)
    crosswalk.link(store, "customer", "2", "H1", EVENING)
    assert crosswalk.heartland_ids(store, "customer", "H1") == ("1", "2")
    crosswalk.merge(store, "customer", "2", "1", TOMORROW)
    assert crosswalk.heartland_ids(store, "customer", "H1") == ("1",)


def test_merges_never_run_in_a_circle_nor_in_two_directions(store: Store) -> None:
    crosswalk.merge(store, "customer", "1", "2", EVENING)
    crosswalk.merge(store, "customer", "2", "3", EVENING)
    for loser, survivor in (("3", "1"), ("1", "3"), ("4", "4")):
        with pytest.raises(BrokenPromise):
            crosswalk.merge(store, "customer", loser, survivor, TOMORROW)
