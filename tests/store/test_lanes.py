"""One holder a lane, and no event between two chairs: the drain sees it before it lets go, or the receiver rings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from sqlalchemy import Connection

from he_sync.store import inbox, lanes
from he_sync.store.database import Store, open_store
from he_sync.store.lanes import Lane
from tests.store.examples import EVENING, arrival, later


def drains(store: Store, holder: str = "run 1") -> Lane:
    lane = lanes.take(store, "drain", holder, 60, EVENING)
    assert lane is not None
    return lane


def is_idle(connection: Connection) -> bool:
    return not inbox.due_in(connection, EVENING)


def test_a_lane_has_one_holder_until_it_is_let_go_or_the_lease_ends(store: Store) -> None:
    lane = drains(store)
    assert lanes.held(store, "drain", EVENING)
    assert not lanes.held(store, "polls", EVENING)
    assert lanes.take(store, "drain", "run 2", 60, later(EVENING, 59)) is None
    assert lanes.release_if_idle(store, lane, is_idle)
    assert not lanes.held(store, "drain", EVENING)
    second = drains(store, "run 2")
    assert second.token > lane.token
    assert not lanes.held(store, "drain", later(EVENING, 60))
    assert lanes.take(store, "drain", "run 3", 60, later(EVENING, 60)) is not None


def test_the_same_holder_takes_its_lane_again_after_a_lost_answer(store: Store) -> None:
    drains(store)
    assert drains(store).token == 2


def test_a_holder_that_renews_keeps_its_lane_and_one_that_lost_it_is_told_so(store: Store) -> None:
    first = drains(store)
    assert lanes.renew(store, first, later(EVENING, 50))
    assert lanes.take(store, "drain", "run 2", 60, later(EVENING, 70)) is None
    second = lanes.take(store, "drain", "run 2", 60, later(EVENING, 110))
    assert second is not None
    assert not lanes.renew(store, first, later(EVENING, 111))
    assert lanes.release_if_idle(store, first, is_idle)
    assert lanes.holder(store, "drain", later(EVENING, 111)) == "run 2"
    assert lanes.release(store, second)
    assert lanes.holder(store, "drain", later(EVENING, 111)) == ""


def test_a_lane_is_not_let_go_while_an_event_waits(store: Store) -> None:
    lane = drains(store)
    inbox.put(store, [arrival("e1")])
    assert not lanes.release_if_idle(store, lane, is_idle)
    assert lanes.held(store, "drain", EVENING)


def test_an_event_that_arrives_while_the_drain_lets_go_is_rung_for(store: Store, store_url: str) -> None:
    """The drain has looked and found nothing; now the receiver stores an event and asks whether anybody drains."""
    lane = drains(store)
    heard: list[bool] = []

    def receive() -> None:
        with open_store(store_url) as own:
            inbox.put(own, [arrival("e1")])
            heard.append(lanes.held(own, "drain", EVENING))

    receiver = Thread(target=receive)

    def nothing_is_there_yet(connection: Connection) -> bool:
        idle = is_idle(connection)
        receiver.start()
        receiver.join(0.5)  # with the lane locked the receiver waits for us; without, it is through by now
        return idle

    assert lanes.release_if_idle(store, lane, nothing_is_there_yet)
    receiver.join(30)
    assert heard == [False], "the event waits, the drain is gone and nobody rings"


def test_of_many_runs_that_start_at_once_one_gets_the_lane(store: Store, store_url: str) -> None:
    def start(number: int) -> bool:
        with open_store(store_url) as own:
            return lanes.take(own, "drain", f"run {number}", 60, EVENING) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1
    assert lanes.held(store, "drain", EVENING)
