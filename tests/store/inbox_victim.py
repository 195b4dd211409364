"""A receiver and drain in one that stops at a chosen point and says so; the test kills it there.

Run as `python -m tests.store.inbox_victim STORE_URL POINT SECONDS`, the last being how late in the evening it is.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import Connection, event

from he_sync.store import effects, inbox, story
from he_sync.store.database import Store, open_store
from he_sync.store.inbox import Taken
from he_sync.store.story import Step
from tests.store.examples import EVENING, arrival, effect, later
from tests.store.victim import stop_at

COMING = [arrival("e1"), arrival("e2"), arrival("e3", "order 2")]
POINTS = ("before stored", "after stored", "before taken", "after taken", "before ended", "after ended")


def answer(store: Store, taken: Taken) -> None:
    """What the drain does with events: one transaction for the effects, the story and their end."""

    def end(connection: Connection) -> None:
        entities = sorted({each.entity for each in taken.events})
        effects.plan_in(connection, [effect(entity) for entity in entities])
        story.tell(connection, [Step(entity, EVENING, "decided", "create") for entity in entities])
        inbox.settle(connection, taken, taken.seqs, "done", "", EVENING)

    store.run(end)


def main(url: str, point: str, seconds: str) -> None:
    """Store, take, answer; each of the three transactions can be stopped just before it commits."""
    with open_store(url) as store:
        ahead = ["before stored", "before taken", "before ended"]

        @event.listens_for(store.engine, "commit")
        def _commit(_: Any) -> None:
            stop_at(point, ahead.pop(0))

        now = later(EVENING, float(seconds))
        inbox.put(store, COMING)
        stop_at(point, "after stored")
        taken = inbox.take(store, "victim", None, 64, 60, now)
        if taken is None:
            raise SystemExit("nothing to take")
        stop_at(point, "after taken")
        answer(store, taken)
        stop_at(point, "after ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
