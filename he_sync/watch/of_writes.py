"""Figures of writes to the other systems, and of the days that finance signs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from he_sync.flows.books.nightly import LOOK_BACK, deadline
from he_sync.model.calendar import zone
from he_sync.store import board
from he_sync.store.books_tables import store_days
from he_sync.store.closes import STATES as CLOSE_STATES
from he_sync.store.tables import closes, effects
from he_sync.watch.metrics import Sample
from he_sync.watch.of_events import record
from he_sync.watch.place import Watched

STATES = ("planned", "intent", "doubtful", "waiting_approval", "rejected", "parked")


def writes(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Effects that are not done by state, and how long the oldest of each is there."""
    found = board.effects_by_state(watched.store)
    for state in STATES:
        yield Sample("he_effects", found.get(state, (0, 0))[0], (("state", state),))
        yield _oldest(watched, state, now)


def _oldest(watched: Watched, state: str, now: datetime) -> Sample:
    """Since it was sent where it was, else since it was planned; by the index of states, oldest planned first."""
    since = func.coalesce(effects.c.sent_at, effects.c.planned_at, type_=effects.c.planned_at.type)
    first = select(effects.c.entity, since.label("since")).where(effects.c.state == state)
    with watched.store.begin() as connection:
        row = connection.execute(first.order_by(effects.c.seq).limit(1)).first()
    age = max(0.0, (now - row.since).total_seconds()) if row else 0.0
    return Sample("he_effect_oldest_age_seconds", age, (("state", state),), record(row.entity) if row else "")


def days(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Store-days past the profile's deadline, and how old the newest closed business date is."""
    retailer = watched.retailer()
    today = now.astimezone(zone(retailer.timezone)).date()
    late = 0
    if (within := retailer.approval.sign_within_days) is not None:
        last = today - timedelta(days=within + 1)
        late = sum(
            n for day, n in _unsigned(watched, last - LOOK_BACK, last).items() if deadline(day, retailer) < today
        )
    yield Sample("he_store_days_late", late)
    if newest := _newest_closed(watched):
        yield Sample("he_closed_age_days", (today - date.fromisoformat(newest)).days)


def _unsigned(watched: Watched, first: date, last: date) -> dict[str, int]:
    """How many store-days of each date are not signed."""
    query = select(store_days.c.business_date, func.count().label("n")).where(
        store_days.c.business_date.between(first.isoformat(), last.isoformat()), store_days.c.state != "signed"
    )
    with watched.store.begin() as connection:
        return {row.business_date: row.n for row in connection.execute(query.group_by(store_days.c.business_date))}


def _newest_closed(watched: Watched) -> str | None:
    query = select(func.max(closes.c.business_date)).where(closes.c.state == CLOSE_STATES[-1])
    with watched.store.begin() as connection:
        return connection.execute(query).scalar()
