"""A long history is never walked through (fault F38), and the many are served in few statements.

How long it takes is measured by tests/bench/store.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from he_sync.store import effects, inbox
from he_sync.store.database import Store
from he_sync.store.effects import Claimed
from tests.store.examples import EVENING, arrival, effect, ended


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_: Connection, __: Any, statement: str, parameters: Any, ___: Any, ____: bool) -> None:
        sent.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    event.remove(store.engine, "before_cursor_execute", note)


def work(store: Store, number: int, now: datetime = EVENING) -> list[Callable[[], object]]:
    """One round of everything that receivers and drains ask of the store all day."""
    fresh = [effect(f"ticket {each}", f"{number}") for each in range(64)]
    coming = [arrival(f"{number} {each}", f"order {each}") for each in range(64)]
    claims: list[Claimed] = []
    effects.plan(store, fresh)
    inbox.put(store, coming)
    return [
        lambda: inbox.put(store, coming),
        lambda: inbox.due(store, now),
        lambda: inbox.waiting(store),
        lambda: inbox.count(store),
        lambda: ended(store, inbox.take(store, "worker", None, 64, 60, now) or pytest.fail("nothing to take")),
        lambda: inbox.take(store, "worker", None, 64, 60, now),
        lambda: claims.extend(effects.claim_many(store, "worker", 60, now, limit=64)),
        lambda: effects.confirm_many(store, [(claimed, "5001") for claimed in claims]),
        lambda: effects.claim_many(store, "worker", 60, now),
        lambda: effects.resume_doubtful_many(store, "worker", 60, now),
    ]


def test_no_question_of_the_day_walks_through_what_is_finished(store: Store) -> None:
    """SQLite says how it would look: through an index, or through every row."""
    if store.engine.dialect.name != "sqlite":
        pytest.skip("asked of SQLite, whose planner takes a partial index for the very words only")
    with statements(store) as sent:
        for question in work(store, 1):
            question()
    walks = set()
    with store.begin() as connection:
        for statement, parameters in sent:
            if statement.startswith(("SELECT", "UPDATE", "WITH")) and not isinstance(parameters, list):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                walks |= {row.detail for row in plan if row.detail.startswith("SCAN")}
    assert walks <= {
        "SCAN inbox USING INDEX inbox_new",
        "SCAN inbox USING COVERING INDEX inbox_open",
        "SCAN inbox USING INDEX inbox_open",
        "SCAN told_1",
        "SCAN CONSTANT ROW",
        "SCAN 64 CONSTANT ROWS",
    }


def test_a_batch_of_any_size_is_put_taken_claimed_and_confirmed_in_few_statements(store: Store) -> None:
    everything = work(store, 1)
    most = {0: 4, 4: 9}
    for place, question in enumerate(everything):
        with statements(store) as sent:
            question()
        assert len(sent) <= most.get(place, 6), [statement for statement, _ in sent]
