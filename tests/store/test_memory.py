"""What the event path remembers: what was applied, how far polls came, and each record's story."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from he_sync.model.errors import FixInput
from he_sync.store import applied, cursors, effects, inbox, story
from he_sync.store.applied import Applied
from he_sync.store.database import Store
from he_sync.store.story import Step
from tests.store.examples import EVENING, arrival, effect, later


def seen(version: str, entity: str = "order 1") -> Applied:
    return applied.project(entity, "heartland", version, {"total": Decimal("12.50"), "version": version}, EVENING)


@pytest.mark.parametrize("arriving", [*permutations(("2026-11-20T10:00:00Z", "2026-11-20T10:00:05Z", "2026-12-01"))])
def test_in_whatever_order_versions_come_the_newest_stands(store: Store, arriving: tuple[str, ...]) -> None:
    newest = ""
    for version in arriving:
        held = store.run(lambda connection, version=version: applied.put(connection, seen(version)))
        assert held == (version >= newest)
        newest = max(newest, version)
    assert applied.get_many(store, ["order 1", "order 2"], "heartland") == {"order 1": seen("2026-12-01")}
    assert applied.get_many(store, ["order 1"], "epicor") == {}


def test_the_same_version_again_is_no_step_back_and_an_unknown_one_is_the_last_word(store: Store) -> None:
    assert store.run(lambda connection: applied.put_many(connection, [seen("7"), seen("7"), seen("", "order 2")]))
    assert store.run(lambda connection: applied.put_many(connection, [seen("6"), seen(""), seen("1", "order 2")])) == [
        False,
        True,
        True,
    ]


def test_a_cursor_moves_with_what_it_covers_or_not_at_all(store: Store) -> None:
    assert cursors.read(store, "heartland orders").value == ""

    def poll(*, fails: bool) -> None:
        with store.begin() as connection:
            inbox.put_in(connection, [arrival("e1", origin="poll")])
            cursors.move(connection, "heartland orders", "2026-11-20T10:00:00+00:00", EVENING)
            if fails:
                raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        poll(fails=True)
    assert cursors.read(store, "heartland orders").moved_at is None
    assert inbox.count(store) == {}
    poll(fails=False)
    assert cursors.read(store, "heartland orders").value == "2026-11-20T10:00:00+00:00"
    assert inbox.count(store) == {"new": 1}


def test_a_cursor_never_passes_the_oldest_record_that_was_not_stored_and_may_go_back(store: Store) -> None:
    with store.begin() as connection:
        assert cursors.move(connection, "orders", "2026-11-20", EVENING, oldest_unstored="2026-11-19") == "2026-11-19"
        assert cursors.move(connection, "orders", "2026-11-01", EVENING) == "2026-11-01"
    assert cursors.read(store, "orders").value == "2026-11-01"


def test_a_cursor_is_not_moved_more_than_a_day_ahead_of_the_clock(store: Store) -> None:
    with store.begin() as connection:
        cursors.move(connection, "orders", later(EVENING, 86_000).isoformat(), EVENING)
        with pytest.raises(FixInput, match="check the clock of the source"):
            cursors.move(connection, "orders", later(EVENING, 87_000).isoformat(), EVENING)
        assert cursors.move(connection, "parts", "000000000000004711", EVENING) == "000000000000004711"
    assert cursors.read(store, "orders").value == later(EVENING, 86_000).isoformat()


def test_a_record_tells_its_story_from_its_receipt_on_by_whatever_name_it_is_asked(store: Store) -> None:
    change = effect("order 1")
    inbox.put(store, [arrival("e1"), arrival("e9", "order 2")], EVENING)
    effects.plan(store, [change])
    told = [
        Step("order 1", later(EVENING, 1), "read", "Heartland order 1", '{"id":1}', run="run 1"),
        Step("order 1", later(EVENING, 2), "sent", "create sales order", "{}", effect_key=change.key, run="run 1"),
    ]
    with store.begin() as connection:
        story.tell(connection, told)
        story.tell(connection, [])
    for name in ("order 1", "e1", change.key):
        whole = story.of(store, name)
        assert [step.step for step in whole] == ["received", "read", "sent"]
        assert whole[1:] == told
        assert whole[0].summary == "shop/order.updated by webhook"
    assert story.of(store, "nobody") == []
