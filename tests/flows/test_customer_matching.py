"""Rosters of both sides, names in parts, runs and their verdicts: what the match assets stand on."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from he_sync.flows.customer_matching import roster, running, verdicts
from he_sync.flows.customer_matching.records import comparable, parted
from he_sync.flows.night import Office
from he_sync.flows.sources import Ask
from he_sync.model.errors import FixInput
from he_sync.store.master import Deed
from tests.flows.test_night import FRIDAY, Retailer

DEED = Deed("dana", "first load")


@pytest.fixture
def shop(sandbox, tmp_path):
    opened = Retailer(sandbox, tmp_path / "home")
    opened.open("small", seed=3, history=1)
    yield opened
    opened.store.close()


def read(shop, *sides, day=FRIDAY, **options):
    def both(office: Office):
        ask = Ask(office.systems, office.retailer, day)
        return {name: roster.refresh(name, ask, office.lake, **options) for name in sides or roster.SIDES}

    return shop.do(both)


def run(shop):
    return running.run(shop.lake, shop.store, shop.home, shop.retailer)


def take(shop):
    return running.take(shop.lake, shop.store, shop.home, shop.retailer, DEED)


@pytest.mark.parametrize(
    ("name", "first", "last", "company"),
    [
        ("Ana Ruiz", "Ana", "Ruiz", ""),
        ("Ruiz, Ana", "Ana", "Ruiz", ""),
        ("Ana Maria Ruiz", "Ana Maria", "Ruiz", ""),
        ("John Smith, Jr.", "John", "Smith Jr", ""),
        ("José-Luis García III", "José-Luis", "García III", ""),
        ("Old Mill Lodge", "", "", "Old Mill Lodge"),
        ("Acme, Inc.", "", "", "Acme, Inc."),
        ("Smith & Sons", "", "", "Smith & Sons"),
        ("Camp 204", "", "", "Camp 204"),
        ("מרים כהן", "מרים", "כהן", ""),
        ("", "", "", ""),
    ],
)
def test_an_accounts_one_name_is_a_persons_in_parts_or_a_companys(name, first, last, company):
    frame = pl.DataFrame([{"name": name, "first_name": "", "last_name": "", "company": ""}])
    found = parted(frame, ["ana", "john"]).row(0, named=True)
    assert (found["first_name"], found["last_name"], found["company"]) == (first, last, company)


def test_walk_ins_and_inactive_accounts_are_counted_and_left_out(shop):
    state = shop.sandbox.state
    [row] = state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [5])
    state.put("epicor/Customer", f"{row['Company']}~5", {**row, "Inactive": True, "SysRevID": state.next_rev()})
    read(shop)
    sides = comparable({name: roster.rows(shop.lake, name) for name in roster.SIDES}, shop.retailer)
    assert sides["epicor"].left_out == {"inactive": 1, "walk-in": 1}
    assert len(sides["epicor"].records) == state.count("epicor/Customer") - 2
    assert sides["heartland"].left_out == {"inactive": 0, "walk-in": 0}
    assert not {"WALKIN", row["CustID"]} & set(sides["epicor"].records["id"])


def test_a_customer_brings_the_address_that_it_names_as_its_own(shop):
    state = shop.sandbox.state
    person = next(row for row in state.select("heartland/customers", order="key") if row["address_id"])
    other = {**state.children("heartland/customers.addresses", [person["id"]])[person["id"]][0], "line_1": "1 Old Rd"}
    state.put("heartland/customers.addresses", 900_001, {**other, "id": 1, "address_id": 900_001}, person["id"])
    read(shop, "heartland")
    rows = roster.rows(shop.lake, "heartland").set_index("record_id")
    assert rows.loc[str(person["id"]), "street"] not in {"", "1 Old Rd"}


def test_what_was_deleted_is_gone_after_the_whole_read_of_the_week(shop):
    first = read(shop)["heartland"]
    gone = shop.sandbox.state.select("heartland/customers", order="key")[0]["id"]
    shop.sandbox.state.delete("heartland/customers", gone)
    assert read(shop, day=FRIDAY + timedelta(days=6))["heartland"].changed["gone"] == 0
    week = read(shop, day=FRIDAY + timedelta(days=7))["heartland"]
    assert (week.whole, week.changed["gone"]) == (True, 1)
    assert week.snapshot.rows == first.snapshot.rows - 1


def test_a_change_that_was_committed_late_behind_what_was_read_is_still_found(shop):
    """Its SysRevID is below the newest that the last read saw."""
    state = shop.sandbox.state
    late = state.next_rev()
    read(shop)
    [row] = state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [7])
    [newer] = state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [8])
    state.put("epicor/Customer", f"{row['Company']}~8", {**newer, "Name": "Ida Newer", "SysRevID": state.next_rev()})
    assert read(shop)["epicor"].changed["changed"] == 1
    state.put("epicor/Customer", f"{row['Company']}~7", {**row, "Name": "Ida Late", "SysRevID": late})
    assert read(shop)["epicor"].changed["changed"] == 1


def test_a_customer_that_cannot_be_read_is_set_aside_by_name_and_stays_as_it_was(shop):
    before = read(shop)["heartland"].snapshot.rows
    state = shop.sandbox.state
    person = state.select("heartland/customers", order="key")[3]
    state.put("heartland/customers", person["id"], {**person, "email": 7, "updated_at": "2027-01-01T00:00:00+00:00"})
    found = read(shop)["heartland"]
    [failure] = found.failures
    assert (failure.record, failure.rule) == (str(person["id"]), f"customer {person['id']}: email is '7', not a text")
    assert found.snapshot.rows == before


def test_a_clock_that_is_years_ahead_hides_no_change(shop):
    state = shop.sandbox.state
    people = state.select("heartland/customers", order="key")[:2]
    state.put("heartland/customers", people[0]["id"], {**people[0], "updated_at": "2031-01-01T00:00:00+00:00"})
    for _ in range(3):
        read(shop)
    moment = f"{FRIDAY}T22:00:00+00:00"
    state.put("heartland/customers", people[1]["id"], {**people[1], "last_name": "Newname", "updated_at": moment})
    assert read(shop)["heartland"].changed["changed"] == 1


def test_a_side_without_customers_is_refused_and_keeps_what_it_had(shop):
    read(shop)
    before = roster.current(shop.lake, "epicor")
    for row in shop.sandbox.state.select("epicor/Customer"):
        shop.sandbox.state.delete("epicor/Customer", f"{row['Company']}~{row['CustNum']}")
    with pytest.raises(FixInput, match="epicor has no customers that could be read"):
        read(shop, whole=True)
    assert roster.current(shop.lake, "epicor") == before


def test_a_side_that_was_never_read_is_named(shop):
    read(shop, "heartland")
    with pytest.raises(FixInput, match="materialise match/epicor first"):
        run(shop)


def test_only_the_customers_that_were_matched_are_taken(shop):
    read(shop)
    run(shop)
    state = shop.sandbox.state
    [row] = state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [7])
    state.put("epicor/Customer", f"{row['Company']}~7", {**row, "Name": "Ida New", "SysRevID": state.next_rev()})
    read(shop)
    with pytest.raises(FixInput, match="read again since they were matched"):
        take(shop)
    run(shop)
    assert take(shop).new > 300
    assert run(shop).same


def test_a_run_that_dies_before_it_is_whole_is_made_again(shop, monkeypatch):
    read(shop)
    with monkeypatch.context() as broken:
        broken.setattr(running, "FACTS", None)
        with pytest.raises(TypeError):
            run(shop)
    assert not list((shop.home / "matching").iterdir())
    assert not run(shop).same
    assert take(shop).new > 300


def test_runs_that_were_not_taken_do_not_pile_up(shop):
    for night in range(4):
        read(shop)
        run(shop)
        take(shop) if night == 0 else None
        state = shop.sandbox.state
        [row] = state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [7])
        changed = {**row, "Name": f"Ida New{night}", "SysRevID": state.next_rev()}
        state.put("epicor/Customer", f"{row['Company']}~7", changed)
    folders = [path for path in (shop.home / "matching").iterdir() if path.is_dir()]
    assert len(folders) == 2
    assert running.last(shop.home).folder in folders


def test_a_field_that_says_something_else_in_matches_is_named_as_drift(shop):
    read(shop)
    run(shop)
    take(shop)
    was = running.last(shop.home)
    levels = was.model["people"]["levels"]["phone"]
    turned = {**levels, "same": levels["same"] - 0.4, "different": levels["different"] + 0.4}
    model = {
        **was.model,
        "people": {**was.model["people"], "levels": {**was.model["people"]["levels"], "phone": turned}},
    }
    now = replace(was, model=model, before=was)
    drifted = {one.name: one for one in verdicts.verdicts(now)}["model_drift"]
    assert (drifted.passed, drifted.holds) == (False, True)
    assert drifted.cases[0]["field"] == "phone"
    assert drifted.cases[0]["moved"] == "40.0%"
    assert {one.name for one in verdicts.verdicts(now) if not one.passed} == {"model_drift"}
