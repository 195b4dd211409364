"""Days with too few or too many orders, and shares that move, on chains that nobody tuned to; docs/anomalies.md."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from he_sync.quality.anomalies.daily import Daily
from he_sync.quality.anomalies.known_days import us_retail
from he_sync.quality.anomalies.settings import Settings
from he_sync.quality.anomalies.shares import Share, share_alerts
from he_sync.quality.anomalies.volumes import volume_alerts
from tests.anomaly_world.days import world
from tests.anomaly_world.volumes import daily_of, of_engine

SEEDS = (41, 42)


@pytest.fixture(scope="module")
def stores():
    return of_engine(world(seed) for seed in SEEDS)


def test_days_that_are_empty_doubled_or_halved_are_found_within_the_budget(stores):
    assert stores.recall("zero day", "large") == stores.recall("zero day", "small") == 1
    assert stores.recall("posted twice", "large") >= 0.8
    assert stores.recall("half lost", "large") >= 0.75
    assert stores.false_share <= Settings().volume_budget * 1.2


def test_known_days_raise_few_false_alerts(stores):
    assert stores.on_known_days <= 0.1 * stores.false


def test_what_strikes_the_whole_chain_is_the_chains_alert():
    chain = of_engine([world(304, whole_chain=True)])  # two of its faults lie on the days of a moving sale
    kinds = ("zero day", "posted twice", "half lost")
    assert sum(chain.found[kind, "chain"] for kind in kinds) >= 0.95 * sum(
        chain.planted[kind, "chain"] for kind in kinds
    )


@pytest.fixture(scope="module")
def calm():
    return daily_of(made := world(7, stores=6)), made.names


def alerts_after(days, names, change):
    """Alerts of the last ten days once `change` was done to the counts."""
    counts = days.counts.copy()
    change(counts)
    return list(volume_alerts(replace(days, counts=counts), names, len(days.dates) - 10, Settings()))


def test_an_alert_says_what_was_expected_seen_and_why(calm):
    days, names = calm

    def nothing_from_one(counts):
        counts[0, -2] = 0

    [alert] = [one for one in alerts_after(days, names, nothing_from_one) if one.subject == days.stores[0]]
    assert (alert.check, alert.business_date, alert.seen) == ("silent_store", str(days.dates[-2]), "0 orders")
    assert int(alert.expected.split()[1].replace(",", "")) > 50
    assert "the other stores of the day" in alert.why
    assert alert.beyond > 1


def test_what_comes_later_changes_no_verdict(calm):
    days, names = calm
    generous, first, shorter = Settings(volume_budget=0.1), len(days.dates) - 28, days.until(len(days.dates) - 9)
    whole = list(volume_alerts(days, names, first, generous))
    assert whole
    assert [one.plain() for one in volume_alerts(shorter, names, first, generous)] == [
        one.plain() for one in whole if one.business_date <= str(shorter.dates[-1])
    ]


def test_days_of_silence_add_up_in_a_store_too_small_for_one_to_tell(calm):
    days, names = calm
    draw = np.random.default_rng(3)
    tiny = draw.poisson(2.0, (1, len(days.dates)))
    tiny[:, -6:] = 0
    more = Daily((*days.stores, "tiny"), days.dates, np.concatenate([days.counts, tiny]))
    found = [
        one.business_date
        for one in volume_alerts(more, names, len(days.dates) - 10, Settings())
        if one.subject == "tiny"
    ]
    assert found
    assert min(found) > str(days.dates[-6])


@pytest.mark.parametrize(("past", "least", "heard"), [(50, 56, False), (50, 40, True), (60, 56, True)])
def test_a_store_keeps_quiet_until_its_past_is_long_enough(calm, past, least, heard):
    days, names = calm
    young = np.zeros((1, len(days.dates)), dtype=np.int64)
    young[:, -past:] = np.random.default_rng(3).poisson(200, past)
    young[:, -1] = 0
    more = Daily((*days.stores, "young"), days.dates, np.concatenate([days.counts, young]))
    found = volume_alerts(more, names, len(days.dates) - 10, Settings(least_days=least))
    assert ("young" in {one.subject for one in found}) is heard


def test_a_smaller_budget_gives_fewer_alerts(calm):
    days, names = calm
    first = len(days.dates) - 28
    few, many = (len(list(volume_alerts(days, names, first, Settings(volume_budget=share)))) for share in (0.001, 0.1))
    assert few < many


def shares(draw, days=200, stores=8):
    """Refunds among tickets, four in a hundred, more of them after New Year in every store."""
    dates = np.arange(np.datetime64("2025-08-01"), np.datetime64("2025-08-01") + days)
    whole = draw.poisson(draw.uniform(80, 400, (stores, 1)), (stores, days))
    rate = 0.04 * np.exp(draw.normal(0, 0.15, (stores, days)))
    rate[:, 150:160] *= 3
    names = tuple(f"S{one}" for one in range(stores))
    return Daily(names, dates, draw.binomial(whole, rate)), Daily(names, dates, whole)


def test_a_share_is_judged_beside_the_other_stores_of_the_day():
    part, whole = shares(np.random.default_rng(5))
    part.counts[2, 180] = whole.counts[2, 180] // 3
    share = Share("refund_share", "refunds among tickets", part, whole)
    found = [(one.subject, one.business_date) for one in share_alerts(share, {}, 140, Settings())]
    assert ("S2", str(whole.dates[180])) in found
    assert len(found) <= 3


def test_a_tender_that_stops_is_seen_though_it_was_most_of_the_store():
    draw = np.random.default_rng(6)
    _, whole = shares(draw)
    part = replace(whole, counts=draw.binomial(whole.counts, 0.7))
    part.counts[3, 190] = whole.counts[3, 190] // 4
    share = Share("tender_mix", "card among payments", part, whole)
    found = [(one.subject, one.business_date) for one in share_alerts(share, {}, 140, Settings())]
    assert ("S3", str(whole.dates[190])) in found
    assert len(found) <= 3


def test_known_shopping_days_are_where_the_calendar_has_them():
    named = us_retail(date(2026, 1, 1), date(2026, 12, 31))
    by_name = {name: day for day, name in named.items()}
    assert by_name["Easter Sunday"] == date(2026, 4, 5)
    assert by_name["Thanksgiving Day"] + timedelta(days=1) == by_name["Black Friday"] == date(2026, 11, 27)
    assert by_name["Mother's Day"] == date(2026, 5, 10)
