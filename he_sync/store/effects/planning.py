"""Planning: writing down what is to be changed, each key once, in the order in which it must go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from he_sync.model.errors import BrokenPromise
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store
from he_sync.store.effects.records import IN_FLIGHT, Effect, Planned
from he_sync.store.statements import add, batches, insert
from he_sync.store.tables import effect_conflicts, effects

STANDS = ("confirmed", *IN_FLIGHT)
"""What the other side has or may have: whoever plans the key again with another body is told that it is known."""
NAMES = (
    "key",
    "kind",
    "target",
    "entity",
    "business_date",
    "summary",
    "amount_minor",
    "depends_on",
    "limit_ok",
    "waits_because",
)


def plan(store: Store, planned: Sequence[Effect]) -> Planned:
    """Write the effects that are not there yet, in this order, all or none.

    A key that is there with another body is a conflict: kept beside it for a person, the first body stands. It is known
    instead when the first body is confirmed or under way: what changed since is a later effect's business. Raises
    BrokenPromise where an effect waits for a key that neither the store nor the plan before it has.
    """
    return store.run(lambda connection: plan_in(connection, planned))


def plan_in(connection: Connection, planned: Sequence[Effect]) -> Planned:
    """The same inside the caller's transaction, with whatever led to the effects."""
    now = datetime.now(UTC)
    _require_dependencies(connection, planned)
    hashes = [effect.body_hash for effect in planned]
    added = _add(connection, [_row(effect, digest, now) for effect, digest in zip(planned, hashes, strict=True)])
    there = _there(connection, [effect.key for effect in planned])
    sorted_out: dict[str, list[Effect]] = {"new": [], "known": [], "conflicts": []}
    for effect, digest in zip(planned, hashes, strict=True):
        if effect.key in added:
            added.discard(effect.key)
            sorted_out["new"].append(effect)
        elif there[effect.key].body_hash == digest or there[effect.key].state in STANDS:
            sorted_out["known"].append(effect)
        else:
            _keep_beside(connection, effect, digest, now)
            sorted_out["conflicts"].append(effect)
    return Planned(*(tuple(sorted_out[name]) for name in ("new", "known", "conflicts")))


def _require_dependencies(connection: Connection, planned: Sequence[Effect]) -> None:
    before: set[str] = set()
    missing: dict[str, Effect] = {}
    for effect in planned:
        if effect.depends_on is not None and effect.depends_on not in before:
            missing.setdefault(effect.depends_on, effect)
        before.add(effect.key)
    for key in sorted(missing.keys() - _there(connection, list(missing)).keys()):
        raise BrokenPromise(f"effect {missing[key].summary!r} waits for {key}, which nobody planned before it")


def _add(connection: Connection, rows: list[dict[str, Any]]) -> set[str]:
    if not rows:
        return set()
    adding = insert(connection, effects).on_conflict_do_nothing().returning(effects.c.key)
    return set(connection.execute(adding, rows).scalars())


def _there(connection: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    rows: dict[str, Row[Any]] = {}
    for some in batches(keys):
        query = select(effects.c.key, effects.c.body_hash, effects.c.state).where(effects.c.key.in_(some))
        rows |= {row.key: row for row in connection.execute(query)}
    return rows


def _keep_beside(connection: Connection, effect: Effect, digest: str, now: datetime) -> None:
    row = {"key": effect.key, "body_hash": digest, "body": canonical_json(effect.body), "summary": effect.summary}
    add(connection, effect_conflicts, {**row, "seen_at": now})


def _row(effect: Effect, digest: str, now: datetime) -> dict[str, Any]:
    row = {name: getattr(effect, name) for name in NAMES}
    state = "planned" if effect.limit_ok else "waiting_approval"
    return {**row, "body": canonical_json(effect.body), "body_hash": digest, "state": state, "planned_at": now}
