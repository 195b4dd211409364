"""One date that can be closed again and again from the same beginning, by children that are killed on the way.

A child does the whole close, or what follows its comparisons: propose, approve, post, sign.
It may die before and after every transaction, request and file of the lake (tests.exact.kills).
"""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from he_sync.cli import check
from he_sync.cli.house import settings_of
from he_sync.connect.permit import permitted
from he_sync.connect.wire import http_send
from he_sync.flows import close, night
from he_sync.flows.books import deciding, posting, proposing
from he_sync.flows.books.look import lines_of
from he_sync.flows.books.nightly import PREPARER
from he_sync.flows.night import Office
from he_sync.flows.writers import group_id
from he_sync.model.money import show
from he_sync.store import audit, books, effects
from he_sync.store.database import Store, open_store
from he_sync.store.lake import Lake
from tests.close_world.life import PEOPLE
from tests.close_world.other_side import POSTED, OtherSide
from tests.close_world.shape import TINY
from tests.close_world.taken import cents
from tests.exact.kills import DyingStore, Points, dying
from tests.exact.stand_in import StandIn
from tests.exact.walk import PASSES, START
from tests.flows.victim import systems

SETTLED = {"confirmed", "withdrawn"}


class Scene:
    """The date, the stand-ins and the installation; `anew` puts all of them back to where the date is closed from."""

    def __init__(self, there: StandIn, folder: Path, *, whole: bool) -> None:
        self.side, self.folder, self.whole, self.now = OtherSide(there, TINY), folder, whole, START
        self.day = TINY.dates[-1]
        for one in TINY.dates:
            self.side.happen(one, posted_by_others=False)
        epicor = self.side.retailer.epicor.model_copy(update={"ledger": "store_days"})
        self.retailer = self.side.retailer.model_copy(update={"epicor": epicor, "approval": PEOPLE})
        self._settings = settings_of(there.environment(folder / "home"))
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._home = folder / "closing"
        self._home.mkdir()
        self._store = open_store(self._home / "he_sync.db")
        if not whole:
            self._do(self._night)
        self._keep()

    # from the same beginning

    def _keep(self) -> None:
        self._store.engine.dispose()
        shutil.copytree(self._home, self.folder / "kept")
        with sqlite3.connect(self.folder / "kept.db") as copy:
            self.side.state._connection().backup(copy)

    def anew(self) -> None:
        """Everything as it was."""
        self.now = START
        shutil.rmtree(self._home)
        shutil.copytree(self.folder / "kept", self._home)
        connection = self.side.state._connection()
        connection.execute("ATTACH DATABASE ? AS kept", [str(self.folder / "kept.db")])
        names = [row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        known = {row[0] for row in connection.execute("SELECT name FROM kept.sqlite_master WHERE type = 'table'")}
        connection.execute("BEGIN IMMEDIATE")
        for name in names:
            connection.execute(f'DELETE FROM main."{name}"')  # noqa: S608 - a table's own name
            if name in known:
                connection.execute(f'INSERT INTO main."{name}" SELECT * FROM kept."{name}"')  # noqa: S608 - same
        connection.execute("COMMIT")
        connection.execute("DETACH DATABASE kept")

    # what a child does

    def go(self, points: Points, pipe: int) -> None:
        """The close as far as it comes; says how many store-days are not signed then."""
        _watch_files(self._home / "lake", points)
        self._do(self._close, points)
        left = [one for one in books.listing(self._store, str(self.day), str(self.day)) if one.state != "signed"]
        os.write(pipe, f"left {len(left)}\n".encode())

    def _do(self, job: Any, points: Points | None = None) -> None:
        points = points or Points()
        with http_send(context=self._tls) as wire:
            clients = systems(self._settings, permitted(dying(wire, points)))
            store = DyingStore(self._store.engine, points)
            job(Office(clients, store, Lake(self._home / "lake"), self.retailer))

    def _close(self, office: Office) -> None:
        if self.whole:
            self._night(office)
        name = str(self.day)
        proposing.propose_day(office, name, PREPARER)
        deciding.approve_day(office, name, "cora", "checked against the tills")
        posting.post_day(office, name, "cora", (), self._clock)
        deciding.sign_day(office, name, "carl", "looked at")

    def _night(self, office: Office) -> None:
        night.run(office, self.day, now=self._clock)
        for one in effects.listing(office.store, states=["waiting_approval"]):
            effects.approve(office.store, one.effect.key, "dana")
        for target in night.TARGETS:
            close.push(office.store, office.systems, office.retailer, target, "night", self._clock)

    def _clock(self) -> datetime:
        return self.now

    # what the parent does

    def warm(self) -> None:
        """Close once in this process, so that children inherit what is compiled and imported by then."""
        self.anew()
        with Path(os.devnull).open("wb") as nowhere:
            self._do(self._close, Points(tell=nowhere.fileno()))
        self._store.engine.dispose()
        gc.collect()
        gc.freeze()

    def pass_quarantine(self) -> None:
        """Time passes."""
        self.now += PASSES

    def findings(self) -> list[str]:
        """One line for each thing that is not as one undisturbed close leaves it."""
        with self._looking() as store:
            return [*self._unsigned(store), *self._posted(store), *self._unsettled(store), *self._ledger()]

    @contextmanager
    def _looking(self) -> Iterator[Store]:
        """The store for the parent, with nothing left open when the block ends: the next thing is a fork."""
        try:
            yield self._store
        finally:
            self._store.engine.dispose()

    def _unsigned(self, store: Store) -> Iterator[str]:
        rows = books.listing(store, str(self.day), str(self.day))
        yield from (f"{one.store} is {one.state}: {one.because}" for one in rows if one.state != "signed")
        if len(rows) != TINY.size.stores:
            yield f"{len(rows)} store-days of {TINY.size.stores}"
        if audit.first_broken(store) is not None:
            yield "the chain of the audit is broken"

    def _unsettled(self, store: Store) -> Iterator[str]:
        every = effects.listing(store)
        yield from (f"{one.effect.summary} is {one.state}: {one.reason}" for one in every if one.state not in SETTLED)
        yield from check.once_each(self.side.state, [one.effect for one in every if one.state == "confirmed"])

    def _posted(self, store: Store) -> Iterator[str]:
        """Each journal once, line by line, and no journal of ours that the books do not know."""
        found: dict[str, Counter[tuple[str, int]]] = {}
        for row in self.side.state.select(POSTED):
            if group := row.get("GroupID"):
                moved = cents(row.get("DebitAmount")) - cents(row.get("CreditAmount"))
                found.setdefault(group, Counter())[row["GLAccount"], moved] += 1
        wanted = {group_id(one.effect_key or ""): lines_of(one) for one in books.of_day(store, str(self.day))}
        for group in sorted(found.keys() | wanted.keys()):
            if found.get(group) != wanted.get(group):
                yield f"group {group} holds {dict(found.get(group, {}))}, its journal {dict(wanted.get(group, {}))}"

    def _ledger(self) -> Iterator[str]:
        """The ledger of the date is what its documents come to."""
        booked, wanted = self.side.booked(), self.side.wanted[str(self.day)]
        for account in sorted(booked.keys() | wanted.keys()):
            if off := booked[account] - wanted[account]:
                yield f"{account} has {show(off)} beyond what happened"

    def close(self) -> None:
        """Give back every connection."""
        self._store.close()
        self.side.state._connection().close()


def _watch_files(lake: Path, points: Points) -> None:
    """A point before each file of the lake gets its name: the snapshot's own, then the pointer to it."""
    below = str(lake)

    def heard(event: str, told: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(told[0]).startswith(below):
            points.reach(f"before the name of {Path(str(told[1])).suffix[1:]}")

    sys.addaudithook(heard)
