"""What was published counts once its effect is confirmed, and a movement is settled once its booking is."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from he_sync.store import effects, movements, published, under_way
from he_sync.store.movements import WAITS, Movement
from tests.store.examples import EVENING, effect, later

NIGHT = later(EVENING, 60)


def say(store, effect_key, **contents):
    store.run(lambda connection: published.put(connection, "stock", contents, effect_key, EVENING))


def known(store, *subjects):
    return {name: (one.content, one.under_way) for name, one in published.of(store, "stock", subjects).items()}


def done(store, one):
    claimed = effects.claim(store, "worker", 60, EVENING)
    assert claimed
    assert claimed.effect.key == one.key
    assert effects.confirm(store, claimed, "7")


def test_a_content_counts_once_its_effect_is_confirmed_and_not_at_all_if_that_was_withdrawn(store):
    sent, dropped = effect("item A @ S001"), effect("item B @ S001")
    effects.plan(store, [sent, dropped])
    say(store, None, C="was there already")
    say(store, sent.key, A="new")
    say(store, dropped.key, B="new")
    assert known(store, "A", "B", "C", "D") == {
        "A": ("", "planned"),
        "B": ("", "planned"),
        "C": ("was there already", ""),
    }
    done(store, sent)
    assert effects.withdraw(store, dropped.key, "dana", "wrong")
    assert known(store, "A", "B") == {"A": ("new", ""), "B": ("", "")}
    say(store, None, A="newer")
    assert known(store, "A") == {"A": ("newer", "")}
    store.run(lambda connection: published.forget(connection, "stock", ["A"]))
    assert known(store, "A") == {}


def test_kinds_do_not_meet(store):
    say(store, None, A="a count")
    store.run(lambda connection: published.put(connection, "item", {"A": "a name"}, None, EVENING))
    assert known(store, "A") == {"A": ("a count", "")}


def move(number, sku="A", **more):
    return Movement(number, sku, "S001", -1000, f"Ticket {number}", EVENING, **more)


def take(store, *those):
    store.run(lambda connection: movements.put(connection, those))


def test_a_movement_is_unsettled_until_its_booking_is_done_and_for_a_read_that_began_before_that(store):
    one = effect("item A @ S001")
    effects.plan(store, [one])
    take(store, move(1, effect_key=one.key), move(2, why="we wrote it"), move(3, "B", why=f"{WAITS}no part"))
    assert [each.number for each in movements.unsettled(store, ["A", "B"])] == [1, 3]
    done(store, one)
    assert [each.number for each in movements.unsettled(store, ["A"])] == []
    assert [each.number for each in movements.unsettled(store, ["A"], EVENING)] == [1]
    assert movements.known(store, [1, 2, 3, 4]) == {1, 2, 3}
    assert [each.number for each in movements.lately(store, ["A"], EVENING + timedelta(seconds=1))] == []


def test_what_waited_is_taken_anew_and_what_is_settled_is_never_taken_twice(store):
    take(store, move(1, why=f"{WAITS}no part"), move(2, why="we wrote it"))
    assert movements.waiting(store) == [1]
    take(store, move(1, why="it came to nothing"))
    assert movements.waiting(store) == []
    with pytest.raises(IntegrityError):
        take(store, move(2, why="again"))


def test_an_entity_is_busy_while_an_effect_of_it_is_not_done(store):
    one = effect("item A @ S001")
    effects.plan(store, [one])
    with store.begin() as connection:
        assert "is planned" in under_way.unfinished(connection, ["item A @ S001", "item B @ S001"])["item A @ S001"]
    done(store, one)
    with store.begin() as connection:
        assert under_way.unfinished(connection, ["item A @ S001"]) == {}
