"""Rows of the store: bodies of answered events, steps of stories, answers of effects that are over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, update

from he_sync.store.database import Store
from he_sync.store.effects import DONE
from he_sync.store.event_tables import inbox, inbox_conflicts, story
from he_sync.store.pruning.retention import Retention
from he_sync.store.statements import is_in
from he_sync.store.tables import answers, dead_letters, effects

AT_ONCE = 500
"""Rows of one transaction: some 20 ms of the one writer that SQLite has."""
OVER = ("done", "quiet")
OPEN = ("new", "taken", "parked")
GONE = "{}"
"""Instead of a body: still JSON for whoever reads it. The hash beside it is that of the body, so a repeat is known."""
Act = Callable[[Connection, list[int]], Any]


def prune(
    store: Store, keep: Retention, now: datetime, *, dry: bool = False, stop: Callable[[], bool] = lambda: False
) -> dict[str, int]:
    """Rows that were emptied or taken away, by what they are."""
    plans: dict[str, tuple[Select[int], Act]] = {
        "event bodies": (_bodies(keep.before("events_days", now)), _empty),
        "story steps": (_steps(keep.before("story_days", now)), _gone(story)),
        "answers": (_answers(keep.before("answers_days", now)), _gone(answers)),
    }
    return {name: _in_batches(store, query, act, dry=dry, stop=stop) for name, (query, act) in plans.items()}


def _in_batches(store: Store, query: Select[int], act: Act, *, dry: bool, stop: Callable[[], bool]) -> int:
    if dry:
        with store.begin() as connection:
            return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    done = last = 0
    while not stop() and (some := store.run(lambda connection, last=last: _batch(connection, query, act, last))):  # type: ignore[misc] # a default binds the loop's value
        done, last = done + len(some), some[-1]
    return done


def _batch(connection: Connection, query: Select[int], act: Act, last: int) -> list[int]:
    """Chosen and taken in one transaction: what became open meanwhile is not chosen. Goes on behind the last."""
    [number] = query.selected_columns
    some = list(connection.execute(query.where(number > last).limit(AT_ONCE)).scalars())
    if some:
        act(connection, some)
    return some


def _bodies(before: datetime) -> Select[int]:
    """Not of an event whose body a person must still decide about."""
    asked = exists().where(inbox_conflicts.c.seq == inbox.c.seq, inbox_conflicts.c.settled_at.is_(None))
    letter = exists().where(dead_letters.c.event_seq == inbox.c.seq, dead_letters.c.resolved_at.is_(None))
    old = (inbox.c.state.in_(OVER), inbox.c.finished_at < before, inbox.c.body != GONE)
    return select(inbox.c.seq).where(*old, ~asked, ~letter).order_by(inbox.c.seq)


def _empty(connection: Connection, seqs: list[int]) -> None:
    connection.execute(update(inbox).where(inbox.c.seq.in_(seqs), inbox.c.state.in_(OVER)).values(body=GONE))


def _steps(before: datetime) -> Select[int]:
    return select(story.c.seq).where(story.c.at < before, ~_has_open(story.c.entity)).order_by(story.c.seq)


def _has_open(entity: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether anything of a record waits, for the machine or for a person."""
    event = exists().where(inbox.c.entity == entity, is_in(inbox.c.state, *OPEN))
    effect = exists().where(effects.c.entity == entity, ~is_in(effects.c.state, *DONE))
    letter = exists().where(dead_letters.c.record == entity, dead_letters.c.resolved_at.is_(None))
    return event | effect | letter


def _answers(before: datetime) -> Select[int]:
    over = exists().where(effects.c.key == answers.c.effect_key, effects.c.state.in_(DONE))
    return select(answers.c.seq).where(answers.c.at < before, over).order_by(answers.c.seq)


def _gone(table: Any) -> Act:
    return lambda connection, seqs: connection.execute(delete(table).where(table.c.seq.in_(seqs)))
