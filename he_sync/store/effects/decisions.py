"""What people decide about effects: every decision leaves an audit row in the same transaction (R7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from he_sync.store import audit
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.effects.records import WAITS_FOR_A_PERSON
from he_sync.store.tables import effects


@dataclass(frozen=True)
class Move:
    """A decision about one effect: where to, the columns that change with it, and what the audit log says."""

    state: str
    values: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, str] = field(default_factory=dict)


def approve(store: Store, key: str, who: str) -> bool:
    """Let a waiting effect go. False when it does not wait (any more)."""
    return _decide(store, key, who, {"waiting_approval": Move("planned", {"approved_by": who})})


def release(store: Store, key: str, who: str, note: str) -> bool:
    """Go on with a rejected or parked effect after its cause was mended; attempts count from nought again.

    What was rejected is sent again. What was parked may have landed: it is looked up before anything is sent, and not
    before the quarantine of its last attempt is over.
    """
    values, told = {"attempts": 0, "reason": ""}, {"note": note}
    rejected = Move("planned", {**values, "not_before": None}, told)
    moves = {"rejected": rejected, "parked": Move("doubtful", values, told)}
    return _decide(store, key, who, moves)


def withdraw(store: Store, key: str, who: str, note: str) -> bool:
    """Never send it: it no longer holds up its entity. Not for one that is under way, which may have landed.

    Nor for a parked one whose last attempt is in quarantine still: what takes its place could be its double.
    """
    return store.run(lambda connection: withdraw_in(connection, key, who, note))


def withdraw_in(connection: Connection, key: str, who: str, note: str) -> bool:
    """The same inside the caller's transaction, which may plan what goes instead."""
    move = Move("withdrawn", {"reason": note, "finished_at": datetime.now(UTC)}, {"note": note})
    return _move(connection, key, who, dict.fromkeys(("planned", *WAITS_FOR_A_PERSON), move))


def _decide(store: Store, key: str, who: str, moves: Mapping[str, Move]) -> bool:
    return store.run(lambda connection: _move(connection, key, who, moves))


def _move(connection: Connection, key: str, who: str, moves: Mapping[str, Move]) -> bool:
    """Make the move that belongs to the effect's state. False when there is none, or another decision came first."""
    query = select(effects.c.state, effects.c.not_before).where(effects.c.key == key).with_for_update()
    row = connection.execute(query).first()
    state = row.state if row else ""
    move = moves.get(state)
    if move is None or (row and _may_still_land(connection, state, row.not_before, move)):
        return False
    connection.execute(update(effects).where(effects.c.key == key).values(state=move.state, **move.values))
    audit.record(connection, who, f"effect {state} -> {move.state}", key, move.detail)
    return True


def _may_still_land(connection: Connection, state: str, not_before: datetime | None, move: Move) -> bool:
    """Whether what is to be withdrawn was sent so lately that it may yet appear at the other side."""
    if state != "parked" or move.state != "withdrawn" or not_before is None:
        return False
    return not_before > now_in(connection)
