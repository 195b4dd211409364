"""What a poll keeps: arrivals that nobody announced, how far it is, and how many events were missed.

All of a page in one transaction. A sweep may take several polls: where it stands is kept, and its high-water moves only
when it ends, never past the oldest row that was seen and is neither announced nor stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, and_, func, select

from he_sync.flows.polls.sources import Seen, Source
from he_sync.store import applied, cursors, inbox
from he_sync.store.database import Store
from he_sync.store.event_tables import cursors as cursor_rows
from he_sync.store.event_tables import inbox as events
from he_sync.store.inbox import Arrival
from he_sync.store.statements import batches

OVERLAP = timedelta(minutes=10)
"""Read again: a row may become visible this long after its place."""
GRACE = timedelta(seconds=45)
"""For which an event may be under way before its absence counts."""
SLACK = timedelta(seconds=60)
"""By which the clocks of a source and ours may differ."""


@dataclass(frozen=True)
class Polled:
    """One source in one poll. `versions` were seen for the first time, `missed` of them no event announced."""

    source: str
    rows: int = 0
    new: int = 0
    versions: int = 0
    missed: int = 0
    until: str = ""
    complete: bool = True


@dataclass(frozen=True)
class PollResult(Mapping[str, int | str]):
    """What one poll of one system found; as a mapping, the figures that people are shown."""

    sources: tuple[Polled, ...]

    @property
    def new(self) -> int:
        """Arrivals that were put into the inbox."""
        return sum(one.new for one in self.sources)

    @property
    def figures(self) -> Mapping[str, int | str]:
        """For people: what was read, found and missed."""
        told = [one for one in self.sources if one.versions]
        versions, lost = sum(one.versions for one in told), sum(one.missed for one in told)
        found: dict[str, int | str] = {"rows": sum(one.rows for one in self.sources), "new": self.new}
        found |= {"missed events": f"{lost} of {versions}"} if versions else {}
        late = [one.source for one in self.sources if not one.complete]
        return {**found, "goes on": ", ".join(late)} if late else found

    def __getitem__(self, name: str) -> int | str:
        return self.figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.figures)

    def __len__(self) -> int:
        return len(self.figures)


@dataclass(frozen=True)
class Sweep:
    """Where a source stands.

    Attributes:
        until: everything up to here was seen and is stored or announced.
        first: where polling began; what came before is for a back-fill to bring.
        place: where the sweep under way goes on; "" between sweeps.
        top: the highest version that any sweep saw.
        was: the same before the sweep under way.
        held: rows of this sweep that no event announced yet, by entity and version, with when they were first seen.
        waited: the same of the sweep before.
        began, before: when the sweep under way and the one before it began.
        marks: (time, until) of the sweeps of the last OVERLAP, oldest first.
    """

    until: str
    first: str = ""
    place: str = ""
    top: str = ""
    was: str = ""
    held: Mapping[str, str] = field(default_factory=dict)
    waited: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    before: str = ""
    marks: tuple[tuple[str, str], ...] = ()


def sweep_of(store: Store, source: Source) -> Sweep | None:
    """Where a source stands; None where it was never polled."""
    kept = cursors.read(store, _sweep_name(source)).value
    if not kept:
        return None
    found = json.loads(kept)
    return Sweep(**{**found, "marks": tuple((at, until) for at, until in found["marks"])})


def keep(connection: Connection, source: Source, sweep: Sweep, now: datetime, oldest: str | None = None) -> Sweep:
    """Keep where a source stands; gives the sweep with its high-water as it may stand."""
    until = cursors.move(connection, f"poll {source.name}", _high_water(source, sweep.until, now), now, oldest)
    kept = replace(sweep, until=until)
    cursors.move(connection, _sweep_name(source), json.dumps(asdict(kept)), now)
    return kept


def _sweep_name(source: Source) -> str:
    return f"poll {source.name} sweep"


def _high_water(source: Source, until: str, now: datetime) -> str:
    """Never ahead of our clock: a source whose clock is, is read again until ours has come as far (fault F80)."""
    return min(until, now.isoformat(timespec="microseconds")) if source.timed else until


# arrivals


@dataclass(frozen=True)
class Sorted:
    """The rows of a page: never announced, perhaps announced, to be waited for; how many were seen the first time.

    Perhaps: a post without a version came for the entity. It may have been about an earlier change, so the row is read
    again, but it does not count as missed.
    """

    silent: tuple[Seen, ...]
    perhaps: tuple[Seen, ...]
    hold: tuple[Seen, ...]
    versions: int


def sort_out(connection: Connection, source: Source, sweep: Sweep, rows: Sequence[Seen], now: datetime) -> Sorted:
    """Which rows of a page no event announced, and since when."""
    news = [row for row in rows if row.topic]
    told = _Told(connection, news, sweep, now)
    unknown = [row for row in news if not told.surely(row)]
    perhaps = [row for row in unknown if told.perhaps(row)]
    silent = [row for row in unknown if row not in perhaps]
    hold = [row for row in silent if source.announced and not _is_late(source, row, sweep, now)]
    lost = tuple(row for row in silent if row not in hold)
    fresh = [row for row in news if row.version > sweep.was or key_of(row) in sweep.waited]
    versions = {key_of(row) for row in (*fresh, *lost)} - {key_of(row) for row in hold}
    return Sorted(lost, tuple(perhaps), tuple(hold), len(versions))


def key_of(row: Seen) -> str:
    """One version of one entity."""
    return f"{row.entity}|{row.version}"


def _is_late(source: Source, row: Seen, sweep: Sweep, now: datetime) -> bool:
    """Whether an event for the row had its time: since it was changed, or since we saw it first."""
    since = [datetime.fromisoformat(sweep.waited[key_of(row)])] if key_of(row) in sweep.waited else []
    since += [datetime.fromisoformat(row.version)] if source.timed else []
    return any(now - moment >= GRACE for moment in since)


class _Told:
    """What the inbox and the flows know of the entities of a page."""

    def __init__(self, connection: Connection, rows: Sequence[Seen], sweep: Sweep, now: datetime) -> None:
        entities = sorted({row.entity for row in rows})
        self._sweep = sweep
        self._since = datetime.fromisoformat(sweep.before) if sweep.before else now
        self._versions, self._heard, self._waiting = {}, {}, set()
        for some in batches(entities):
            mine = events.c.entity.in_(some)
            for found in connection.execute(
                select(events.c.entity, func.max(events.c.version).label("version"))
                .where(mine)
                .group_by(events.c.entity)
            ):
                self._versions[found.entity] = str(found.version)
            nameless = and_(mine, events.c.version == "")
            for found in connection.execute(
                select(events.c.entity, func.max(events.c.received_at).label("at"))
                .where(nameless)
                .group_by(events.c.entity)
            ):
                self._heard[found.entity] = found.at
            waiting = and_(mine, events.c.state.in_(["new", "taken"]))
            self._waiting |= set(connection.execute(select(events.c.entity).where(waiting)).scalars())
        self._applied = applied.get_many(connection, entities, "epicor") if entities else {}

    def surely(self, row: Seen) -> bool:
        """Whether a row is known: its version announced or answered, or an event of it waits to be answered."""
        if self._versions.get(row.entity, "") >= row.version or row.entity in self._waiting:
            return True
        known = self._applied.get(row.entity)
        return known is not None and known.version >= row.version

    def perhaps(self, row: Seen) -> bool:
        """Whether an event without a version, as BPM posts are, came since the last sweep that did not see the row.

        The last sweep saw the rows of the overlap; for them any event of that time counts.
        """
        heard = self._heard.get(row.entity)
        back = SLACK if row.version > self._sweep.was else SLACK + OVERLAP
        return heard is not None and heard >= self._since - back


def put(connection: Connection, source: Source, rows: Iterable[Seen], now: datetime) -> int:
    """Put rows into the inbox; how many were new to it. The same version is the same event for ever."""
    arrivals = [_arrival(source, row) for row in rows]
    return sum(one == "new" for one in inbox.put_in(connection, arrivals, now))


def _arrival(source: Source, row: Seen) -> Arrival:
    body = json.dumps({"entity": row.entity, "version": row.version, "poll": source.name}, sort_keys=True)
    return Arrival(
        source=source.system,
        topic=row.topic,
        event_id=f"poll:{key_of(row)}",
        entity=row.entity,
        version=row.version,
        body=body,
        body_hash=sha256(body.encode()).hexdigest(),
        origin="poll",
    )


# the missed-event rate


def count(connection: Connection, source: Source, versions: int, lost: int, now: datetime) -> None:
    """Add to what was seen and missed in this hour."""
    if not versions:
        return
    name = _figures_name(source.name, now)
    kept = connection.execute(select(cursor_rows.c.value).where(cursor_rows.c.name == name)).scalar()
    hours: dict[str, list[int]] = json.loads(kept or "{}")
    before = hours.get(f"{now:%H}", [0, 0])
    hours[f"{now:%H}"] = [before[0] + versions, before[1] + lost]
    cursors.move(connection, name, json.dumps(hours, sort_keys=True), now)


def missed(store: Store, source: str, day: datetime) -> dict[int, tuple[int, int]]:
    """(versions seen, events missed) of a source by hour of a UTC day."""
    kept = cursors.read(store, _figures_name(source, day)).value
    hours: dict[str, Any] = json.loads(kept or "{}")
    return {int(hour): (int(seen), int(lost)) for hour, (seen, lost) in hours.items()}


def _figures_name(source: str, moment: datetime) -> str:
    return f"poll {source} figures {moment:%Y-%m-%d}"
