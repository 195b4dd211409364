"""The close is scheduled in the business time zone, a date without an open store has none, and a late one is seen."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

import definitions
from he_sync.flows.books.nightly import deadline, overdue
from he_sync.model.errors import FixSettings
from he_sync.model.retailer import Retailer
from he_sync.store import books
from he_sync.store.books.days import Move
from he_sync.store.database import open_store
from sensors.schedules import is_closed
from tests.reconcile.journals.shop import PROFILE

FRIDAY = date(2026, 11, 20)
THANKSGIVING = date(2026, 11, 26)
SIGNED_BY_FINANCE = ("reconcile/store_days", "close/store_days", "close/clearing", "close/expectations")


def tick(at):
    schedule = definitions.defs.resolve_schedule_def("nightly_close")
    assert schedule.execution_timezone == "America/New_York"
    with dg.DagsterInstance.ephemeral() as instance:
        repository = definitions.defs.get_repository_def()
        context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
        return schedule.evaluate_tick(context)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 21, 11, tzinfo=UTC), "2026-11-20"),
        (datetime(2026, 11, 1, 11, tzinfo=UTC), "2026-10-31"),  # six o'clock, after the clocks went back at two
        (datetime(2026, 3, 8, 10, tzinfo=UTC), "2026-03-07"),  # six o'clock, after they went on
    ],
)
def test_at_six_yesterdays_business_date_is_closed_once(at, day):
    [run] = tick(at).run_requests
    assert (run.partition_key, run.run_key) == (day, f"nightly_close {day}")


def test_a_date_on_which_no_store_was_open_is_skipped_by_name_and_a_bank_holiday_is_not(monkeypatch):
    monkeypatch.setenv("HE_CLOSED_DAYS", "12-25, 2026-04-05")
    found = tick(datetime(2026, 12, 26, 11, tzinfo=UTC))
    assert not found.run_requests
    assert found.skip_message == "2026-12-25: no store was open (HE_CLOSED_DAYS)"
    assert tick(datetime(2026, 11, 27, 11, tzinfo=UTC)).run_requests[0].partition_key == THANKSGIVING.isoformat()


def test_a_closed_day_is_of_every_year_or_of_one_and_another_text_is_refused():
    assert is_closed(date(2030, 12, 25), "12-25")
    assert is_closed(date(2024, 2, 29), "02-29")
    assert not is_closed(date(2027, 4, 5), "2026-04-05")
    with pytest.raises(FixSettings, match="'Christmas' is no date; write 12-25 or 2026-12-25"):
        is_closed(FRIDAY, "12-25,Christmas")


def test_what_finance_signs_is_stale_when_it_was_not_made_by_eight_in_the_business_time_zone():
    graph = definitions.defs.resolve_asset_graph()
    for name in SIGNED_BY_FINANCE:
        policy = graph.get(dg.AssetKey(name.split("/"))).freshness_policy
        assert (policy.deadline_cron, policy.timezone) == ("0 8 * * *", "America/New_York")
        assert policy.lower_bound_delta == timedelta(hours=2)


def test_every_asset_with_a_date_closes_a_range_in_one_run():
    graph = definitions.defs.resolve_asset_graph()
    by_day = [node for node in (graph.get(key) for key in graph.get_all_asset_keys()) if node.partitions_def]
    assert len(by_day) > 30
    assert {node.backfill_policy for node in by_day} == {dg.BackfillPolicy.single_run()}


@pytest.mark.parametrize(
    ("day", "due"),
    [(date(2026, 11, 17), "2026-11-19"), (date(2026, 11, 19), "2026-11-23"), (date(2026, 11, 24), "2026-11-27")],
)
def test_a_deadline_on_a_weekend_or_bank_holiday_is_the_next_bank_day(tmp_path, day, due):
    terms = {**PROFILE["terms"], "bank_holidays": [THANKSGIVING.isoformat()]}
    retailer = Retailer.model_validate({**PROFILE, "terms": terms, "approval": {"sign_within_days": 2}})
    assert deadline(day.isoformat(), retailer).isoformat() == due
    store = open_store(tmp_path / "books.db")
    books.moved(store, day.isoformat(), "S001", Move("posted", "waits", {}, "moved"))
    assert overdue(store, retailer, date.fromisoformat(due)) == []
    assert [one.store for one in overdue(store, retailer, date.fromisoformat(due) + timedelta(days=1))] == ["S001"]
    store.close()
