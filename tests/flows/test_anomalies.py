"""A night's anomalies over the lake: judged by the dates before without a gap, muted by the installation's own file."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from he_sync.flows.anomalies import run
from he_sync.quality.anomalies.alert import CHAIN
from he_sync.store.lake import Lake

LAST = date(2026, 11, 20)
DAYS = 70


def tickets(day, counts, first):
    """`counts` tickets a store, as the canonical frame has them."""
    stores = np.repeat([f"S{place:03d}" for place in range(len(counts))], counts)
    number = np.arange(first, first + len(stores))
    return pd.DataFrame(
        {
            "ticket_id": number,
            "store": stores,
            "business_date": day.isoformat(),
            "kind": "Ticket",
            "voided": False,
            "customer_id": 0,
            "completed_at": pd.Timestamp(day, tz="UTC") + pd.to_timedelta(number % 80_000, unit="s"),
            "total_minor": 100 + number * 37 % 9_973,
            "parent_id": 0,
        }
    )


@pytest.fixture
def home(tmp_path):
    """Four stores over ten weeks; on the last date one of them has a third of its tickets."""
    lake, draw, first = Lake(tmp_path / "lake"), np.random.default_rng(4), 1
    for back in reversed(range(DAYS)):
        counts = draw.poisson([60, 90, 120, 150])
        counts[2] = counts[2] if back else 40
        day = LAST - timedelta(days=back)
        lake.write("canonical", "tickets", day.isoformat(), tickets(day, counts, first))
        first += int(counts.sum())
    return tmp_path


def test_a_nights_alert_is_kept_and_a_mute_of_the_installation_holds(home):
    lake = Lake(home / "lake")
    [alert] = [one for one in run(lake, home, LAST.isoformat()).alerts if one.subject != CHAIN]
    assert (alert.check, alert.subject, len(alert.rows)) == ("orders", "S002", 40)
    kept = lake.read("quality", "anomalies", LAST.isoformat())
    assert kept[kept["key"] == alert.key][["subject", "muted"]].to_numpy().tolist() == [["S002", ""]]

    (home / "anomalies").mkdir()
    mute = {"check": "orders", "subject": "S002", "until": LAST.isoformat(), "reason": "two of three tills moved"}
    (home / "anomalies" / "mutes.json").write_text(json.dumps([mute]))
    found = run(lake, home, LAST.isoformat())
    assert alert.key not in {one.key for one in found.alerts}
    assert [(one.key, reason) for one, reason in found.muted] == [(alert.key, "two of three tills moved")]


def test_a_date_that_was_never_pulled_is_no_day_without_orders(home):
    lake, missing = Lake(home / "lake"), LAST - timedelta(days=3)
    (home / "lake" / "canonical" / "tickets" / missing.isoformat() / "current.json").unlink()
    found = run(lake, home, LAST.isoformat())
    assert (found.dates, found.alerts) == (3, ())


def test_a_processor_that_keeps_more_than_usual_is_an_alert_with_its_deposit(home):
    """Card mixes move a store's rate by a fortieth; on the last date one store pays a third more."""
    lake, draw = Lake(home / "lake"), np.random.default_rng(5)
    for back in reversed(range(DAYS)):
        day = (LAST - timedelta(days=back)).isoformat()
        sales = draw.integers(200_000, 900_000, 4)
        rate = 0.025 * draw.normal(1, 0.025, 4) * np.array([1, 1 if back else 4 / 3, 1, 1])
        lake.write("canonical", "deposits", day, deposits(day, sales, (sales * rate).astype(np.int64)))
    found = [one for one in run(lake, home, LAST.isoformat()).alerts if one.check == "fee_rate"]
    assert [(one.subject, one.rows) for one in found] == [("S001", (f"D1-{LAST}",))]


def deposits(day, sales, fees):
    """One a store, as the canonical frame has them: fees are below zero."""
    store = [f"S{place:03d}" for place in range(len(sales))]
    return pd.DataFrame(
        {
            "deposit_id": [f"D{place}-{day}" for place in range(len(sales))],
            "store": store,
            "funding_date": day,
            "sales_minor": sales,
            "fees_minor": -fees,
        }
    )
