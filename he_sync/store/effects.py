"""Effects: every change to Heartland or Epicor as one row with a deterministic key and a state.

    planned -> intent -> confirmed                 waiting_approval -> planned      (a person, or the limit)
               intent -> rejected                  the other side said a definite no
               intent -> planned                   nothing left our side; later again
               intent -> doubtful -> confirmed     looked up after the quarantine and found
                         doubtful -> intent        looked up and absent: the same key once more
                         doubtful -> parked        found twice, or too many attempts
    rejected -> planned, parked -> doubtful        a person mended the cause; what may have landed is looked up first
    any of these -> withdrawn                      a person decides that it is never sent

`intent` is committed before the first byte leaves; every UPDATE that ends it checks the fencing token and the state,
and says whether it held (reference reliability 3.3, R1-R7). An entity's effects go one at a time in the order in which
they were planned: whatever is not confirmed or withdrawn holds up those behind it, of the same entity only (3.4).

Sending is not here: a worker claims, sends, and reports how it went.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, true, update

from he_sync.model.errors import BrokenPromise
from he_sync.store import audit
from he_sync.store.canonical import canonical_json, content_hash, read_json
from he_sync.store.database import Store, add
from he_sync.store.tables import effect_conflicts, effects

DONE = ("confirmed", "withdrawn")
IN_FLIGHT = ("intent", "doubtful")
WAITS_FOR_A_PERSON = ("waiting_approval", "rejected", "parked")
# Longer than the longest request the other side may still be serving: 300 s in the reference's simulation (3.1).
QUARANTINE = timedelta(seconds=330)
# An effect that ends in doubt this often is handed to a person: it may be what kills the worker.
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Effect:
    """One change to make at `target` ("epicor" or "heartland"), about `entity`, in the order of planning per entity.

    `body` is what the writer of `kind` sends; Decimal and int only. `limit_ok` False makes it wait for approval.
    `depends_on` names the key of an effect that must be confirmed first. `amount_minor` is for people, in minor units.
    """

    key: str
    kind: str
    target: str
    entity: str
    business_date: str
    body: dict[str, Any]
    limit_ok: bool
    summary: str
    amount_minor: int = 0
    depends_on: str | None = None

    @property
    def body_hash(self) -> str:
        """What the key stands for. Not the date: the same change planned a day later is the same change."""
        return content_hash([self.kind, self.target, self.entity, self.body])


@dataclass(frozen=True)
class Planned:
    """What planning did: rows added, effects that were there already, and keys that stand for another body."""

    new: tuple[Effect, ...]
    known: tuple[Effect, ...]
    conflicts: tuple[Effect, ...]


@dataclass(frozen=True)
class Claimed:
    """One effect in the hands of one worker until `lease_until`; `token` proves it.

    `may_have_landed`: an earlier attempt is in doubt, look the effect up by its key before anything else.
    `dependency_reference` is what the other side called the effect that this one waited for.
    """

    effect: Effect
    token: int
    attempt: int
    lease_until: datetime
    may_have_landed: bool
    dependency_reference: str | None


@dataclass(frozen=True)
class Status:
    """Where an effect stands, for people and summaries."""

    effect: Effect
    state: str
    attempts: int
    reference: str | None
    reason: str
    not_before: datetime | None
    approved_by: str | None


@dataclass(frozen=True)
class Move:
    """An UPDATE of one effect: where to, the columns that change with it, and what the audit log says."""

    state: str
    values: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """Who holds an effect from when to when."""

    worker: str
    start: datetime
    seconds: float

    @property
    def end(self) -> datetime:
        """When it may be taken from the worker."""
        return self.start + timedelta(seconds=self.seconds)


def effect_key(  # noqa: PLR0913, PLR0917 - the six parts that the law names (R5)
    tenant: str, system: str, entity: str, source_id: str, kind: str, version: str
) -> str:
    """The key of an effect: never random, never the time, so that planning again finds what was planned (R5).

    The parts are joined by their lengths, so that no two different parts give one text.
    """
    parts = (tenant, system, entity, source_id, kind, version)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


# planning


def plan(store: Store, planned: Sequence[Effect]) -> Planned:
    """Write the effects that are not there yet, in this order, all or none.

    A key that is there with another body is a conflict: kept beside it for a person, the first body stands. Raises
    BrokenPromise where an effect waits for a key that neither the store nor the plan before it has.
    """
    sorted_out: dict[str, list[Effect]] = {"new": [], "known": [], "conflicts": []}
    now = datetime.now(UTC)
    with store.begin() as connection:
        for effect in planned:
            sorted_out[_plan_one(connection, effect, now)].append(effect)
    return Planned(*(tuple(sorted_out[name]) for name in ("new", "known", "conflicts")))


def _plan_one(connection: Connection, effect: Effect, now: datetime) -> str:
    _require(connection, effect)
    if add(connection, effects, _row(effect, now)):
        return "new"
    there = connection.execute(select(effects.c.body_hash).where(effects.c.key == effect.key)).scalar()
    if there == effect.body_hash:
        return "known"
    row = {"key": effect.key, "body_hash": effect.body_hash, "body": canonical_json(effect.body)}
    add(connection, effect_conflicts, {**row, "summary": effect.summary, "seen_at": now})
    return "conflicts"


def _require(connection: Connection, effect: Effect) -> None:
    if effect.depends_on is None:
        return
    if connection.execute(select(effects.c.seq).where(effects.c.key == effect.depends_on)).first() is None:
        raise BrokenPromise(f"effect {effect.summary!r} waits for {effect.depends_on}, which nobody planned before it")


def _row(effect: Effect, now: datetime) -> dict[str, Any]:
    names = ("key", "kind", "target", "entity", "business_date", "summary", "amount_minor", "depends_on", "limit_ok")
    row = {name: getattr(effect, name) for name in names}
    state = "planned" if effect.limit_ok else "waiting_approval"
    return {
        **row,
        "body": canonical_json(effect.body),
        "body_hash": effect.body_hash,
        "state": state,
        "planned_at": now,
    }


# the worker's side


def claim(
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None
) -> Claimed | None:
    """Take the oldest effect that may be sent and make its intent durable; None when there is none.

    Intents whose lease has ended become doubtful first: their worker is gone, and what it sent may still land.
    """
    ready = and_(effects.c.state == "planned", _not_before(now), _is_head(), _dependency_confirmed(), _to(target))
    with store.begin() as connection:
        _expire(connection, now)
        return _take(connection, ready, Lease(worker, now, lease_seconds), "intent")


def resume_doubtful(
    store: Store, worker: str, lease_seconds: float, now: datetime, *, target: str | None = None
) -> Claimed | None:
    """Take the oldest doubtful effect whose quarantine is over, to look it up. It stays doubtful until that is told.

    After the look-up: `confirm` when it is there, `send_again` when it is not, `park` when it is there twice, `doubt`
    when the look-up itself failed.
    """
    free = or_(effects.c.lease_until.is_(None), effects.c.lease_until <= now)
    due = and_(effects.c.state == "doubtful", _not_before(now), free, _to(target))
    with store.begin() as connection:
        _expire(connection, now)
        return _take(connection, due, Lease(worker, now, lease_seconds), "doubtful")


def send_again(store: Store, claimed: Claimed, now: datetime) -> Claimed | None:
    """A look-up found nothing: make the intent of the same key durable again. None when the claim is stale.

    After MAX_ATTEMPTS the effect is parked instead, and None says that nothing may be sent.
    """
    if claimed.attempt >= MAX_ATTEMPTS:
        park(store, claimed, f"absent after {claimed.attempt} attempts")
        return None
    values = {"attempts": claimed.attempt + 1, "sent_at": now}
    with store.begin() as connection:
        held = _finish(connection, claimed, ("doubtful",), Move("intent", values))
    return replace(claimed, attempt=claimed.attempt + 1, may_have_landed=False) if held else None


def confirm(store: Store, claimed: Claimed, reference: str) -> bool:
    """The other side has it and calls it `reference`. False: the claim is stale, nothing was written."""
    now = datetime.now(UTC)
    values = {"reference": reference, "finished_at": now, "reason": "", "lease_until": None, "not_before": None}
    with store.begin() as connection:
        held = _finish(connection, claimed, IN_FLIGHT, Move("confirmed", values))
        if held:
            audit.record(connection, "he-sync", "effect confirmed", claimed.effect.key, {"reference": reference})
    return held


def reject(store: Store, claimed: Claimed, reason: str) -> bool:
    """The other side understood and said no. A person decides how to go on; followers of the entity wait."""
    return _set_aside(store, claimed, ("intent",), "rejected", reason)


def park(store: Store, claimed: Claimed, reason: str) -> bool:
    """Hand the effect to a person: found more than once, or tried too often."""
    return _set_aside(store, claimed, IN_FLIGHT, "parked", reason)


def doubt(store: Store, claimed: Claimed, not_before: datetime, reason: str) -> bool:
    """Bytes left and the outcome is unknown: nobody touches it before `not_before`, QUARANTINE or longer from now."""
    values = {"not_before": not_before, "reason": reason, "lease_until": None, "token": claimed.token + 1}
    with store.begin() as connection:
        return _finish(connection, claimed, IN_FLIGHT, Move("doubtful", values))


def postpone(store: Store, claimed: Claimed, not_before: datetime, reason: str) -> bool:
    """Nothing left our side (connection refused, throttled before execution): planned again, no attempt counted."""
    values = {"not_before": not_before, "reason": reason, "lease_until": None, "attempts": claimed.attempt - 1}
    with store.begin() as connection:
        return _finish(connection, claimed, ("intent",), Move("planned", values))


def _set_aside(store: Store, claimed: Claimed, states: tuple[str, ...], state: str, reason: str) -> bool:
    values = {"reason": reason, "lease_until": None, "not_before": None}
    with store.begin() as connection:
        held = _finish(connection, claimed, states, Move(state, values))
        if held:
            audit.record(connection, "he-sync", f"effect {state}", claimed.effect.key, {"reason": reason})
    return held


def _finish(connection: Connection, claimed: Claimed, states: Iterable[str], move: Move) -> bool:
    """The one UPDATE that ends or changes a claim: only with the claim's token and from the states named (R4)."""
    mine = (effects.c.key == claimed.effect.key, effects.c.token == claimed.token, effects.c.state.in_(states))
    return connection.execute(update(effects).where(*mine).values(state=move.state, **move.values)).rowcount == 1


def _expire(connection: Connection, now: datetime) -> None:
    """A crashed worker's intent becomes doubtful, its token worthless; after MAX_ATTEMPTS it is parked."""
    lost = and_(effects.c.state == "intent", effects.c.lease_until <= now)
    ending = {"lease_until": None, "token": effects.c.token + 1}
    worn = update(effects).where(lost, effects.c.attempts >= MAX_ATTEMPTS)
    connection.execute(worn.values(state="parked", reason=f"its worker was lost {MAX_ATTEMPTS} times", **ending))
    ended = select(effects.c.seq, effects.c.sent_at).where(lost).with_for_update(skip_locked=True)
    for row in connection.execute(ended).all():
        values = {**ending, "not_before": row.sent_at + QUARANTINE, "reason": "its worker was lost"}
        connection.execute(update(effects).where(effects.c.seq == row.seq).values(state="doubtful", **values))


def _to(target: str | None) -> ColumnElement[bool]:
    return true() if target is None else effects.c.target == target


def _not_before(now: datetime) -> ColumnElement[bool]:
    return or_(effects.c.not_before.is_(None), effects.c.not_before <= now)


def _is_head() -> ColumnElement[bool]:
    """No earlier effect of the same entity is unfinished, and none at all is under way."""
    other = effects.alias("other")
    ahead = or_(and_(other.c.seq < effects.c.seq, other.c.state.not_in(DONE)), other.c.state.in_(IN_FLIGHT))
    return ~exists().where(other.c.entity == effects.c.entity, other.c.seq != effects.c.seq, ahead)


def _dependency_confirmed() -> ColumnElement[bool]:
    first = effects.alias("dependency")
    return or_(
        effects.c.depends_on.is_(None),
        exists().where(first.c.key == effects.c.depends_on, first.c.state == "confirmed"),
    )


def _take(connection: Connection, where: ColumnElement[bool], lease: Lease, state: str) -> Claimed | None:
    """Give the oldest such effect to a worker under a new token; an attempt is counted before it is made."""
    query = select(effects).where(where).order_by(effects.c.seq).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True, of=effects)).first()
    if row is None:
        return None
    sending = state == "intent"
    attempt = row.attempts + 1 if sending else row.attempts
    values = {"token": row.token + 1, "attempts": attempt, "worker": lease.worker, "lease_until": lease.end}
    values |= {"sent_at": lease.start} if sending else {}
    connection.execute(update(effects).where(effects.c.seq == row.seq).values(state=state, **values))
    first = select(effects.c.reference).where(effects.c.key == row.depends_on)
    reference = connection.execute(first).scalar() if row.depends_on else None
    return Claimed(_effect(row), row.token + 1, attempt, lease.end, not sending, reference)


# the person's side: every decision leaves an audit row in the same transaction (R7)


def approve(store: Store, key: str, who: str) -> bool:
    """Let a waiting effect go. False when it does not wait (any more)."""
    return _decide(store, key, who, {"waiting_approval": Move("planned", {"approved_by": who})})


def release(store: Store, key: str, who: str, note: str) -> bool:
    """Go on with a rejected or parked effect after its cause was mended; attempts count from nought again.

    What was rejected is sent again. What was parked may have landed: it is looked up before anything is sent.
    """
    values = {"attempts": 0, "not_before": None, "reason": ""}
    told = {"note": note}
    moves = {"rejected": Move("planned", values, told), "parked": Move("doubtful", values, told)}
    return _decide(store, key, who, moves)


def withdraw(store: Store, key: str, who: str, note: str) -> bool:
    """Never send it: it no longer holds up its entity. Not for one that is under way, which may have landed."""
    move = Move("withdrawn", {"reason": note, "finished_at": datetime.now(UTC)}, {"note": note})
    return _decide(store, key, who, dict.fromkeys(("planned", *WAITS_FOR_A_PERSON), move))


def _decide(store: Store, key: str, who: str, moves: Mapping[str, Move]) -> bool:
    """Make the move that belongs to the effect's state. False when there is none, or another decision came first."""
    with store.begin() as connection:
        state = connection.execute(select(effects.c.state).where(effects.c.key == key).with_for_update()).scalar()
        move = moves.get(str(state))
        if move is None:
            return False
        connection.execute(update(effects).where(effects.c.key == key).values(state=move.state, **move.values))
        audit.record(connection, who, f"effect {state} -> {move.state}", key, move.detail)
    return True


# reading


def find(store: Store, key: str) -> Status | None:
    """One effect by its key."""
    with store.begin() as connection:
        row = connection.execute(select(effects).where(effects.c.key == key)).first()
    return None if row is None else _status(row)


def listing(store: Store, business_date: str | None = None, states: Sequence[str] = ()) -> list[Status]:
    """Effects in the order of planning, of one business date and in some states when these are given."""
    query = select(effects).order_by(effects.c.seq)
    query = query if business_date is None else query.where(effects.c.business_date == business_date)
    query = query.where(effects.c.state.in_(states)) if states else query
    with store.begin() as connection:
        return [_status(row) for row in connection.execute(query)]


def waiting_for(store: Store, key: str) -> Status | None:
    """What a planned effect waits for: its dependency, or the effect of its entity that must end first."""
    with store.begin() as connection:
        mine = connection.execute(select(effects).where(effects.c.key == key)).one()
        ahead = and_(effects.c.entity == mine.entity, effects.c.seq < mine.seq, effects.c.state.not_in(DONE))
        dependency = and_(effects.c.key == mine.depends_on, effects.c.state != "confirmed")
        row = connection.execute(select(effects).where(or_(ahead, dependency)).order_by(effects.c.seq).limit(1)).first()
    return None if row is None else _status(row)


def _effect(row: Row[Any]) -> Effect:
    return Effect(
        row.key,
        row.kind,
        row.target,
        row.entity,
        row.business_date,
        read_json(row.body),
        row.limit_ok,
        row.summary,
        row.amount_minor,
        row.depends_on,
    )


def _status(row: Row[Any]) -> Status:
    return Status(_effect(row), row.state, row.attempts, row.reference, row.reason, row.not_before, row.approved_by)
