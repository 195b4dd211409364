"""Objectives: what is judged as time goes on, and how fast an error budget is used.

An event is judged once, when its time for an answer is over: it was answered by then or it was not. So each look judges
what has grown old enough since the last one, by the key's order, and never counts anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, Table, func, select

from he_sync.store.event_tables import inbox
from he_sync.store.tables import effects
from he_sync.watch.figures import Figures
from he_sync.watch.memory import Memory, Point
from he_sync.watch.place import Watched
from he_sync.watch.rules import Burn

ANSWERED_WITHIN = timedelta(seconds=60)
SETTLED_WITHIN = timedelta(seconds=300)
AT_ONCE = 20_000
"""Rows that one look judges at most: at a look every 30 s, more than 600 a second."""
STEP = 60.0
"""Seconds between two points that are kept."""
WINDOWS = timedelta(days=3, hours=1)
"""For how long points are kept: the longest window and a bit."""


@dataclass(frozen=True)
class Walk:
    """A table whose rows are judged in the order of their key."""

    table: Table
    born: str
    within: timedelta
    counts: Callable[[Row[Any]], bool]
    columns: tuple[str, ...] = ()


WALKS = {
    "events_answered": Walk(inbox, "received_at", ANSWERED_WITHIN, lambda _: True),
    "writes_settled": Walk(effects, "planned_at", SETTLED_WITHIN, lambda row: bool(row.limit_ok), ("limit_ok",)),
}
"""A write that waits for a person is not judged by when that person comes."""


@dataclass(frozen=True)
class Judged:
    """What one look judged: from behind one key to another."""

    after: int
    to: int
    good: int
    judged: int


def walk(watched: Watched, slo: str, after: int | None, now: datetime) -> Judged:
    """Judge what has grown old enough behind a key. The first time, what is there already is left out."""
    one = WALKS[slo]
    columns = one.table.c
    if after is None:
        with watched.store.begin() as connection:
            newest = connection.execute(select(func.max(columns.seq))).scalar() or 0
        return Judged(-1, newest, 0, 0)
    query = select(
        columns.seq, columns[one.born].label("born"), columns.finished_at, *(columns[c] for c in one.columns)
    )
    with watched.store.begin() as connection:
        rows = connection.execute(query.where(columns.seq > after).order_by(columns.seq).limit(AT_ONCE)).all()
    old = list(takewhile(lambda row: now - row.born > one.within, rows))
    counted = [row for row in old if one.counts(row)]
    good = [row for row in counted if row.finished_at is not None and row.finished_at - row.born <= one.within]
    return Judged(after, old[-1].seq if old else after, len(good), len(counted))


def walks(watched: Watched, kept: Memory, slos: Iterable[str], now: datetime) -> dict[str, Judged]:
    """Those of some objectives, read before the transaction that keeps them."""
    marks = {slo: kept.mark(f"walk {slo}") for slo in slos if slo in WALKS}
    return {slo: walk(watched, slo, int(mark) if mark else None, now) for slo, mark in marks.items()}


def keep(kept: Memory, judged: Mapping[str, Judged], figures: Figures, now: datetime) -> None:
    """Add what was judged, in the caller's transaction; what another look judged meanwhile is not added again."""
    for slo, one in judged.items():
        mark = kept.mark(f"walk {slo}")
        if (int(mark) if mark else -1) == one.after:
            kept.set_mark(f"walk {slo}", str(one.to))
            _add(kept, slo, one.good, one.judged, now.timestamp())
    answers = [sample.value for sample in figures.of("he_system_down")]
    _add(kept, "systems_answer", sum(not down for down in answers), len(answers), now.timestamp())


def _add(kept: Memory, slo: str, good: int, judged: int, now: float) -> None:
    last = kept.rows("SELECT at, good, judged FROM counted WHERE slo = ? ORDER BY at DESC LIMIT 1", slo)
    before = Point(*last[0]) if last else Point(0.0, 0, 0)
    at = now - now % STEP
    kept.count(slo, Point(max(at, before.at), before.good + good, before.judged + judged))


def burning(burn: Burn, objective: float, points: Sequence[Point], now: datetime) -> tuple[bool, float]:
    """Whether a pair of windows burns, and how fast the worst of them does: 1 uses the budget up just in time."""
    speeds = []
    for window in burn.windows:
        long, judged = _speed(points, now, window.long, objective)
        short, _ = _speed(points, now, window.short, objective)
        enough = judged >= burn.least
        speeds.append((enough and min(long, short) > window.factor, min(long, short) if enough else 0.0))
    return any(breaks for breaks, _ in speeds), max(speed for _, speed in speeds)


def _speed(points: Sequence[Point], now: datetime, window: timedelta, objective: float) -> tuple[float, int]:
    """Bad of judged within a window against the share that may be bad; and how much was judged."""
    if not points:
        return 0.0, 0
    since = (now - window).timestamp()
    first = max((one for one in points if one.at <= since), key=lambda one: one.at, default=Point(0.0, 0, 0))
    judged, good = points[-1].judged - first.judged, points[-1].good - first.good
    return ((judged - good) / judged / (1 - objective) if judged else 0.0), judged
