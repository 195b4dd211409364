"""A bad record is kept once, found again, and open until its cause is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from he_sync.store import audit, dead_letters, inbox
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter, Put
from tests.store.examples import EVENING, arrival, ended, later, states, took

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


def of_event(seq: int, column: str = "store") -> DeadLetter:
    return replace(
        BAD_TOTAL,
        record=str(seq),
        column=column,
        event_seq=seq,
        flow="orders",
        mapping_version="3",
        plain="the store is unknown",
    )


def test_a_letter_of_a_flow_keeps_its_cause_in_plain_words_and_how_often_it_was_met(store: Store) -> None:
    inbox.put(store, [arrival("e1")])
    (seq,) = took(store).seqs
    for attempts in (1, 2, 3):
        dead_letters.put(store, [of_event(seq)])
        (kept,) = dead_letters.listing(store)
        assert (kept.letter.plain, kept.letter.mapping_version, kept.letter.attempts) == (
            "the store is unknown",
            "3",
            attempts,
        )


def test_a_letter_is_kept_with_the_end_of_its_event_or_not_at_all(store: Store) -> None:
    inbox.put(store, [arrival("e1")])
    stale = took(store)
    took(store, later(EVENING, 61))

    def set_aside(connection: object) -> None:
        dead_letters.put_in(connection, [of_event(stale.seqs[0])])  # type: ignore[arg-type]
        inbox.settle(connection, stale, stale.seqs, "parked", "", EVENING)  # type: ignore[arg-type]

    with pytest.raises(inbox.Stale):
        store.run(set_aside)
    assert dead_letters.listing(store) == []


def test_replaying_letters_opens_each_event_once_and_resolves_all_its_letters(store: Store) -> None:
    inbox.put(store, [arrival("e1"), arrival("e2", "order 2")])
    taken = took(store)
    first, second = taken.seqs
    dead_letters.put(store, [of_event(first), of_event(first, "total"), of_event(second), BAD_TOTAL])
    ended(store, taken, "parked")
    numbers = [kept.number for kept in dead_letters.listing(store)]
    assert dead_letters.replay(store, [numbers[0], numbers[1], numbers[3]], "dana", "store 9 was added") == 1
    assert dead_letters.replay(store, numbers[:2], "dana", "once more") == 0
    assert states(store) == {"e1": "new", "e2": "parked"}
    assert [kept.letter.event_seq for kept in dead_letters.listing(store)] == [second, None]
    resolved = dead_letters.listing(store, resolved=True)
    assert {(kept.resolved_by, kept.resolution) for kept in resolved} == {("dana", "replayed: store 9 was added")}
    assert [row.action for row in audit.entries(store)].count("events reopened") == 1


def test_what_is_still_wrong_after_a_replay_opens_its_letter_again(store: Store) -> None:
    inbox.put(store, [arrival("e1")])
    taken = took(store)
    dead_letters.put(store, [of_event(taken.seqs[0])])
    ended(store, taken, "parked")
    (kept,) = dead_letters.listing(store)
    dead_letters.replay(store, [kept.number], "dana", "tried")
    assert dead_letters.put(store, [of_event(took(store).seqs[0])]).reopened == 1
    assert [each.number for each in dead_letters.listing(store)] == [kept.number]


def test_a_letter_of_an_event_that_is_answered_after_all_is_resolved_with_it(store: Store) -> None:
    inbox.put(store, [arrival("e1")])
    taken = took(store)
    dead_letters.put(store, [of_event(taken.seqs[0]), BAD_TOTAL])
    with store.begin() as connection:
        assert dead_letters.answered_in(connection, taken.seqs, "answered by a later read") == 1
        assert dead_letters.answered_in(connection, taken.seqs, "answered by a later read") == 0
    assert [kept.letter.event_seq for kept in dead_letters.listing(store)] == [None]


def test_replaying_the_letter_of_two_events_of_one_record_opens_both(store: Store) -> None:
    """The same bad record announced twice is one letter, which names the later event."""
    inbox.put(store, [arrival("e1"), arrival("e2")])
    taken = took(store)
    dead_letters.put(store, [replace(of_event(9), event_seq=seq) for seq in taken.seqs])
    ended(store, taken, "parked")
    (kept,) = dead_letters.listing(store)
    assert dead_letters.replay(store, [kept.number], "dana", "mended") == 2
    assert states(store) == {"e1": "new", "e2": "new"}
