"""Two contents under one name are both kept, shown and counted until a person has settled them with a reason."""

from __future__ import annotations

import pytest

from he_sync.store import audit, conflicts, effects, inbox, watch
from he_sync.store.database import Store
from he_sync.store.inbox import Arrival
from tests.store.examples import effect


def an_event(body: str, digest: str) -> Arrival:
    return Arrival("shop", "order.created", "evt-1", "order 7", "", body, digest * 64)


@pytest.fixture
def both(store: Store) -> Store:
    inbox.put(store, [an_event('{"total":1}', "a")])
    inbox.put(store, [an_event('{"total":2}', "b")])
    effects.plan(store, [effect("order 7", body={"qty": 1})])
    effects.plan(store, [effect("order 7", body={"qty": 2})])
    return store


def test_both_bodies_of_an_event_and_of_an_effect_are_shown(both: Store) -> None:
    event, planned = conflicts.listing(both)
    assert (event.entity, event.first, event.other) == ("order 7", '{"total":1}', '{"total":2}')
    assert event.of == "shop/order.created evt-1 came with two bodies"
    assert (planned.entity, planned.first, planned.other) == ("order 7", '{"qty":1}', '{"qty":2}')
    assert watch.conflicts(both) == {"event": 1, "effect": 1}


@pytest.mark.parametrize("place", [0, 1])
def test_a_conflict_is_settled_once_with_who_and_why_in_the_audit(both: Store, place: int) -> None:
    name, other = (conflicts.listing(both)[one].name for one in (place, 1 - place))
    assert conflicts.settle(both, name, "dana", "the sender was told") is True
    assert conflicts.settle(both, name, "eli", "me too") is False
    assert [one.name for one in conflicts.listing(both)] == [other]
    (gone,) = conflicts.listing(both, settled=True)
    assert (gone.name, gone.settled_by, gone.settlement) == (name, "dana", "the sender was told")
    (row,) = audit.entries(both, name)
    assert (row.actor, row.action) == ("dana", "conflict settled")
    assert sum(watch.conflicts(both).values()) == 1


def test_the_same_other_body_once_more_opens_nothing_anew_and_a_third_body_does(both: Store) -> None:
    conflicts.settle(both, conflicts.listing(both)[0].name, "dana", "the sender was told")
    inbox.put(both, [an_event('{"total":2}', "b")])
    assert watch.conflicts(both)["event"] == 0
    inbox.put(both, [an_event('{"total":3}', "c")])
    assert watch.conflicts(both)["event"] == 1


def test_nobody_settles_what_is_not_there(both: Store) -> None:
    assert not conflicts.settle(both, "event-99-abcdefab", "dana", "x")
    assert not conflicts.settle(both, "effect-99-abcdefab", "dana", "x")
    assert audit.entries(both, "event-99-abcdefab") == []
