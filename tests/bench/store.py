"""What a million finished events and effects cost the questions of the day (fault F38), beside an empty store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from he_sync.store import effects, inbox
from he_sync.store.database import Store, open_store
from tests.bench.figures import Figure
from tests.store.examples import EVENING, arrival, effect, ended

HISTORY = 1_000_000
ROUNDS, BATCH = 30, 64
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
OLD_EVENTS = f"""INSERT INTO inbox (source, topic, event_id, entity, version, body, body_hash, origin, own_id,
 received_at, state) {NUMBERS} SELECT 'shop', 'order.updated', 'old ' || i, 'order ' || (i % 3000), '', '{{}}', 'x',
 'webhook', true, 1, 'done' FROM n"""  # noqa: S608 - constants of this file
OLD_EFFECTS = f"""INSERT INTO effects (key, kind, target, entity, business_date, body, body_hash, summary, amount_minor,
 limit_ok, state, planned_at) {NUMBERS} SELECT 'old ' || i, 'create_sales_order', 'epicor', 'ticket ' || (i % 3000),
 '2026-11-20', '{{}}', 'x', 'x', 1, true, 'confirmed', 1 FROM n"""  # noqa: S608 - constants of this file


def figures(folder: Path) -> Iterator[Figure]:
    """Median wall time of each question in milliseconds, over what it takes in a store without a history."""
    with open_store(folder / "young.db") as young, open_store(folder / "old.db") as old:
        _grow(old)
        fresh, aged = _medians(young), _medians(old)
    for question, seconds in aged.items():
        yield Figure(
            f"store with {HISTORY:,} finished rows",
            question,
            seconds * 1000,
            "ms",
            "empty store",
            fresh[question] * 1000,
        )


def _grow(store: Store) -> None:
    with store.begin() as connection:
        for statement in (OLD_EVENTS, OLD_EFFECTS):
            connection.execute(text(statement), {"rows": HISTORY})


def _medians(store: Store) -> dict[str, float]:
    took: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        for question, seconds in _round(store, number):
            took.setdefault(question, []).append(seconds)
    return {question: sorted(some)[len(some) // 2] for question, some in took.items()}


def _round(store: Store, number: int) -> Iterator[tuple[str, float]]:
    """One micro-batch through the store: put, take, finish, plan, claim, confirm."""
    coming = [arrival(f"{number} {each}", f"order {each}") for each in range(BATCH)]
    fresh = [effect(f"ticket {each}", f"{number}") for each in range(BATCH)]
    start = time.perf_counter()
    inbox.put(store, coming)
    put = time.perf_counter()
    taken = inbox.take(store, "worker", None, BATCH, 60, EVENING)
    took = time.perf_counter()
    if taken:
        ended(store, taken)
    effects.plan(store, fresh)
    planned = time.perf_counter()
    claims = effects.claim_many(store, "worker", 60, EVENING, limit=BATCH)
    claimed = time.perf_counter()
    effects.confirm_many(store, [(one, "5001") for one in claims])
    yield f"put {BATCH} events", put - start
    yield f"take {BATCH} events", took - put
    yield f"claim {BATCH} effects", claimed - planned
    yield f"confirm {BATCH} effects", time.perf_counter() - claimed
