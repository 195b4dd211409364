"""How a worker's attempt went. Every UPDATE checks the claim's token and state, and says whether it held (R4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Text, column, insert, update, values

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.effects.records import IN_FLIGHT, MAX_ATTEMPTS, Claimed
from he_sync.store.statements import batches
from he_sync.store.tables import answers, effects

ENDED: dict[str, Any] = {"lease_until": None, "not_before": None}


def send_again(store: Store, claimed: Claimed, now: datetime) -> Claimed | None:
    """A look-up found nothing: make the intent of the same key durable again. None when the claim is stale.

    After MAX_ATTEMPTS the effect is parked instead, and None says that nothing may be sent.
    """
    if claimed.attempt >= MAX_ATTEMPTS:
        park(store, claimed, f"absent after {claimed.attempt} attempts")
        return None
    counted = {"state": "intent", "attempts": claimed.attempt + 1, "sent_at": now}
    held = store.run(lambda connection: _finish(connection, claimed, ("doubtful",), counted))
    return replace(claimed, attempt=claimed.attempt + 1, may_have_landed=False) if held else None


def confirm(store: Store, claimed: Claimed, reference: str, heard: str = "") -> bool:
    """The other side has it and calls it `reference`. False: the claim is stale, nothing was written.

    `heard` is what it answered to the write, kept with the confirmation or not at all; "" for what a look-up found.
    """
    return confirm_many(store, [(claimed, reference)], {claimed.effect.key: heard})[0]


def confirm_many(
    store: Store, those: Sequence[tuple[Claimed, str]], heard: Mapping[str, str] | None = None
) -> list[bool]:
    """The same for many at once, in one transaction; says of each in turn whether it held. `heard` is by key."""
    held = store.run(lambda connection: _confirm(connection, those, heard or {}))
    return [claimed.effect.key in held for claimed, _ in those]


def reject(store: Store, claimed: Claimed, reason: str, heard: str = "") -> bool:
    """The other side understood and said no. A person decides how to go on; followers of the entity wait."""
    return _set_aside(store, claimed, ("intent",), "rejected", reason, heard)


def park(store: Store, claimed: Claimed, reason: str, heard: str = "") -> bool:
    """Hand the effect to a person: found more than once, or tried too often."""
    return _set_aside(store, claimed, IN_FLIGHT, "parked", reason, heard)


def doubt(store: Store, claimed: Claimed, not_before: datetime, reason: str, heard: str = "") -> bool:
    """Bytes left and the outcome is unknown: nobody touches it before `not_before`, QUARANTINE or longer from now."""
    told = {"state": "doubtful", "not_before": not_before, "reason": reason}
    told |= {"lease_until": None, "token": claimed.token + 1}

    def doubted(connection: Connection) -> bool:
        held = _finish(connection, claimed, IN_FLIGHT, told)
        _hear(connection, [claimed] if held else [], "doubtful", {claimed.effect.key: heard})
        return held

    return store.run(doubted)


def postpone(store: Store, claimed: Claimed, not_before: datetime, reason: str) -> bool:
    """Nothing left our side (connection refused, throttled before execution): planned again, no attempt counted."""
    told = {"state": "planned", "not_before": not_before, "reason": reason}
    told |= {"lease_until": None, "attempts": claimed.attempt - 1}
    return store.run(lambda connection: _finish(connection, claimed, ("intent",), told))


def _set_aside(  # noqa: PLR0913, PLR0917 - a claim, where it goes, and what is known of it
    store: Store, claimed: Claimed, states: tuple[str, ...], state: str, reason: str, heard: str
) -> bool:
    def aside(connection: Connection) -> bool:
        held = _finish(connection, claimed, states, {"state": state, "reason": reason, **ENDED})
        if held:
            _hear(connection, [claimed], state, {claimed.effect.key: heard})
            audit.record(connection, "he-sync", f"effect {state}", claimed.effect.key, {"reason": reason})
        return held

    return store.run(aside)


def _confirm(connection: Connection, those: Sequence[tuple[Claimed, str]], heard: Mapping[str, str]) -> set[str]:
    """One UPDATE for all: each row only under its own token."""
    now = datetime.now(UTC)
    held: list[Row[Any]] = []
    columns = (column("key", Text), column("token", BigInteger), column("reference", Text))
    for some in batches(sorted(those, key=lambda each: each[0].effect.key)):
        told = values(*columns, name="told").data([(each.effect.key, each.token, said) for each, said in some]).cte()
        mine = (effects.c.key == told.c.key, effects.c.token == told.c.token, effects.c.state.in_(IN_FLIGHT))
        ended = {"state": "confirmed", "reference": told.c.reference, "finished_at": now, "reason": "", **ENDED}
        held += connection.execute(
            update(effects).where(*mine).values(ended).returning(effects.c.key, effects.c.reference)
        )
    if held:
        keys = {row.key for row in held}
        _hear(connection, [claimed for claimed, _ in those if claimed.effect.key in keys], "confirmed", heard)
        deeds = [(row.key, {"reference": row.reference}) for row in held]
        audit.record_many(connection, "he-sync", "effect confirmed", sorted(deeds, key=lambda deed: deed[0]))
    return {row.key for row in held}


def _hear(connection: Connection, those: Iterable[Claimed], outcome: str, heard: Mapping[str, str]) -> None:
    """Keep what the other side answered, with what came of it: one row an attempt that had an answer."""
    now = datetime.now(UTC)
    rows = [
        {"effect_key": key, "attempt": claimed.attempt, "at": now, "outcome": outcome, "body": heard[key]}
        for claimed in those
        if heard.get(key := claimed.effect.key)
    ]
    if rows:
        connection.execute(insert(answers), rows)


def _finish(connection: Connection, claimed: Claimed, states: Iterable[str], told: dict[str, Any]) -> bool:
    mine = (effects.c.key == claimed.effect.key, effects.c.token == claimed.token, effects.c.state.in_(states))
    return connection.execute(update(effects).where(*mine).values(told)).rowcount == 1
