"""Who wins a field, case by case; the fuzz beside this file does the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from he_sync.flows.echo import MOST_HOPS, Memory, Side, is_ours, remembered, too_often
from he_sync.flows.ownership import CUSTOMER, decide

OLD, NEW, OTHER = "555-0100", "555-0199", "555-0300"


def side(value, seen=OLD, wrote=(), pending=False):
    memory = None if seen is None else Memory({"phone": seen}, {"phone": tuple(wrote)} if wrote else {})
    return Side({"phone": value}, memory, frozenset({"phone"} if pending else ()))


def phone(owner, heartland, epicor, **options):
    decision = decide({"phone": owner}, heartland, epicor, **options)
    return decision.to_heartland.get("phone"), decision.to_epicor.get("phone"), bool(decision.conflicts)


NOTHING = (None, None, False)


@pytest.mark.parametrize(
    ("owner", "heartland", "epicor", "outcome"),
    [
        ("heartland", side(NEW), side(OLD), (None, NEW, False)),
        ("heartland", side(OLD), side(NEW), (None, OLD, False)),
        ("heartland", side(NEW), side(OTHER), (None, NEW, False)),
        ("epicor", side(NEW), side(OLD), (OLD, None, False)),
        ("epicor", side(OLD), side(NEW), (NEW, None, False)),
        ("either", side(NEW), side(OLD), (None, NEW, False)),
        ("either", side(OLD), side(NEW), (NEW, None, False)),
        ("either", side(NEW), side(OTHER), (None, None, True)),
        ("ask", side(NEW), side(OLD), (None, None, True)),
        ("heartland", side(NEW), side(NEW), NOTHING),
    ],
)
def test_the_owners_value_travels_and_an_edit_by_the_other_side_is_put_back(owner, heartland, epicor, outcome):
    assert phone(owner, heartland, epicor) == outcome


def test_an_edit_of_a_field_that_the_other_side_owns_goes_to_a_person_where_the_flow_says_so():
    assert phone("heartland", side(OLD), side(NEW), foreign_edit="ask") == (None, None, True)


def test_our_own_write_coming_back_is_no_edit():
    assert phone("either", side(NEW), side(NEW, seen=OLD, wrote=[NEW])) == NOTHING
    assert is_ours(Memory({"phone": OLD}, {"phone": (NEW,)}), {"phone": NEW})
    assert not is_ours(Memory({"phone": OLD}, {"phone": (NEW,)}), {"phone": OTHER})


def test_a_write_on_its_way_is_neither_an_edit_nor_sent_again():
    on_its_way = side(OLD, wrote=[NEW], pending=True)
    assert phone("heartland", side(NEW, seen=NEW), on_its_way) == NOTHING


def test_an_edit_that_meets_our_write_on_its_way_goes_to_a_person():
    assert phone("either", side(NEW, seen=NEW), side(OTHER, wrote=[NEW], pending=True)) == (None, None, True)


def test_an_owner_who_returns_to_the_old_value_overtakes_the_write_on_its_way():
    assert phone("heartland", side(OLD, seen=NEW), side(OLD, wrote=[NEW], pending=True)) == (None, OLD, False)


@pytest.mark.parametrize(
    ("owner", "heartland", "epicor", "outcome"),
    [
        ("heartland", "", NEW, (NEW, None, False)),
        ("heartland", NEW, OTHER, (None, NEW, False)),
        ("epicor", NEW, "", (None, NEW, False)),
        ("either", NEW, OTHER, (None, None, True)),
        ("either", None, OTHER, (OTHER, None, False)),
    ],
)
def test_two_records_that_meet_lose_nothing_that_only_one_of_them_knows(owner, heartland, epicor, outcome):
    assert phone(owner, side(heartland, seen=None), side(epicor, seen=None)) == outcome


def test_a_field_that_one_side_does_not_know_is_left_alone():
    assert decide({"terms": "epicor"}, Side({}), Side({"terms": "N30"})).quiet


def test_a_value_that_the_other_side_rewrites_every_time_is_put_back_three_times_and_then_told():
    """An ERP rule that turns every number into capitals fights with us for ever, one message a round."""
    heartland = Side({"name": "Ada"}, Memory({"name": "Ada"}))
    memory, sent = Memory({"name": "Ada"}), 0
    for _ in range(10):
        epicor = Side({"name": "ADA"}, memory)
        decision = decide({"name": "heartland"}, heartland, epicor)
        if not decision.to_epicor:
            break
        sent += 1
        memory = remembered(epicor.after(decision.to_epicor).document())
    assert sent == MOST_HOPS
    assert "put back several times" in decision.conflicts[0].reason


def test_six_writes_to_one_record_in_ten_minutes_are_no_persons_edits():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert too_often([now - timedelta(minutes=one) for one in range(6)], now)
    assert not too_often([now - timedelta(minutes=2 * one) for one in range(6)], now)


def test_the_shop_knows_the_person_and_the_erp_knows_the_account():
    assert {name for name, owner in CUSTOMER.items() if owner == "epicor"} == {
        "cust_id",
        "terms",
        "credit_limit",
        "credit_hold",
    }
