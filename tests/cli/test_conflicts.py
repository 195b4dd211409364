"""`he-sync events conflicts`: what two sides, two programs or two bodies say differently, until a person settles it."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from he_sync.store import audit, dead_letters, effects, inbox
from he_sync.store.database import open_store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.inbox import Arrival
from tests.store.examples import effect

PLAIN = "customer 5: phone is '1' in the shop and '2' in Epicor; the field has no owner"


@pytest.fixture
def store(he_sync):
    with open_store(he_sync.home / "he_sync.db") as opened:
        for body in ('{"total":1}', '{"total":2}'):
            digest = sha256(body.encode()).hexdigest()
            inbox.put(opened, [Arrival("shop", "order.created", "evt-1", "order 7", "", body, digest)])
        letter = DeadLetter(
            "epicor", "erp_customer", "erp_customer 9", -1, "phone", "one side owns it", "{}", PLAIN, "2026-11-20"
        )
        dead_letters.put(opened, [letter])
        yield opened


def listed(he_sync):
    code, out, err = he_sync("events", "conflicts", "list", "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.usefixtures("store")
def test_everything_that_is_open_stands_in_one_list_with_what_to_do(he_sync):
    found = {one["name"].split("-")[0]: one for one in listed(he_sync)}
    assert found.keys() == {"event", "field"}
    assert "tell the sender" in found["event"]["to_do"]
    assert he_sync("events", "conflicts", "list")[0] == 0


def test_one_is_shown_with_both_bodies_and_settled_with_a_reason(he_sync, store):
    name = listed(he_sync)[0]["name"]
    code, out, _ = he_sync("events", "conflicts", "show", name)
    assert code == 0
    assert 'first: {"total":1}' in out
    assert 'other: {"total":2}' in out
    code, out, _ = he_sync("events", "conflicts", "settle", name, "--note", "sender was told", "--who", "ana")
    assert (code, out.strip()) == (0, f"{name} is settled")
    assert name not in {one["name"] for one in listed(he_sync)}
    [row] = audit.entries(store, name)
    assert (row.actor, json.loads(row.detail)["note"]) == ("ana", "sender was told")


def test_settling_a_field_closes_its_letter(he_sync, store):
    assert he_sync("events", "conflicts", "settle", "field-1", "--note", "same person", "--who", "ana")[0] == 0
    assert dead_letters.listing(store) == []
    assert [one["name"].split("-")[0] for one in listed(he_sync)] == ["event"]


def test_an_edit_is_settled_only_by_saying_whose_value_stands(he_sync, store):
    one = effect("customer 5", kind="update_customer", body={"CustNum": 9, "PhoneNum": "1", "was": {"PhoneNum": "0"}})
    effects.plan(store, [one])
    claimed = effects.claim(store, "desk", 30, datetime.now(UTC))
    effects.park(store, claimed, "customer 9: PhoneNum is '2', ...; decide which one stands")
    name = f"edit-{one.key[:10]}"
    code, _, err = he_sync("events", "conflicts", "settle", name, "--note", "x")
    assert (code, "--stands" in err) == (2, True)
    assert he_sync("events", "conflicts", "settle", name, "--note", "they know better", "--stands", "theirs")[0] == 0
    assert effects.find(store, one.key).state == "withdrawn"
    [row] = [row for row in audit.entries(store, one.key) if row.action == "conflict settled"]
    assert json.loads(row.detail)["stands"] == "theirs"


@pytest.mark.parametrize("words", [("show", "event-9-x"), ("settle", "event-9-x", "--note", "x")])
@pytest.mark.usefixtures("store")
def test_a_name_that_is_not_open_is_one_line(he_sync, words):
    code, _, err = he_sync("events", "conflicts", *words)
    assert (code, len(err.strip().splitlines())) == (2, 1)
    assert "no open conflict is called 'event-9-x'" in err
