"""Exceptions of the close: who has one, what a re-run does to it, and who may close it under which limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.flows.exceptions.choosing import Filter, business_days, chosen
from he_sync.flows.exceptions.deciding import Desks, decide, preview, wish
from he_sync.flows.exceptions.finding import renew
from he_sync.model.errors import FixInput, NotAllowed, Refused
from he_sync.model.retailer import Approval, Retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store import audit, books
from he_sync.store.database import Store, open_store
from he_sync.store.exceptions import Deed, Desk, Found, Moved
from tests.store.test_books_properties import Day

DAY = "2026-11-20"
LEGS = ("deposits", "ledger")
NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)
SMALL = {"name": "small breaks", "limit_minor": 500, "month_limit_minor": 900}
PEOPLE = {
    "roles": {"controller": {}, "clerk": {"limit_minor": 1_000}},
    "people": {"cora": "controller", "carl": "controller", "cleo": "clerk"},
    "automatic": [SMALL],
}


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    state = State(tmp_path_factory.mktemp("world"))
    world.create(state, size="small", seed=5)
    approval = Approval.model_validate(PEOPLE)
    terms = world.profile(state).terms.model_copy(update={"bank_holidays": (date(2026, 11, 26),)})
    return world.profile(state).model_copy(update={"approval": approval, "terms": terms})


class Shop:
    """A store, its desk, and dates that are closed over what differs."""

    def __init__(self, store: Store, folder: Path, retailer: Retailer) -> None:
        self.store, self.file, self.retailer = store, folder / "exceptions.db", retailer
        self.at = Desk(store, self.file)

    def close(self, *found: Found, day: str = DAY, settled: tuple[Found, ...] = ()) -> list[str]:
        return [deed.what for deed in renew(self.at, day, LEGS, found, settled)]

    def want(self, what: str, who: str, reason: str = "looked into", numbers: list[str] | None = None, **more: str):
        ids = numbers or [one.id for one in self.at.listing()]
        return decide(Desks(self.at, self.store, self.retailer), ids, wish(what, who, reason, **more))

    def one(self, subject: str = "deposit 1"):
        [found] = [one for one in self.at.listing() if one.found.subject == subject]
        return found

    def rows(self) -> int:
        return audit.head(self.store).seq


@pytest.fixture
def shop(tmp_path: Path, retailer: Retailer):
    with open_store(tmp_path / "he_sync.db") as store:
        yield Shop(store, tmp_path, retailer)


def lacks(number: int = 1, cents: int = -1_250, klass: str = "short_deposit", day: str = DAY) -> Found:
    return Found(day, "deposits", klass, f"deposit {number}", "S001", day, cents, 0, "bank has less", "review")


# what a re-run does


def test_a_re_run_with_the_same_content_writes_nothing_and_keeps_owner_and_history(shop):
    assert shop.close(lacks(), lacks(2)) == ["exception found"] * 2
    shop.want("take", "cora", numbers=[shop.one().id])
    rows, steps = shop.rows(), shop.at.steps(shop.one().id)
    assert shop.close(lacks(2), lacks()) == []
    assert (shop.rows(), shop.at.steps(shop.one().id)) == (rows, steps)
    assert (shop.one().status, shop.one().owner) == ("taken", "cora")


def test_one_whose_content_changed_is_reopened_says_what_changed_and_keeps_its_owner(shop):
    shop.close(lacks())
    shop.want("take", "cora")
    shop.want("explain", "carl", "a fee, see the statement")
    assert shop.close(lacks(cents=-1_300)) == ["exception reopened"]
    one = shop.one()
    assert (one.status, one.owner, one.reopened, one.risk_minor) == ("open", "cora", 1, 1_300)
    assert one.because == "changed: amount -12.50 -> -13.00"
    assert [step.what.removeprefix("exception ") for step in shop.at.steps(one.id)] == [
        *("found", "taken", "explained", "reopened")
    ]


def test_one_that_vanished_is_closed_by_the_re_run_and_named_and_found_again_is_open_again(shop):
    shop.close(lacks(), lacks(2))
    assert shop.close(lacks(2)) == ["exception gone"]
    assert shop.one().status == "gone"
    assert shop.one().because == "short_deposit of deposit 1: the close of the date does not find it any more"
    assert shop.close(lacks(2)) == []
    assert shop.close(lacks(), lacks(2)) == ["exception reopened"]
    assert (shop.one().status, shop.one().because) == ("open", "found again")


def test_what_a_confirmed_write_corrected_is_closed_and_a_new_one_that_was_never_comes_up(shop):
    shop.close(lacks())
    assert shop.close(settled=(lacks(), lacks(2))) == ["exception settled"]
    assert [(one.found.subject, one.status) for one in shop.at.listing()] == [("deposit 1", "settled")]
    assert shop.close(settled=(lacks(), lacks(2))) == []


def test_of_two_breaks_of_one_record_the_one_that_stayed_keeps_its_owner(shop):
    """A posting that is there three times is two breaks that only their content tells apart."""
    first, second = (replace(lacks(), evidence=f"posted again as {number}") for number in (1, 2))
    shop.close(first, second)
    mine = next(one for one in shop.at.listing() if one.found == second)
    shop.want("take", "cora", numbers=[mine.id])
    assert shop.close(second) == ["exception gone"]
    assert [(one.status, one.owner) for one in shop.at.of([mine.id])] == [("taken", "cora")]


def test_a_leg_and_a_date_that_were_not_closed_keep_theirs(shop):
    other = replace(lacks(), leg="ledger", klass="missing_gl")
    shop.close(lacks(), other)
    shop.close(lacks(day="2026-11-19"), day="2026-11-19")
    assert [deed.what for deed in renew(shop.at, DAY, ("ledger",), [])] == ["exception gone"]
    assert {(one.found.day[-2:], one.found.leg): one.status for one in shop.at.listing()} == {
        ("19", "deposits"): "open",
        ("20", "deposits"): "open",
        ("20", "ledger"): "gone",
    }


# who may do what


def test_who_had_an_exception_never_explains_it_not_even_after_putting_it_back(shop):
    shop.close(lacks())
    shop.want("take", "cora")
    [refused] = shop.want("explain", "cora").staying
    assert refused.why_not == "cora had it; another person closes it"
    shop.want("put_back", "cora")
    assert (shop.one().status, shop.one().owner) == ("open", "")
    assert shop.want("explain", "cora").coming == ()
    assert len(shop.want("explain", "carl", "fee of the bank").coming) == 1
    assert (shop.one().status, shop.one().because) == ("explained", "fee of the bank")


def test_who_says_that_the_other_side_must_act_has_it_from_then_on(shop):
    shop.close(lacks())
    shop.want("wait", "cleo", "the processor looks for it")
    assert (shop.one().status, shop.one().owner, shop.one().hands) == ("waits", "cleo", ("cleo",))


def test_nobody_closes_above_their_limit_or_without_a_role_or_without_a_reason(shop):
    shop.close(lacks(1, -1_000), lacks(2, 1_001))
    done = shop.want("explain", "cleo")
    assert [one.one.found.subject for one in done.coming] == ["deposit 1"]
    assert [one.why_not for one in done.staying] == ["10.01 is above cleo's limit of 10.00"]
    with pytest.raises(NotAllowed, match="mallory may not approve"):
        shop.want("explain", "mallory")
    with pytest.raises(FixInput, match="say why"):
        shop.want("take", "cora", " ")
    with pytest.raises(FixInput, match=r"'nobody' can own nothing; .* names carl, cleo, cora"):
        shop.want("take", "cora", owner="nobody")
    assert shop.one("deposit 2").status == "open"


def test_what_is_closed_is_reopened_by_somebody_with_a_role_alone_and_what_a_close_ended_by_a_close(shop):
    shop.close(lacks(), lacks(2))
    shop.want("explain", "carl")
    shop.close(lacks())
    done = shop.want("put_back", "ana")
    assert {one.one.found.subject: one.why_not for one in done.staying} == {
        "deposit 1": "ana may not approve; approval.people of the profile names carl, cleo, cora",
        "deposit 2": "it is gone; only a close finds it again",
    }
    mine = [shop.one().id]
    assert shop.want("take", "carl", numbers=mine).staying[0].why_not == "it is explained; put it back first"
    assert len(shop.want("put_back", "cleo", numbers=mine).coming) == 1


def test_a_write_off_is_under_the_limit_and_the_months_total_of_its_rule_also_with_what_it_approved(shop):
    shop.close(lacks(1, -400), lacks(2, 501), lacks(3, 300), lacks(4, -300), lacks(5, 0))
    done = shop.want("write_off", "cora", rule="small breaks")
    assert {one.one.found.subject: one.why_not for one in done.changes} == {
        "deposit 2": "5.01 is above the limit of small breaks, 5.00",
        "deposit 1": "",
        "deposit 3": "",
        "deposit 4": "10.00 would be above 9.00, the month's total of small breaks",
        "deposit 5": "it has no amount; explain it",
    }
    assert (shop.one().status, shop.one().rule) == ("written off", "small breaks")
    day = Day(shop.store)
    day.want("1155", 150)
    day.propose()
    [journal] = books.of_day(shop.store, DAY, day.code)
    books.approve(shop.store, journal.key, journal.content, "rule small breaks", "under it")
    shop.close(lacks(6, 100), lacks(1, -400), lacks(3, 300))
    one = shop.one("deposit 6").id
    assert (
        "9.50 would be above 9.00"
        in shop.want("write_off", "cora", numbers=[one], rule="small breaks").staying[0].why_not
    )
    with pytest.raises(FixInput, match=r"no rule is called 'mine'; .* names small breaks"):
        shop.want("write_off", "cora", rule="mine")
    assert len(shop.want("put_back", "carl", numbers=[shop.one().id]).coming) == 1
    assert len(shop.want("write_off", "cora", numbers=[one], rule="small breaks").coming) == 1


# many at once


def test_what_was_looked_at_is_done_whole_or_not_at_all(shop, tmp_path):
    shop.close(*(lacks(number) for number in range(30)))
    desks, ids = Desks(shop.at, shop.store, shop.retailer), [one.id for one in shop.at.listing()]
    wanted = wish("explain", "carl", "one cause")
    seen = preview(desks, shop.at.listing(), wanted)
    rows = shop.rows()
    with Desk(shop.store, tmp_path / "other.db") as other:
        decide(Desks(other, shop.store, shop.retailer), ids[:1], wish("take", "cora", "mine"))
        with pytest.raises(Moved):
            other_desk_wrote(shop, seen)
    with pytest.raises(Refused, match="changed since they were looked at"):
        decide(desks, ids, wanted, seen.digest)
    assert shop.rows() == rows + 1
    again = preview(desks, shop.at.listing(), wanted)
    assert len(decide(desks, ids, wanted, again.digest).coming) == 30
    assert shop.rows() == rows + 31
    assert {row.actor for row in audit.entries(shop.store)[-30:]} == {"carl"}
    assert audit.first_broken(shop.store) is None


def other_desk_wrote(shop, seen):
    """Writes over a desk that was read before somebody else's change."""
    shop.at.write("carl", [Deed("exception explained", one.one.subject, {"reason": "x"}) for one in seen.coming])


def test_of_changes_that_fail_in_the_middle_none_is_written(shop):
    shop.close(lacks(), lacks(2))
    first, second = shop.at.listing()
    rows = shop.rows()
    deeds = [
        Deed("exception taken", first.subject, {"reason": "mine", "owner": "cora"}),
        Deed("exception waits", second.subject, {"reason": "no text for it", "share": 0.5}),
    ]
    with pytest.raises(FixInput, match="is a float"):
        shop.at.write("cora", deeds)
    shop.at.read()
    assert (shop.rows(), [one.status for one in shop.at.listing()]) == (rows, ["open", "open"])


def test_the_same_way_on_postgres(tmp_path, postgres_url, retailer):
    with open_store(postgres_url) as store:
        shop = Shop(store, tmp_path, retailer)
        shop.close(lacks(), lacks(2))
        shop.want("take", "cora")
        assert len(shop.want("explain", "carl").coming) == 2
        assert shop.close(lacks(cents=-1)) == ["exception reopened", "exception gone"]
        shop.want("write_off", "carl", numbers=[shop.one().id], rule="small breaks")
        assert {one.found.subject: one.status for one in shop.at.listing()} == {
            "deposit 1": "written off",
            "deposit 2": "gone",
        }
        assert audit.first_broken(store) is None


# the file beside the audit


def test_without_its_file_the_desk_is_what_the_audit_says_and_one_of_another_store_begins_anew(shop, tmp_path):
    shop.close(lacks(), lacks(2))
    shop.want("take", "cora", numbers=[shop.one().id])
    with Desk(shop.store, tmp_path / "anew.db") as anew:
        assert anew.listing() == shop.at.listing()
        assert anew.steps(shop.one().id) == shop.at.steps(shop.one().id)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database" * 1000)
    with Desk(shop.store, damaged) as at:
        assert at.listing() == shop.at.listing()
    with open_store(tmp_path / "restored.db") as restored:
        before = Shop(restored, tmp_path / "elsewhere", shop.retailer)
        before.close(lacks(7))
        with Desk(restored, shop.file) as at:
            assert [one.found.subject for one in at.listing()] == ["deposit 7"]


days = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=5)
acts = st.sampled_from(["take", "wait", "explain", "write_off", "put_back"])
lives = st.lists(st.one_of(days, st.tuples(acts, st.sampled_from(["cora", "carl", "cleo"]))), max_size=8)
dates = count()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, retailer: Retailer):
    """One store for all lives, each on a date of its own."""
    home = tmp_path_factory.mktemp("life")
    with open_store(home / "he_sync.db") as store:
        yield Shop(store, home, retailer)


@settings(max_examples=40, deadline=None)
@given(lives)
def test_however_closes_and_people_take_turns_what_is_not_ended_by_a_close_is_what_the_last_one_found(lived, life):
    """And nobody ever explains what they had."""
    day, last = (date(2020, 1, 1) + timedelta(days=next(dates))).isoformat(), []
    for turn in life:
        there = lived.at.listing(first=day, last=day)
        if isinstance(turn, list):
            last = [lacks(number, cents, day=day) for number, cents in turn]
            lived.close(*last, day=day)
        elif there:
            rule = "small breaks" if turn[0] == "write_off" else ""
            lived.want(turn[0], turn[1], numbers=[one.id for one in there], rule=rule)
    there = lived.at.listing(first=day, last=day)
    alive = [one.found for one in there if one.status not in {"gone", "settled"}]
    assert sorted(alive, key=str) == sorted(last, key=str)
    assert lived.close(*last, day=day) == []
    assert all(lived.at.steps(one.id)[-1].who not in one.hands for one in there if one.status == "explained")


def test_the_file_brought_up_to_date_row_by_row_is_what_one_read_from_the_beginning_is(lived, tmp_path):
    for cents in (-1, -2):
        lived.close(lacks(cents=cents, day="2019-12-31"), day="2019-12-31")
        lived.want("take", "cora", numbers=[lived.at.listing(first="2019-12-31", last="2019-12-31")[0].id])
    with Desk(lived.store, tmp_path / "anew.db") as anew:
        assert anew.listing() == lived.at.listing()


# the list


def test_age_is_in_business_days_without_weekends_and_bank_holidays(retailer):
    holidays = retailer.terms.bank_holidays
    friday = date(2026, 11, 20)
    ages = {on: business_days(friday, date(2026, 11, on), holidays) for on in (19, 20, 22, 23, 25, 26, 27, 30)}
    assert ages == {19: 0, 20: 0, 22: 0, 23: 1, 25: 3, 26: 3, 27: 4, 30: 5}


def test_a_list_is_filtered_by_store_date_class_owner_age_and_status(shop):
    old = lacks(3, klass="missing_deposit", day="2026-11-09")
    shop.close(lacks(), replace(lacks(2), store="S002"))
    shop.close(old, day="2026-11-09")
    shop.want("take", "cora", numbers=[shop.one("deposit 2").id])

    def found(**asked: str) -> list[str]:
        return [each.one.found.subject[-1] for each in chosen(shop.at, Filter(**asked), shop.retailer, NOW)]

    assert found() == ["3", "1", "2"] or found() == ["3", "2", "1"]
    assert (found(store="S002"), found(day=DAY, store="S001"), found(klass="missing_deposit")) == (["2"], ["1"], ["3"])
    assert (found(owner="Cora"), sorted(found(owner="nobody"))) == (["2"], ["1", "3"])
    assert (found(age="8+"), sorted(found(age="1-3")), found(age="0")) == (["3"], ["1", "2"], [])
    assert found(day="2026-11-01", until="2026-11-10") == ["3"]
    assert (found(status="taken"), len(found(status="all")), found(status="gone")) == (["2"], 3, [])
    for wrong in ({"age": "old"}, {"status": "done"}, {"until": DAY}, {"day": "friday"}):
        with pytest.raises(FixInput):
            found(**wrong)
