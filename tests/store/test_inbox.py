"""The law of the inbox, rule by rule (reference reliability 3.4, faults F64 to F66), on SQLite and on Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from he_sync.store import audit, inbox, watch
from he_sync.store.database import Store
from he_sync.store.inbox import MOST_FAILURES, MOST_LOST, Outcome, Stale
from tests.store.examples import EVENING, arrival, ended, later, states, took

AFTER_LEASE = later(EVENING, 61)


def seq_of(store: Store, event_id: str) -> int:
    return inbox.find(store, event_id)[0].event.seq


def lose_workers(store: Store, number: int) -> None:
    """So many workers take what they can and are never heard of again."""
    for nth in range(number):
        inbox.take(store, "worker", None, 100, 60, later(EVENING, 61 * nth))


# arriving


def test_an_event_that_comes_again_is_known_for_ever(store: Store) -> None:
    assert inbox.put(store, [arrival("e1"), arrival("e2"), arrival("e1")]) == ["new", "new", "known"]
    assert ended(store, took(store)) == 2
    assert inbox.put(store, [arrival("e2"), arrival("e3")]) == ["known", "new"]
    assert states(store) == {"e1": "done", "e2": "done", "e3": "new"}


def test_the_same_id_of_another_source_or_topic_is_another_event(store: Store) -> None:
    others = [arrival("e1"), arrival("e1", source="epicor"), arrival("e1", topic="order.created")]
    assert inbox.put(store, others) == ["new", "new", "new"]


def test_another_body_under_a_known_id_is_kept_beside_the_first_which_stands(store: Store) -> None:
    first = arrival("e1")
    other = replace(first, body='{"id":"e1","total":"9.99"}', body_hash="f" * 64)
    assert inbox.put(store, [first, other]) == ["new", "conflict"]
    assert inbox.put(store, [other, other]) == ["conflict", "conflict"]
    assert took(store).events[0].body == first.body
    (kept,) = inbox.conflicts(store)
    assert (kept.body, kept.body_hash) == (other.body, other.body_hash)


def test_a_body_comes_out_as_it_went_in(store: Store) -> None:
    body = '{"name":"Zo\u00eb \U0001f600","amount":1234567890123456.78,"s":"\\u0000"}'
    inbox.put(store, [arrival("e1", body=body)])
    assert took(store).events[0].body == body


def test_nothing_is_put_where_nothing_came(store: Store) -> None:
    assert inbox.put(store, []) == []
    assert not inbox.due(store, EVENING)
    assert inbox.take(store, "first", None, 64, 60, EVENING) is None


@pytest.mark.parametrize("outcome", ["done", "quiet", "parked"])
def test_a_finished_event_known_by_its_content_only_is_read_again_when_it_repeats(
    store: Store, outcome: Outcome
) -> None:
    hashed = arrival("e1", own_id=False)
    inbox.put(store, [hashed])
    assert inbox.put(store, [hashed]) == ["known"]
    ended(store, took(store), outcome)
    assert inbox.put(store, [hashed]) == ["again"]
    assert [event.attempts for event in took(store).events] == [1]


def test_what_is_announced_again_while_a_worker_reads_it_is_read_once_more(store: Store) -> None:
    """The worker may have read the record before it changed."""
    hashed = arrival("e1", own_id=False)
    inbox.put(store, [hashed])
    taken = took(store)
    assert inbox.put(store, [hashed, hashed]) == ["again", "again"]
    assert ended(store, taken) == 1
    assert states(store) == {"e1": "new"}
    ended(store, took(store))
    assert states(store) == {"e1": "done"}


# order


def test_all_that_wait_for_an_entity_are_taken_together_in_the_order_of_arrival(store: Store) -> None:
    inbox.put(store, [arrival("a1", "order 1"), arrival("b1", "order 2"), arrival("a2", "order 1")])
    first = took(store, limit=1)
    assert [event.event_id for event in first.events] == ["a1", "a2"]
    assert [event.event_id for event in took(store, limit=1).events] == ["b1"]


def test_an_entity_is_in_one_workers_hands_at_a_time(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    taken = took(store)
    inbox.put(store, [arrival("a2")])
    assert not inbox.due(store, EVENING)
    assert inbox.take(store, "second", None, 64, 60, EVENING) is None
    ended(store, taken)
    assert [event.event_id for event in took(store).events] == ["a2"]


def test_a_worker_takes_only_the_topics_it_asked_for(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("b1", "item 7", source="heartland", topic="item_updated")])
    assert inbox.due(store, EVENING, {"heartland/item_updated"})
    assert not inbox.due(store, EVENING, {"heartland/item_created"})
    taken = inbox.take(store, "first", {"heartland/item_updated"}, 64, 60, EVENING)
    assert taken is not None
    assert [(event.address, event.entity) for event in taken.events] == [("heartland/item_updated", "item 7")]
    assert inbox.waiting(store) == inbox.waiting(store, {"shop/order.updated"}, EVENING) == 1


def test_two_flows_never_work_on_one_entity_at_once(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("a2", topic="order.created")])
    assert inbox.take(store, "first", {"shop/order.created"}, 64, 60, EVENING) is not None
    assert inbox.take(store, "second", {"shop/order.updated"}, 64, 60, EVENING) is None


def test_an_event_that_is_to_wait_holds_back_its_own_entity_and_no_other(store: Store) -> None:
    inbox.put(store, [arrival("a1", "order 1")])
    taken = took(store)
    inbox.retry_later(store, taken, taken.seqs, later(EVENING, 300), "Heartland is down")
    inbox.put(store, [arrival("a2", "order 1"), arrival("b1", "order 2")])
    other = took(store)
    assert [event.event_id for event in other.events] == ["b1"]
    ended(store, other)
    assert not inbox.due(store, later(EVENING, 299))
    assert [event.event_id for event in took(store, later(EVENING, 300)).events] == ["a1", "a2"]


# the lease


def test_an_event_of_a_lost_worker_is_free_when_the_lease_ends_and_no_sooner(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    took(store)
    assert not inbox.due(store, later(EVENING, 59))
    assert inbox.take(store, "second", None, 64, 60, later(EVENING, 59)) is None
    assert inbox.due(store, later(EVENING, 60))
    assert took(store, later(EVENING, 60), "second").events[0].attempts == 2


def test_a_worker_whose_lease_was_taken_away_can_change_nothing(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    stale = took(store)
    now = took(store, AFTER_LEASE, "second")
    before = inbox.get(store, stale.seqs[0])
    assert ended(store, stale) == 0
    inbox.retry_later(store, stale, stale.seqs, AFTER_LEASE, "late")
    with pytest.raises(Stale, match="0 of 1 events are still ours"):
        store.run(lambda connection: inbox.settle(connection, stale, stale.seqs, "done", "", EVENING))
    assert inbox.get(store, stale.seqs[0]) == before
    assert ended(store, now) == 1


def test_what_a_stale_worker_wrote_beside_its_events_is_undone_with_them(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    stale = took(store)
    took(store, AFTER_LEASE, "second")

    def plan_and_settle(connection: object) -> None:
        audit.record(connection, "worker", "planned", "it")  # type: ignore[arg-type]
        inbox.settle(connection, stale, stale.seqs, "done", "", EVENING)  # type: ignore[arg-type]

    with pytest.raises(Stale):
        store.run(plan_and_settle)
    assert audit.head(store).seq == 0


def test_an_event_ends_once(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    taken = took(store)
    assert ended(store, taken) == 1
    assert ended(store, taken, "quiet") == 0
    assert states(store) == {"a1": "done"}


# poison, failures, bad input


def test_an_attempt_is_counted_before_it_is_made(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    took(store)
    kept = inbox.by_entity(store, "order 1")[0]
    assert (kept.state, kept.event.attempts) == ("taken", 1)


def test_an_event_that_loses_five_workers_is_parked_as_poison_and_blocks_its_entity_only(store: Store) -> None:
    inbox.put(store, [arrival("a1", "order 1")])
    lose_workers(store, MOST_LOST)
    inbox.put(store, [arrival("a2", "order 1"), arrival("b1", "order 2")])
    now = later(EVENING, 61 * MOST_LOST)
    assert [event.event_id for event in took(store, now).events] == ["b1"]
    assert states(store)["a1"] == "parked"
    blocking = inbox.waiting_for(store, seq_of(store, "a2"))
    assert blocking is not None
    assert (blocking.event.event_id, blocking.parked_for) == ("a1", "poison")
    assert [row.action for row in audit.entries(store, "order 1")] == ["event parked as poison"]
    assert inbox.reopen(store, "order 1", "dana", "the worker was mended") == 1
    assert [event.event_id for event in took(store, now).events] == ["a1", "a2"]


def test_what_waits_behind_poison_wakes_nobody(store: Store) -> None:
    """A drain would take nothing, again and again, and write a transaction each time."""
    inbox.put(store, [arrival("a1", "order 1")])
    lose_workers(store, MOST_LOST + 1)
    inbox.put(store, [arrival("a2", "order 1")])
    now = later(EVENING, 61 * (MOST_LOST + 1))
    assert not inbox.due(store, now)
    assert not watch.due(store, now)


def test_four_lost_workers_are_not_enough(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    lose_workers(store, MOST_LOST - 1)
    assert took(store, later(EVENING, 61 * MOST_LOST)).events[0].attempts == MOST_LOST


def test_what_was_in_the_same_hands_as_poison_is_tried_apart_from_it(store: Store) -> None:
    """Otherwise one poisoned order would park the whole batch with it."""
    inbox.put(store, [arrival(f"e{number}", f"order {number}") for number in range(8)])
    now, poison = EVENING, "order 3"
    for _ in range(40):
        taken = inbox.take(store, "next", None, 64, 60, now)
        if taken is None:
            break
        if all(event.entity != poison for event in taken.events):
            ended(store, taken, now=now)
        else:
            now = later(now, 61)
    found = states(store)
    assert found.pop("e3") == "parked"
    assert set(found.values()) == {"done"}


def test_a_source_that_cannot_be_read_costs_no_lost_worker_and_a_person_is_asked_after_twenty(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("a2")])
    for nth in range(MOST_FAILURES):
        assert states(store) == {"a1": "new", "a2": "new"}
        taken = took(store, later(EVENING, nth))
        assert [event.attempts for event in taken.events] == [1, 1]
        inbox.retry_later(store, taken, taken.seqs, later(EVENING, nth + 1), "Heartland is down")
    kept = inbox.by_entity(store, "order 1")[0]
    assert (kept.state, kept.parked_for, kept.note) == ("parked", "failures", "Heartland is down")
    (told,) = audit.entries(store, "inbox")
    assert told.action == "events parked after 20 failures"


def test_what_is_held_waits_as_often_as_it_must_and_nothing_of_it_is_counted(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("a2")])
    for nth in range(MOST_FAILURES + 1):
        taken = took(store, later(EVENING, nth))
        assert [event.attempts for event in taken.events] == [1, 1]
        inbox.hold(store, taken, taken.seqs, later(EVENING, nth + 1), "no query")
        assert not inbox.due(store, later(EVENING, nth))
    assert [(kept.state, kept.failures, kept.note) for kept in inbox.by_entity(store, "order 1")] == [
        ("new", 0, "no query")
    ] * 2


def test_a_worker_whose_lease_was_lost_holds_nothing(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    stale = took(store)
    took(store, AFTER_LEASE)
    inbox.hold(store, stale, stale.seqs, later(EVENING, 300), "no query")
    assert states(store) == {"a1": "taken"}


def test_a_newer_event_opens_what_was_parked_for_bad_input(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("b1", "order 2")])
    ended(store, took(store), "parked")
    assert not inbox.due(store, EVENING)
    inbox.put(store, [arrival("a2")])
    assert [event.event_id for event in took(store).events] == ["a1", "a2"]
    assert states(store)["b1"] == "parked"


# people


def test_a_person_replays_what_is_done_once_however_often_the_button_is_pressed(store: Store) -> None:
    inbox.put(store, [arrival("a1"), arrival("b1", "order 2")])
    ended(store, took(store))
    seqs = [kept.event.seq for kept in inbox.listing(store, "done")]
    assert inbox.reopen(store, seqs, "dana", "prices were mended") == 2
    assert inbox.reopen(store, seqs, "dana", "again") == 0
    (told,) = audit.entries(store)
    assert (told.actor, told.action, told.subject) == ("dana", "events reopened", "2 events")
    assert {event.origin for event in took(store).events} == {"replay"}


def test_what_is_being_worked_on_is_not_reopened(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    taken = took(store)
    assert inbox.reopen(store, "order 1", "dana", "hurry") == 0
    assert ended(store, taken) == 1


def test_a_waiting_event_says_what_it_waits_for(store: Store) -> None:
    inbox.put(store, [arrival("a1")])
    took(store)
    inbox.put(store, [arrival("a2"), arrival("b1", "order 2")])
    ahead = inbox.waiting_for(store, seq_of(store, "a2"))
    assert ahead is not None
    assert (ahead.event.event_id, ahead.state) == ("a1", "taken")
    assert inbox.waiting_for(store, seq_of(store, "b1")) is None
    assert inbox.count(store) == {"new": 2, "taken": 1}
