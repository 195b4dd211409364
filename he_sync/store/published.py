"""What was last published about a subject: a hash of its content, and the effect that carried it.

A row that an effect carries counts once that is confirmed, and says that something is under way until it ends. A
withdrawn effect published nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from he_sync.store.database import Store
from he_sync.store.effects.records import DONE
from he_sync.store.statements import batches, insert
from he_sync.store.stock_tables import published
from he_sync.store.tables import effects


@dataclass(frozen=True)
class Published:
    """`content` that the other side has, "" for none; `under_way` is the state of the effect that brings another.

    `since` is when the other side confirmed it, None where it said the same by itself.
    """

    content: str
    under_way: str = ""
    since: datetime | None = None


def of(where: Connection | Store, kind: str, subjects: Iterable[str]) -> dict[str, Published]:
    """What is known of these subjects; of what was never published nothing."""
    if isinstance(where, Store):
        with where.begin() as connection:
            return of(connection, kind, subjects)
    found: dict[str, Published] = {}
    columns = (published.c.subject, published.c.content, effects.c.state, effects.c.finished_at)
    joined = published.outerjoin(effects, published.c.effect_key == effects.c.key)
    for some in batches(sorted(set(subjects))):
        query = select(*columns).select_from(joined).where(published.c.kind == kind, published.c.subject.in_(some))
        for row in where.execute(query):
            found[row.subject] = _told(row.content, row.state, row.finished_at)
    return found


def _told(content: str, state: str | None, finished_at: datetime | None) -> Published:
    if state is None:
        return Published(content)
    if state not in DONE:
        return Published("", state)
    return Published(content, since=finished_at) if state == "confirmed" else Published("")


def put(connection: Connection, kind: str, contents: Mapping[str, str], effect_key: str | None, now: datetime) -> None:
    """Say what an effect is about to publish, or that the other side says so already, in the caller's transaction."""
    rows = [
        {"kind": kind, "subject": subject, "content": content, "effect_key": effect_key, "at": now}
        for subject, content in sorted(contents.items())
    ]
    for some in batches(rows):
        adding = insert(connection, published).values(list(some))
        changed = {name: adding.excluded[name] for name in ("content", "effect_key", "at")}
        connection.execute(adding.on_conflict_do_update(index_elements=["kind", "subject"], set_=changed))


def forget(connection: Connection, kind: str, subjects: Iterable[str]) -> None:
    """The other side says something else by now: the next look at these subjects is the first."""
    for some in batches(sorted(set(subjects))):
        connection.execute(published.delete().where(published.c.kind == kind, published.c.subject.in_(some)))
