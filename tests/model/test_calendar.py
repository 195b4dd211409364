"""The four dates: a sale after midnight belongs to the store day before; funding falls on bank days."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.calendar import add_bank_days, business_date, business_window, read_instant
from he_sync.model.errors import BadRecord, FixSettings

NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"


def test_a_sale_at_two_at_night_belongs_to_the_day_before():
    late = read_instant("2026-11-21T02:00:00-05:00")
    assert business_date(late, NEW_YORK, 4) == date(2026, 11, 20)
    assert business_date(read_instant("2026-11-21T04:00:00-05:00"), NEW_YORK, 4) == date(2026, 11, 21)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 7), 23), (date(2026, 10, 31), 25), (date(2026, 11, 20), 24)])
def test_the_store_day_before_the_clocks_change_has_23_or_25_hours(day, hours):
    window = business_window(day, NEW_YORK, 4)
    assert (window.end - window.start).total_seconds() == hours * 3600


@given(st.integers(1_577_836_800, 2_051_222_400), st.sampled_from([NEW_YORK, LORD_HOWE, "Asia/Kolkata"]))
def test_every_instant_lies_in_the_window_of_its_own_business_date(seconds, zone):
    instant = datetime.fromtimestamp(seconds, UTC)
    window = business_window(business_date(instant, zone, 4), zone, 4)
    assert window.start <= instant < window.end


def test_a_time_without_an_offset_is_refused_and_not_guessed():
    with pytest.raises(BadRecord, match="offset"):
        read_instant("2026-11-20T12:00:00")


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "yesterday", "2026-11-20T25:00:00Z", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadRecord):
        read_instant(text)


def test_an_unknown_zone_names_itself():
    with pytest.raises(FixSettings, match="Mars/Olympus"):
        business_window(date(2026, 1, 1), "Mars/Olympus", 4)


def test_a_friday_batch_is_funded_on_monday_and_a_holiday_pushes_it_on():
    friday = date(2026, 11, 20)
    assert add_bank_days(friday, 1) == date(2026, 11, 23)
    assert add_bank_days(friday, 2) == date(2026, 11, 24)
    assert add_bank_days(date(2026, 11, 25), 1, {date(2026, 11, 26)}) == date(2026, 11, 27)
