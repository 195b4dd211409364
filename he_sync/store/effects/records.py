"""What an effect is, and what a worker and a person are told of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from he_sync.store.canonical import content_hash, read_json

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

    `body` is what the writer of `kind` sends; Decimal and int only. `limit_ok` False makes it wait for approval,
    `waits_because` says why, for people. `depends_on` names the key of an effect that must be confirmed first.
    `amount_minor` is for people, in minor units.
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
    waits_because: str = ""

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


def effect_key(  # noqa: PLR0913, PLR0917 - the six parts that the law names (R5)
    tenant: str, system: str, entity: str, source_id: str, kind: str, version: str
) -> str:
    """The key of an effect: never random, never the time, so that planning again finds what was planned (R5).

    The parts are joined by their lengths, so that no two different parts give one text.
    """
    parts = (tenant, system, entity, source_id, kind, version)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def effect_of(row: Row[Any]) -> Effect:
    """The effect of a row."""
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
        row.waits_because,
    )


def status_of(row: Row[Any]) -> Status:
    """Where the effect of a row stands."""
    return Status(effect_of(row), row.state, row.attempts, row.reference, row.reason, row.not_before, row.approved_by)
