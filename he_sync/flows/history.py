"""One record's whole story, by any name that people have for it: received, read, mapped, decided, sent, answered.

What was decided and read is told by the flows (store/story.py); what was sent and answered is read from the effects
themselves, so that the story holds for every push, the night's too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from he_sync.mapping.epicor import owner_of
from he_sync.model.errors import FixInput
from he_sync.store import inbox, story
from he_sync.store.database import Store
from he_sync.store.statements import batches
from he_sync.store.story import Step
from he_sync.store.tables import answers, effects

REPORTS = frozenset({"confirm_order", "report_status", "invoice_order", "update_pos_customer", "adjust_pos_stock"})
"""Kinds that tell the POS what the ERP did."""
SHORTEST_KEY = 8
"""Letters of an effect's key that are enough to name it."""
BEHIND = "g"
"""Sorts behind every hexadecimal digit, whatever the database's locale."""


def entity_of(store: Store, name: str) -> str:
    """The record that a name means: itself, a PONum, an event's number or id, an effect's key, an order number.

    Raises FixInput where it means nothing or several records, naming them.
    """
    found = sorted(_named(store, name.strip()))
    if len(found) == 1:
        return found[0]
    if not found:
        raise FixInput(
            f"nothing is known of {name!r}: name a record, an event, an effect's key, a PONum or an order number"
        )
    raise FixInput(f"{name!r} may be {', '.join(found)}; name one of them")


def _named(store: Store, name: str) -> set[str]:
    found = {owner} if (owner := owner_of(name)) else set()
    found |= {kept.event.entity for kept in inbox.find(store, name)}
    if inbox.by_entity(store, name):
        found.add(name)
    if name.isdecimal() and (kept := inbox.get(store, int(name))):
        found.add(kept.event.entity)
    last = f"{name}{BEHIND}" if len(name) >= SHORTEST_KEY else name
    keyed, sold = effects.c.key.between(name, last), _sold(name)
    with store.begin() as connection:
        for some in (keyed, effects.c.entity == name):
            found |= set(connection.execute(select(effects.c.entity).where(some).distinct()).scalars())
        if sold is not None and not found - {name}:  # by no index: seconds over millions, so asked last
            found |= set(connection.execute(select(effects.c.entity).where(sold).distinct()).scalars())
    return found


def _sold(name: str) -> ColumnElement[bool] | None:
    """Sales orders that Epicor numbered so; None for what is no number of an order."""
    return (effects.c.kind == "create_sales_order") & (effects.c.reference == name) if name.isdecimal() else None


def of(store: Store, entity: str) -> list[Step]:
    """Its story, oldest first."""
    with store.begin() as connection:
        rows = connection.execute(select(effects).where(effects.c.entity == entity).order_by(effects.c.seq)).all()
        heard = _heard(connection, [row.key for row in rows])
    steps = story.of(store, entity) + [step for row in rows for step in _of_effect(row, heard.get(row.key, []))]
    return sorted(steps, key=lambda step: step.at)


def _heard(connection: Connection, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """What each attempt of these effects was answered, oldest first."""
    found: dict[str, list[Row[Any]]] = {}
    for some in batches(keys):
        for row in connection.execute(select(answers).where(answers.c.effect_key.in_(some)).order_by(answers.c.seq)):
            found.setdefault(row.effect_key, []).append(row)
    return found


def _of_effect(row: Row[Any], heard: Sequence[Row[Any]]) -> Iterator[Step]:
    """An effect's part. Until it is sent, its state says what it waits for."""

    def step(at: datetime, name: story.Name, summary: str, body: str = "") -> Step:
        return Step(row.entity, at, name, summary, body, None, row.key)

    if row.approved_by:
        yield step(row.sent_at or row.planned_at, "approved", f"{row.summary}, by {row.approved_by}")
    if row.sent_at is None:
        why = row.waits_because or row.reason
        yield step(row.planned_at, "decided", f"{row.state}: {row.summary}" + (f" ({why})" if why else ""), row.body)
        return
    again = f", attempt {row.attempts}" if row.attempts > 1 else ""
    yield step(row.sent_at, "sent", f"{row.kind} to {row.target}{again}", row.body)
    last = heard[-1] if heard and heard[-1].outcome == row.state else None
    for one in heard if last is None else heard[:-1]:
        yield step(one.at, "answered", f"attempt {one.attempt}: {one.outcome}", one.body)
    said, at = (last.body, last.at) if last else ("", row.finished_at or row.sent_at)
    if row.state == "confirmed" and row.finished_at:
        name: story.Name = "reported" if row.kind in REPORTS else "answered"
        yield step(row.finished_at, name, f"{row.target} has it as {row.reference}", said)
    elif row.state != "intent":
        yield step(at, "answered", f"{row.state}: {row.reason}", said)
