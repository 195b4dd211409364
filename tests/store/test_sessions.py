"""Two sessions at once, in the order in which it hurts. SQLite has one writer: there the second just waits."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest

from he_sync.store import effects, inbox
from he_sync.store.database import Store, open_store
from tests.store.examples import EVENING, arrival, effect, ended, later, states, took


def within(seconds: float, future: Future[object]) -> bool:
    """Whether it ends in time; otherwise it waits for a lock of ours."""
    try:
        future.result(seconds)
    except StillWaiting:
        return False
    return True


def test_the_same_events_from_many_receivers_are_stored_once_and_said_to_be_new_once(
    store: Store, store_url: str
) -> None:
    """In opposite orders as well: on Postgres that is a deadlock now and then, and one of the two begins again."""

    def receive(number: int) -> list[str]:
        coming = [arrival(f"e{nth}", f"order {nth}") for nth in range(60)]
        with open_store(store_url) as own:
            return [*inbox.put(own, coming if number % 2 else coming[::-1])]

    with ThreadPoolExecutor(6) as pool:
        stored = [said for each in pool.map(receive, range(6)) for said in each]
    assert stored.count("new") == 60
    assert stored.count("known") == 300
    assert set(states(store).values()) == {"new"}


def test_an_event_that_is_being_stored_elsewhere_is_known_when_that_stands_and_new_when_it_is_undone(
    store: Store, store_url: str
) -> None:
    for stands, expected in ((True, "known"), (False, "new")):
        coming = arrival(f"e{stands}")
        with open_store(store_url) as own, ThreadPoolExecutor(1) as pool:
            with store.engine.connect() as mine:
                inbox.put_in(mine, [coming])
                second = pool.submit(inbox.put, own, [coming])
                assert not within(0.3, second)  # type: ignore[arg-type]
                mine.commit() if stands else mine.rollback()
            assert second.result(30) == [expected]


def test_workers_that_take_at_once_never_have_the_same_entity(store: Store, store_url: str) -> None:
    inbox.put(store, [arrival(f"e{number}", f"order {number % 20}") for number in range(120)])

    def work(number: int) -> list[tuple[str, ...]]:
        found = []
        with open_store(store_url) as own:
            while taken := inbox.take(own, f"worker {number}", None, 3, 60, EVENING):
                found.append(tuple(event.event_id for event in taken.events))
                assert ended(own, taken) == len(taken.events)
        return found

    with ThreadPoolExecutor(6) as pool:
        batches = [batch for each in pool.map(work, range(6)) for batch in each]
    assert sorted(event for batch in batches for event in batch) == sorted(f"e{number}" for number in range(120))
    assert set(states(store).values()) == {"done"}


def test_a_worker_that_takes_one_topic_waits_for_who_takes_another_of_the_same_entity(
    store: Store, store_url: str
) -> None:
    inbox.put(store, [arrival("a1"), arrival("a2", topic="order.created")])
    with open_store(store_url) as own, ThreadPoolExecutor(1) as pool:
        with store.engine.connect() as mine:
            mine_taken = inbox.take_in(mine, "first", {"shop/order.created"}, 9, (EVENING, later(EVENING, 60)))
            second = pool.submit(inbox.take, own, "second", {"shop/order.updated"}, 9, 60, EVENING)
            assert not within(0.3, second)  # type: ignore[arg-type]
            mine.commit()
        assert mine_taken is not None
        assert second.result(30) is None


def test_an_event_that_arrives_while_its_entity_ends_is_taken_next(store: Store, store_url: str) -> None:
    inbox.put(store, [arrival("a1")])
    taken = took(store)
    with open_store(store_url) as own, ThreadPoolExecutor(1) as pool:
        with store.engine.connect() as mine:
            inbox.finish(mine, taken, taken.seqs, "done", "", EVENING)
            coming = pool.submit(inbox.put, own, [arrival("a2"), arrival("b1", "order 2")])
            within(0.3, coming)  # type: ignore[arg-type]
            mine.commit()
        assert coming.result(30) == ["new", "new"]
    assert [event.event_id for event in took(store).events] == ["a2", "b1"]


def test_a_repeat_that_arrives_while_its_event_ends_is_never_lost(store: Store, store_url: str) -> None:
    """Whichever of the two commits first, the record is read once more."""
    hashed = arrival("a1", own_id=False)
    inbox.put(store, [hashed])
    taken = took(store)
    with open_store(store_url) as own, ThreadPoolExecutor(1) as pool:
        with store.engine.connect() as mine:
            inbox.finish(mine, taken, taken.seqs, "done", "", EVENING)
            coming = pool.submit(inbox.put, own, [hashed])
            assert not within(0.3, coming)  # type: ignore[arg-type]
            mine.commit()
        assert coming.result(30) == ["again"]
    assert states(store) == {"a1": "new"}


def test_a_finish_and_an_expiry_at_once_leave_one_of_the_two(store: Store, store_url: str) -> None:
    inbox.put(store, [arrival("a1")])
    taken = took(store)
    with open_store(store_url) as own, ThreadPoolExecutor(1) as pool:
        with store.engine.connect() as mine:
            assert inbox.finish(mine, taken, taken.seqs, "done", "", EVENING) == 1
            second = pool.submit(inbox.take, own, "second", None, 9, 60, later(EVENING, 61))
            within(0.3, second)  # type: ignore[arg-type]
            mine.commit()
        assert second.result(30) is None
    assert states(store) == {"a1": "done"}


def test_claimers_of_batches_never_have_two_effects_of_an_entity(store: Store, store_url: str) -> None:
    planned = [effect(f"ticket {number % 15}", str(number)) for number in range(60)]
    effects.plan(store, planned)

    def work(number: int) -> list[str]:
        done: list[str] = []
        with open_store(store_url) as own:
            idle = 0
            while idle < 20:
                claims = effects.claim_many(own, f"worker {number}", 60, EVENING, limit=8)
                idle = 0 if claims else idle + 1
                assert len({each.effect.entity for each in claims}) == len(claims)
                assert all(effects.confirm_many(own, [(each, str(number)) for each in claims]))
                done += [each.effect.key for each in claims]
        return done

    with ThreadPoolExecutor(4) as pool:
        keys = [key for each in pool.map(work, range(4)) for key in each]
    assert sorted(keys) == sorted(each.key for each in planned)


@pytest.mark.parametrize("first", ["plan", "claim"])
def test_a_late_planner_of_an_earlier_effect_breaks_no_claim(store: Store, store_url: str, first: str) -> None:
    """An effect with a lower number that is committed later: still one of the entity is under way."""
    early, late = effect("ticket 1", "1"), effect("ticket 1", "2")
    if store.engine.dialect.name == "sqlite":
        pytest.skip("one writer: numbers are committed in their order")
    with store.engine.connect() as mine, open_store(store_url) as own:
        effects.plan_in(mine, [early])
        effects.plan(own, [late])
        claimed = effects.claim_many(own, "second", 60, EVENING) if first == "claim" else []
        mine.commit()
        claimed += effects.claim_many(own, "first", 60, EVENING)
        assert len(claimed) == 1
