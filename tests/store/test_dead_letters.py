"""A bad record is kept once, found again, and open until its cause is gone."""

from __future__ import annotations

from dataclasses import replace

from he_sync.store import audit, dead_letters
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter, Put

BAD_TOTAL = DeadLetter(
    source="heartland",
    entity="tickets",
    record="117060",
    row=12,
    column="total_minor",
    rule="total is the sum of its lines",
    payload='{"id":117060,"total":"12.50"}',
    reason="total 12.50, lines 12.05",
    business_date="2026-11-20",
)
NO_STORE = replace(BAD_TOTAL, column="store", rule="store is known", reason="location 9 is no store")


def test_the_same_letters_put_again_are_the_same_letters(store: Store) -> None:
    assert dead_letters.put(store, [BAD_TOTAL, NO_STORE]) == Put(new=2, known=0, reopened=0)
    moved = replace(BAD_TOTAL, row=99)
    assert dead_letters.put(store, [moved, NO_STORE]) == Put(new=0, known=2, reopened=0)
    assert [kept.letter for kept in dead_letters.listing(store)] == [moved, NO_STORE]


def test_another_payload_column_rule_or_date_is_another_letter(store: Store) -> None:
    dead_letters.put(store, [BAD_TOTAL])
    changed = [replace(BAD_TOTAL, payload="{}"), NO_STORE, replace(BAD_TOTAL, business_date="2026-11-21")]
    assert dead_letters.put(store, changed).new == 3


def test_a_resolved_letter_leaves_the_list_with_who_and_what(store: Store) -> None:
    dead_letters.put(store, [BAD_TOTAL, NO_STORE])
    number = dead_letters.listing(store)[0].number
    assert dead_letters.resolve(store, number, "dana", "corrected in the shop")
    assert not dead_letters.resolve(store, number, "eve", "again")
    assert [kept.letter for kept in dead_letters.listing(store)] == [NO_STORE]
    (resolved,) = dead_letters.listing(store, resolved=True)
    assert (resolved.resolved_by, resolved.resolution) == ("dana", "corrected in the shop")
    assert [entry.actor for entry in audit.entries(store, str(number))] == ["dana"]


def test_a_resolved_letter_that_comes_again_is_open_again(store: Store) -> None:
    dead_letters.put(store, [BAD_TOTAL])
    dead_letters.resolve(store, dead_letters.listing(store)[0].number, "dana", "corrected in the shop")
    assert dead_letters.put(store, [BAD_TOTAL]) == Put(new=0, known=0, reopened=1)
    assert dead_letters.listing(store)[0].resolved_by is None


def test_letters_are_listed_by_date_and_entity(store: Store) -> None:
    dead_letters.put(store, [BAD_TOTAL, replace(BAD_TOTAL, entity="payments", business_date="2026-11-21")])
    assert [kept.letter for kept in dead_letters.listing(store, "2026-11-20")] == [BAD_TOTAL]
    assert [kept.letter.entity for kept in dead_letters.listing(store, entity="payments")] == ["payments"]
    assert dead_letters.listing(store, "2026-11-20", "payments") == []
