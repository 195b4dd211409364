"""Figures of the inbox, of letters and of polls. What is asked is under partial indexes, or by a range of the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy import func, select, text

from he_sync.flows.polls import missed
from he_sync.flows.polls.sources import EPICOR, HEARTLAND
from he_sync.store import board
from he_sync.store.event_tables import cursors, inbox
from he_sync.store.inbox.records import OPEN
from he_sync.store.watch import conflicts
from he_sync.watch.metrics import Sample
from he_sync.watch.place import Watched

WHY = ("input", "failures", "poison")
LAG_OF, LAG_WITHIN = 1_000, timedelta(hours=1)
CAUSES = 40
"""Causes of dead letters with a line of their own; each is a series in Prometheus for ever."""
A_DAY = timedelta(hours=24)
QUANTILES = (0.5, 0.95)
WAITS = "state = 'new'"
"""In the very words of the partial index."""


def record(entity: str) -> str:
    """The console's page of a record."""
    return f"/records/{quote(entity)}"


def events(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Open events by state and by why they are parked, the oldest that waits, the time to an answer, conflicts."""
    open_ones = select(inbox.c.state, inbox.c.parked_for, func.count().label("n")).where(board.OPEN_EVENTS)
    oldest = select(inbox.c.received_at, inbox.c.entity).where(text(WAITS)).order_by(inbox.c.seq).limit(1)
    with watched.store.begin() as connection:
        found = connection.execute(open_ones.group_by(inbox.c.state, inbox.c.parked_for)).all()
        first = connection.execute(oldest).first()
    for state in OPEN:
        yield Sample("he_events", sum(row.n for row in found if row.state == state), (("state", state),))
    for why in WHY:
        yield Sample("he_events_parked", sum(row.n for row in found if row.parked_for == why), (("why", why),))
    age = max(0.0, (now - first.received_at).total_seconds()) if first else 0.0
    yield Sample("he_event_oldest_age_seconds", age, (), record(first.entity) if first else "")
    yield from _lag(watched, now)
    for of, number in conflicts(watched.store).items():
        yield Sample("he_conflicts", number, (("of", of),))


def _lag(watched: Watched, now: datetime) -> Iterator[Sample]:
    newest = select(func.max(inbox.c.seq) - LAG_OF).scalar_subquery()
    times = select(inbox.c.received_at, inbox.c.finished_at).where(inbox.c.seq > newest)
    lately = times.where(inbox.c.finished_at.is_not(None), inbox.c.received_at > now - LAG_WITHIN)
    with watched.store.begin() as connection:
        rows = connection.execute(lately).all()
    lags = sorted(max(0.0, (row.finished_at - row.received_at).total_seconds()) for row in rows)
    for share in QUANTILES if lags else ():
        yield Sample("he_event_lag_seconds", quantile(lags, share), (("quantile", f"{share:g}"),))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile of what is sorted already; of two, the median is the lower."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def letters(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Open dead letters by cause, the most frequent first; what is rare counts together."""
    del now
    found = board.letters_by_rule(watched.store)
    for row in found[:CAUSES]:
        yield Sample("he_dead_letters", row.n, (("field", row.column_name), ("rule", row.rule)))
    if rest := sum(row.n for row in found[CAUSES:]):
        yield Sample("he_dead_letters", rest, (("field", "others"), ("rule", "others")))


def polls(watched: Watched, now: datetime) -> Iterator[Sample]:
    """How much no event announced, and when each source was asked last."""
    names = {f"poll {source.name} sweep": source.name for source in (*HEARTLAND, *EPICOR)}
    asked = select(cursors.c.name, cursors.c.moved_at).where(cursors.c.name.in_(names))
    with watched.store.begin() as connection:
        rows = connection.execute(asked.order_by(cursors.c.name)).all()
    for row in rows:
        since = max(0.0, (now - row.moved_at).total_seconds())
        yield Sample("he_poll_age_seconds", since, (("source", names[row.name]),))
    for source in (one.name for one in (*HEARTLAND, *EPICOR) if one.announced):
        seen, lost = _last_day(watched, source, now)
        yield Sample("he_polled_versions", seen, (("source", source),))
        if seen:
            yield Sample("he_missed_events_ratio", lost / seen, (("source", source),))


def _last_day(watched: Watched, source: str, now: datetime) -> tuple[int, int]:
    """(versions, missed) of the last 24 whole hours and the one under way."""
    before = missed(watched.store, source, now - A_DAY)
    hours = [found for hour, found in before.items() if hour >= now.hour]
    hours += missed(watched.store, source, now).values()
    return sum(seen for seen, _ in hours), sum(lost for _, lost in hours)
