"""The planted differences, and nothing else, can be found by reading the three systems."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from he_sync.model.difference import CLASSES
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from tests.sandbox import world_audit as audit

if TYPE_CHECKING:
    pass

FRIDAY = date(2026, 11, 20)
DAYS = 5
UNPLANNED = {"order_not_in_pos", "orphan_settlement", "orphan_posting"}


@pytest.fixture(scope="module", params=[7, 8, 11])
def week(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> State:
    state = State(tmp_path_factory.mktemp(f"world{request.param}"))
    world.create(state, size="small", seed=request.param)
    for turn in range(DAYS):
        world.happen(state, FRIDAY + timedelta(days=turn))
    return state


@pytest.fixture(scope="module")
def books(week: State) -> list[audit.Books]:
    return [audit.Books(week, world.profile(week), FRIDAY + timedelta(days=turn)) for turn in range(DAYS)]


def expected(state: State, leg: str, day: date) -> audit.Found:
    return {
        row["subject"]: (row["delta_minor"], row["delta_milli"])
        for row in audit.truth(state)
        if CLASSES[row["class"]] == leg and row["date"] == day.isoformat()
    }


@pytest.mark.parametrize("leg", ["orders", "customers", "settlements", "deposits", "ledger"])
def test_what_differs_on_a_day_is_what_was_planted_to_the_cent(week: State, books: list[audit.Books], leg: str) -> None:
    for day_books in books:
        day = date.fromisoformat(day_books.day)
        assert getattr(audit, leg)(day_books) == expected(week, leg, day), (leg, day)


def test_what_differs_in_stock_is_what_was_planted_on_any_day(week: State) -> None:
    planted = [expected(week, "inventory", FRIDAY + timedelta(days=turn)) for turn in range(DAYS)]
    assert audit.inventory(week, world.profile(week)) == {key: off for found in planted for key, off in found.items()}


def test_every_class_is_planted_every_day_and_deposits_when_the_bank_pays(week: State) -> None:
    bank = {"fee_overcharge", "missing_deposit", "short_deposit"}
    classes = {name for name in CLASSES if not name.endswith("_unexplained")} - UNPLANNED
    for turn in range(DAYS):
        day = FRIDAY + timedelta(days=turn)
        planted = {row["class"] for row in audit.truth(week) if row["date"] == day.isoformat()}
        paid = bool(week.count("processor/deposits", "json_extract(doc, '$.time_created') = ?", [day.isoformat()]))
        assert planted == (classes if paid else classes - bank), day


def test_one_record_carries_one_difference(week: State) -> None:
    subjects = [row["subject"] for row in audit.truth(week)]
    assert len(subjects) == len(set(subjects))


def test_a_missing_order_belongs_to_a_customer_the_erp_lacks(week: State) -> None:
    rows = [row for row in audit.truth(week) if row["date"] == FRIDAY.isoformat()]
    strangers = {int(row["subject"].split()[1]) for row in rows if row["class"] == "customer_missing_in_erp"}
    missing = [row["subject"] for row in rows if row["class"] == "order_missing_in_erp"]
    tickets = [
        week.get("heartland/sales/tickets", int(subject.split()[1])) for subject in missing if "ticket" in subject
    ]
    assert strangers & {ticket["customer_id"] for ticket in tickets if ticket}


def test_a_duplicate_customer_has_an_older_twin_that_the_erp_knows_and_a_missing_one_has_none(week: State) -> None:
    people = week.select("heartland/customers")
    erp = {row["CustID"] for row in week.select("epicor/Customer")}
    for row in audit.truth(week):
        if row["class"] not in {"customer_duplicate_in_pos", "customer_missing_in_erp"}:
            continue
        one = week.get("heartland/customers", int(row["subject"].split()[1]))
        assert one is not None
        twins = [
            other for other in people if other["email"].lower() == one["email"].lower() and other["id"] != one["id"]
        ]
        known = [twin for twin in twins if twin["name"] == one["name"] and f"H{twin['id']}" in erp]
        assert f"H{one['id']}" not in erp
        assert len(known) == len(twins) == (row["class"] == "customer_duplicate_in_pos")


def test_the_truth_file_survives_a_crash_between_commit_and_file(week: State) -> None:
    path = week.folder / "truth.json"
    before = path.read_bytes()
    path.unlink()
    assert world.happen(week, FRIDAY) == {"already": True}
    assert path.read_bytes() == before
