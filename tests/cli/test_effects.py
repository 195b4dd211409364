"""A person decides about effects from the command line; every refusal is one line."""

import json

from he_sync.store import effects
from he_sync.store.database import open_store


def waiting(he_sync):
    code, out, _ = he_sync("effects", "list", "--state", "waiting_approval", "--json")
    assert code == 0
    return json.loads(out)


def test_what_is_over_its_limit_waits_until_a_person_approves_it_and_then_goes(he_sync_alone, friday):
    assert he_sync_alone("close", friday)[0] == 0
    first, *others = waiting(he_sync_alone)
    assert he_sync_alone("effects", "approve", first["key"], "--who", "ana")[0] == 0
    before = he_sync_alone.writes()
    assert he_sync_alone("close", friday)[0] == 0
    assert he_sync_alone.writes() > before
    assert waiting(he_sync_alone) == others
    with open_store(he_sync_alone.home / "he_sync.db") as store:
        sent = [one for one in effects.listing(store, friday, ["confirmed"]) if one.approved_by == "ana"]
    assert [one.effect.entity for one in sent] == [first["of"]]


def test_what_a_person_withdraws_is_never_sent(he_sync_alone, friday):
    assert he_sync_alone("close", friday)[0] == 0
    first = waiting(he_sync_alone)[0]
    assert he_sync_alone("effects", "withdraw", first["key"], "--note", "counted again")[0] == 0
    before = he_sync_alone.writes()
    assert he_sync_alone("close", friday)[0] == 0
    assert he_sync_alone.writes() == before


def test_a_decision_that_cannot_be_taken_is_one_line(he_sync_alone, friday):
    assert he_sync_alone("close", friday)[0] == 0
    first = waiting(he_sync_alone)[0]
    for words in (
        ("effects", "approve", "zzz"),
        ("effects", "approve", ""),
        ("effects", "release", first["key"], "--note", "x"),
    ):
        code, out, err = he_sync_alone(*words)
        assert (code, out, err.count("\n")) == (2, "", 1), err


def test_a_home_without_a_store_is_one_line(he_sync):
    code, _, err = he_sync("effects", "list")
    assert code == 2
    assert "he_sync.db is not there" in err
