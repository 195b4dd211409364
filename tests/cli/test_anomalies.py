"""`he-sync anomalies`: alerts over files with their rows, mutes that end, and one line for what cannot be read."""

import json
import sys
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from he_sync.cli.main import main

FIRST, DAYS = date(2026, 1, 1), 90
LAST = str(FIRST + timedelta(days=DAYS - 1))


def shop(spoil):
    """Tickets of six stores over four months; `spoil` may take rows away."""
    draw = np.random.default_rng(11)
    rows = [
        (str(FIRST + timedelta(days=day)), f"S{store}")
        for day in range(DAYS)
        for store in range(6)
        for _ in range(draw.poisson(30 + 20 * store))
    ]
    tickets = pd.DataFrame(rows, columns=["business_date", "store"])
    tickets.insert(0, "ticket_id", np.arange(1, len(tickets) + 1))
    tickets["total_minor"] = draw.integers(300, 90_000, len(tickets))
    tickets["kind"] = np.where(draw.random(len(tickets)) < 0.03, "Return", "Ticket")
    return tickets[spoil(tickets)]


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["he-sync", "anomalies", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


@pytest.fixture
def half_a_day(tmp_path):
    """On the last date half of a store's tickets are missing."""
    half = lambda rows: ~((rows["business_date"] == LAST) & (rows["store"] == "S5") & (rows["ticket_id"] % 2 == 0))  # noqa: E731
    shop(half).to_csv(tmp_path / "tickets.csv", index=False)
    return tmp_path / "tickets.csv"


def test_half_a_lost_day_is_one_alert_with_its_rows_and_a_mute_ends(run, half_a_day, tmp_path):
    code, said, _ = run("check", half_a_day, "--out", "alerts.json", "--json")
    [alert] = json.loads((tmp_path / "alerts.json").read_text())
    assert (code, json.loads(said)) == (1, {"alerts": 1, "muted": 0})
    assert (alert["check"], alert["subject"], alert["business_date"]) == ("orders", "S5", LAST)
    tickets = pd.read_csv(half_a_day)
    here = tickets[(tickets["business_date"] == LAST) & (tickets["store"] == "S5")]
    assert set(alert["rows"]) == set(here["ticket_id"].astype(str))

    assert run("mute", "mutes.json", "--subject", "S5", "--until", LAST, "--reason", "till 2 is being moved")[0] == 0
    code, said, _ = run("check", half_a_day, "--out", "alerts.json", "--mutes", "mutes.json", "--json")
    assert (code, json.loads(said)) == (0, {"alerts": 0, "muted": 1})
    assert json.loads((tmp_path / "alerts.json").read_text())[0]["muted"] == "till 2 is being moved"

    before = str(date.fromisoformat(LAST) - timedelta(days=1))
    run("mute", "mutes.json", "--subject", "S5", "--until", before, "--reason", "till 2 is being moved")
    assert run("check", half_a_day, "--out", "alerts.json", "--mutes", "mutes.json")[0] == 1


def test_a_known_day_that_a_person_wrote_down_has_its_name_in_the_alert(run, half_a_day, tmp_path):
    (tmp_path / "days.csv").write_text(f"date,name\n{LAST},spring sale\n")
    run("check", half_a_day, "--out", "alerts.json", "--days", "days.csv", "--us-holidays")
    assert all("spring sale" in one["why"] for one in json.loads((tmp_path / "alerts.json").read_text()))


def test_lines_payments_and_fees_are_judged_where_they_are_given(run, tmp_path):
    tickets = shop(lambda rows: rows["total_minor"] > 0)
    tickets.to_parquet(tmp_path / "tickets.parquet")
    owner = "ticket " + tickets["ticket_id"].astype(str)
    draw = np.random.default_rng(12)
    lines = pd.DataFrame({"line_id": tickets["ticket_id"], "owner": owner, "sku": draw.integers(0, 40, len(tickets))})
    lines["quantity_milli"] = np.where(tickets["kind"] == "Return", -1000, 1000)
    lines["unit_price_minor"] = 500 + 25 * lines["sku"]
    lines["amount_minor"] = lines["unit_price_minor"] * np.sign(lines["quantity_milli"])
    lines.loc[lines.index[-1], ["unit_price_minor", "amount_minor"]] *= 10
    lines.to_parquet(tmp_path / "lines.parquet")
    paid = tickets[["store", "business_date"]].assign(kind=draw.choice(["card", "cash"], len(tickets), p=[0.8, 0.2]))
    paid["payment_id"] = tickets["ticket_id"]
    paid.loc[(paid["store"] == "S4") & (paid["business_date"] == LAST), "kind"] = "cash"
    paid.to_parquet(tmp_path / "payments.parquet")
    fees = tickets[["store", "business_date"]].assign(amount_minor=tickets["total_minor"])
    dear = (fees["store"] == "S3") & (fees["business_date"] == LAST)
    fees["fee_minor"] = fees["amount_minor"] * np.where(dear, 4, 2) // 100
    fees.to_parquet(tmp_path / "fees.parquet")
    files = ("--lines", "lines.parquet", "--payments", "payments.parquet", "--fees", "fees.parquet")
    run("check", "tickets.parquet", "--out", "alerts.json", *files)
    found = {(one["check"], one["subject"]) for one in json.loads((tmp_path / "alerts.json").read_text())}
    assert {("tender_mix", "S4"), ("fee_rate", "S3"), ("price", str(lines["sku"].iloc[-1]))} <= found
    assert len(found) <= 5


def test_what_cannot_be_judged_is_one_line_and_nothing_written(run, half_a_day, tmp_path):
    (tmp_path / "bad.csv").write_text("ticket_id,store,business_date,total_minor\n1,S1,2026-01-05,12.50\n")
    (tmp_path / "late.csv").write_text("ticket_id,store,business_date,total_minor\n1,S1,5.1.2026,1250\n")
    (tmp_path / "narrow.csv").write_text("ticket_id,store\n1,S1\n")
    (tmp_path / "settings.yaml").write_text("volume_budget: 3\n")
    (tmp_path / "days.csv").write_text("date,name\n2026-02-30,never\n")
    for words, line in (
        (("bad.csv",), "bad.csv: row 2: total_minor '12.50' is no whole number"),
        (("late.csv",), "late.csv: row 2: business_date '5.1.2026' is no date; write YYYY-MM-DD"),
        (("narrow.csv",), "narrow.csv: no column business_date, total_minor; orders need order_id, store,"),
        (("nowhere.csv",), "nowhere.csv: no such file"),
        ((half_a_day, "--settings", "settings.yaml"), "settings.yaml: volume_budget: Input should be less than"),
        ((half_a_day, "--days", "days.csv"), "days.csv: row 2: date '2026-02-30' is no date"),
        ((half_a_day, "--day", "2026-01-01"), "there is no order before 2026-01-01"),
        ((half_a_day, "--since", LAST, "--day", "2026-02-01"), "is after --day"),
    ):
        code, _, err = run("check", *words, "--out", "alerts.json")
        assert (code, err.count("\n")) == (2, 1)
        assert line in err
    for words, line in (
        (("--subject", "S1", "--until", "2026-12-31", "--reason", " "), "a mute needs a reason"),
        (("--subject", "S1", "--until", "soon", "--reason", "x"), "'soon' is no date"),
        (("--until", "2026-12-31", "--reason", "x"), "would silence everything"),
    ):
        code, _, err = run("mute", "mutes.json", *words)
        assert (code, line in err) == (2, True)
    assert not (tmp_path / "alerts.json").exists()
    assert not (tmp_path / "mutes.json").exists()
