"""The desk: which exceptions there are, and changes to many of them in one transaction of the audit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, func, select

from he_sync.model.errors import TryLater
from he_sync.store import audit as log
from he_sync.store.board import looking
from he_sync.store.canonical import read_json
from he_sync.store.database import Store
from he_sync.store.exceptions.projection import as_break, breaks, catch_up, open_at, steps
from he_sync.store.exceptions.records import STATUS_AFTER, UNRESOLVED, Break, Status, Step
from he_sync.store.statements import batches, one_at_a_time
from he_sync.store.tables import audit

ONE_HAND = 4_180_221_013
"""Postgres: of two that change exceptions at once, the second sees what the first wrote and looks again."""


class Moved(TryLater):
    """Somebody, or a close, changed an exception since this desk was read: read it again."""


@dataclass(frozen=True)
class Deed:
    """A change of one exception as the audit will have it."""

    what: str
    subject: str
    detail: dict[str, Any]


ORDER = (breaks.c.day, func.abs(breaks.c.minor).desc(), breaks.c.klass, breaks.c.id)


@dataclass(frozen=True)
class Wanted:
    """Which exceptions are meant, as their file is asked; what is empty means all. Dates (both in) are of the close.

    `of` are dates of their records, None all; `owners` are names in whatever case, "" is nobody.
    """

    statuses: Collection[Status] = ()
    first: str = ""
    last: str = ""
    store: str = ""
    klass: str = ""
    owners: Collection[str] | None = None
    of: Collection[str] | None = None

    @property
    def clauses(self) -> list[ColumnElement[bool]]:
        """The conditions."""
        said = [
            breaks.c.status.in_(self.statuses) if self.statuses else None,
            breaks.c.day >= self.first if self.first else None,
            breaks.c.day <= self.last if self.last else None,
            breaks.c.store == self.store if self.store else None,
            breaks.c.klass == self.klass if self.klass else None,
            breaks.c.owner.in_(self.owners) if self.owners is not None else None,
            breaks.c.of.in_(self.of) if self.of is not None else None,
        ]
        return [one for one in said if one is not None]


class Desk:
    """The exceptions of a store; `path` is the file that what the audit says of them is kept in for reading."""

    def __init__(self, store: Store, path: Path) -> None:
        self._store, self._engine = store, open_at(path)
        self._seen = log.Head(0, log.START)
        self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._engine.dispose()

    def read(self) -> None:
        """Take what the audit has since."""
        with self._engine.begin() as own:
            self._seen = catch_up(own, looking(self._store))

    def listing(
        self, statuses: Collection[Status] = (), first: str = "", last: str = "", legs: Collection[str] = ()
    ) -> list[Break]:
        """Exceptions by date, the largest first; of some statuses, dates (both in) and legs where these are named."""
        query = select(breaks).order_by(*ORDER)
        query = query.where(breaks.c.status.in_(statuses)) if statuses else query
        query = query.where(breaks.c.leg.in_(legs)) if legs else query
        query = query.where(breaks.c.day >= first) if first else query
        query = query.where(breaks.c.day <= last) if last else query
        with self._engine.begin() as own:
            return [as_break(row) for row in own.execute(query)]

    def page(self, wanted: Wanted, skip: int = 0, limit: int | None = None) -> list[Break]:
        """Those that are wanted, or a page of them, in the order of `listing`."""
        query = select(breaks).where(*wanted.clauses).order_by(*ORDER).limit(limit).offset(skip)
        with self._engine.begin() as own:
            return [as_break(row) for row in own.execute(query)]

    def sums(self, wanted: Wanted) -> tuple[int, int]:
        """How many are wanted, and their value at risk in minor units."""
        query = select(func.count(), func.coalesce(func.sum(func.abs(breaks.c.minor)), 0)).where(*wanted.clauses)
        with self._engine.begin() as own:
            count, minor = own.execute(query).one()
        return int(count), int(minor)

    def dates(self) -> list[str]:
        """Every date that a record of an exception has."""
        return self._each(breaks.c.of)

    def owners(self) -> list[str]:
        """Whoever has or had one last; "" is nobody."""
        return self._each(breaks.c.owner)

    def of(self, numbers: Collection[str]) -> list[Break]:
        """Those with these numbers, in the order of `listing`; what is not there is left out."""
        found: list[Break] = []
        with self._engine.begin() as own:
            for some in batches(sorted(numbers)):
                found += map(as_break, own.execute(select(breaks).where(breaks.c.id.in_(some))))
        return sorted(found, key=lambda one: (one.found.day, -one.risk_minor, one.found.klass, one.id))

    def worth(self, day: str = "") -> tuple[int, int]:
        """How many nobody has closed, of a date or of all, and their value at risk in minor units."""
        query = select(func.count(), func.coalesce(func.sum(func.abs(breaks.c.minor)), 0))
        query = query.where(breaks.c.status.in_(UNRESOLVED), *([breaks.c.day == day] if day else []))
        with self._engine.begin() as own:
            count, minor = own.execute(query).one()
        return int(count), int(minor)

    def classes(self) -> list[str]:
        """Every class that was ever found, by name."""
        return self._each(breaks.c.klass)

    def _each(self, column: ColumnElement[str]) -> list[str]:
        with self._engine.begin() as own:
            return list(own.execute(select(column).distinct().order_by(column)).scalars())

    def steps(self, number: str) -> list[Step]:
        """Everything that was done about one, oldest first."""
        query = select(steps).where(steps.c.id == number).order_by(steps.c.seq)
        with self._engine.begin() as own:
            return [Step(row.seq, row.at, row.who, row.what, read_json(row.detail)) for row in own.execute(query)]

    def written_off(self, month: str, rule: str) -> int:
        """What a rule wrote off of a month (2026-11) of business dates, in minor units."""
        mine = (
            breaks.c.day.startswith(month, autoescape=True),
            breaks.c.rule == rule,
            breaks.c.status == "written off",
        )
        with self._engine.begin() as own:
            return int(own.execute(select(func.sum(func.abs(breaks.c.minor))).where(*mine)).scalar() or 0)

    def write(self, who: str, deeds: Sequence[Deed]) -> None:
        """All of them in one transaction. Raises Moved, and writes none, where the desk is not what was read."""
        if not deeds:
            return
        seen = self._seen

        def work(connection: Connection) -> None:
            one_at_a_time(connection, ONE_HAND)
            since = (audit.c.seq > seen.seq, audit.c.action.in_(STATUS_AFTER))
            if connection.execute(select(audit.c.seq).where(*since).limit(1)).first():
                raise Moved("exceptions are being changed by somebody else; look again")
            for what in dict.fromkeys(one.what for one in deeds):
                log.record_many(connection, who, what, [(one.subject, one.detail) for one in deeds if one.what == what])

        self._store.run(work)
        self.read()
