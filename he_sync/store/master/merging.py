"""Merge, split and un-merge: each one transaction with its event, its links, what follows it, and its audit row.

An un-merge is exact: what was merged later on top is taken back first, newest first, and merged again afterwards. So a
merge can be taken back at any time, and what it did is the whole of what its event says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import Connection, insert, select, update

from he_sync.model.errors import FixInput
from he_sync.store import audit
from he_sync.store.canonical import canonical_json
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.master import followers, links
from he_sync.store.master.decisions import across, pair_of, revoke, say
from he_sync.store.master.members import founder, golden, live, masters_of, members, move, new_masters
from he_sync.store.master.reading import event_of
from he_sync.store.master.records import MASTER_LOCK, Deed, Event, Record
from he_sync.store.master_tables import master_events, masters
from he_sync.store.statements import one_at_a_time


class Rehearsed(Exception):
    """Carries what a dry run would do out of its transaction, which is undone."""


@dataclass(frozen=True)
class Done:
    """What a change did, or would do: records that moved, links and effects that changed, unsent orders' amount."""

    event: int
    master: int
    other: int
    moved: tuple[Record, ...]
    links: tuple[links.Change, ...]
    effects: tuple[tuple[str, str, Any, Any], ...]
    amount_minor: int = 0
    again: tuple[int, ...] = field(default=())


def merge(store: Store, loser: int, survivor: int, deed: Deed, *, dry: bool = False) -> Done:
    """`loser` becomes a tombstone of `survivor`; its records, links and unsent orders follow. A must-link from now on.

    Raises FixInput for unknown customers, tombstones, one customer with itself, and where a person said that they are
    two by way of another pair.
    """

    def work(connection: Connection) -> Done:
        if loser == survivor:
            raise FixInput(f"M{loser} is one customer already")
        for one in (loser, survivor):
            live(connection, one)
        ours, theirs = members(connection, survivor), members(connection, loser)
        founders = [founder(connection, one) for one in (survivor, loser)]
        done = merge_in(connection, loser, survivor, deed)
        apart = [pair_of(each.left, each.right) for each in across(connection, ours, theirs) if not each.same]
        revoke(connection, apart, deed.who)
        say(connection, [pair_of(*founders)], deed, same=True)
        return done

    return changed(store, work, deed, "customer merged", dry=dry)


def split(store: Store, records: Collection[Record], deed: Deed, *, dry: bool = False) -> Done:
    """These records of one customer become a customer of their own; cannot-links to those that stay.

    Raises FixInput where they are of several customers, of none, or all there are.
    """

    def work(connection: Connection) -> Done:
        known = masters_of(connection, records)
        if len(set(known.values())) != 1 or len(known) < len(set(records)):
            raise FixInput("name records of one customer; `he-sync match history` shows whose they are")
        source = next(iter(known.values()))
        stay = [one for one in members(connection, source) if one not in known]
        if not stay:
            raise FixInput(f"these are all records of M{source}; a split leaves something behind")
        (target,) = new_masters(connection, 1, now_in(connection))
        done = split_in(connection, source, list(known), target, deed)
        _apart(connection, list(known), stay, deed)
        return done

    return changed(store, work, deed, "customer split", dry=dry)


def unmerge(store: Store, loser: int, deed: Deed, *, dry: bool = False) -> Done:
    """Take back the merge that made `loser` a tombstone, however long ago; both are kept apart from now on.

    Records that joined since stay where they joined. Raises FixInput where it is no tombstone.
    """

    def work(connection: Connection) -> Done:
        merged = _merge_of(connection, loser)
        before = set(merged.moved)
        later = _on_top(connection, merged)
        for one in reversed(later):
            _undo(connection, one, deed)
        done = _undo(connection, merged, deed)
        if not done.moved:
            raise FixInput(f"every record of M{loser} was split off since; nothing is left to take back")
        stay = [one for one in members(connection, merged.master) if one not in before]
        _apart(connection, list(done.moved), stay, deed)
        again = [_again(connection, one, deed) for one in later]
        return Done(**{**vars(done), "again": tuple(one for one in again if one)})

    return changed(store, work, deed, "customer un-merged", dry=dry)


def changed(store: Store, work: Callable[[Connection], Done], deed: Deed, action: str, *, dry: bool) -> Done:
    """Do the work in one transaction with its audit row; a dry run does it as well and undoes it."""

    def whole(connection: Connection) -> Done:
        one_at_a_time(connection, MASTER_LOCK)
        done = work(connection)
        if dry:
            raise Rehearsed(done)
        detail = {"note": deed.why, "event": done.event, "other": f"M{done.other}", "again": list(done.again)}
        audit.record(connection, deed.who, action, f"M{done.master}", detail)
        return done

    try:
        return store.run(whole)
    except Rehearsed as rehearsed:
        done: Done = rehearsed.args[0]
        return done


def merge_in(connection: Connection, loser: int, survivor: int, deed: Deed) -> Done:
    """The merge itself, inside the caller's transaction."""
    now = now_in(connection)
    moved = members(connection, loser)
    move(connection, moved, survivor, now)
    ended = {"merged_into": survivor, "ended_at": now}
    connection.execute(update(masters).where(masters.c.id == loser).values(ended))
    changes = links.follow(connection, survivor, moved, now)
    return _told(connection, Told("merge", survivor, loser, moved, changes, now), deed)


def split_in(connection: Connection, source: int, records: Sequence[Record], target: int, deed: Deed) -> Done:
    """The split itself: records of `source` go to `target`, which is there."""
    now = now_in(connection)
    move(connection, records, target, now)
    changes = links.settle(connection, [source, target], now, fill=False)
    changes += links.follow(connection, target, records, now)
    return _told(connection, Told("split", source, target, records, changes, now), deed)


@dataclass(frozen=True)
class Told:
    """An event to be written."""

    kind: str
    master: int
    other: int
    moved: Sequence[Record]
    changes: Sequence[links.Change]
    at: datetime


def _told(connection: Connection, told: Told, deed: Deed) -> Done:
    followed = followers.follow(connection, told.changes) if told.kind != "unmerge" else followers.Followed()
    detail = {"moved": told.moved, "links": told.changes, "effects": followed.changes}
    row = {"kind": told.kind, "master": told.master, "other": told.other, "at": told.at, "who": deed.who}
    row |= {
        "reason": deed.why,
        "detail": canonical_json({name: [list(x) for x in those] for name, those in detail.items()}),
    }
    seq = connection.execute(insert(master_events).values(row).returning(master_events.c.seq)).scalar_one()
    golden(connection, [told.master, told.other])
    moved, changes = tuple(told.moved), tuple(told.changes)
    return Done(seq, told.master, told.other, moved, changes, followed.changes, followed.amount_minor)


def _undo(connection: Connection, event: Event, deed: Deed) -> Done:
    """Take back one merge whose customers nothing else was merged onto: the tombstone lives with what it brought."""
    now = now_in(connection)
    still = set(members(connection, event.master))
    back = [one for one in event.moved if one in still]
    connection.execute(update(masters).where(masters.c.id == event.other).values(merged_into=None, ended_at=None))
    move(connection, back, event.other, now)
    changes = links.take_back(connection, [links.Change(*each) for each in event.detail["links"]], now)
    changes += links.settle(connection, [event.master, event.other], now, fill=False)
    followers.take_back(connection, event.detail["effects"])
    done = _told(connection, Told("unmerge", event.master, event.other, back, changes, now), deed)
    connection.execute(update(master_events).where(master_events.c.seq == event.seq).values(undone_by=done.event))
    return done


def _again(connection: Connection, event: Event, deed: Deed) -> int:
    said = Deed(event.who, f"{event.reason} (again after an un-merge by {deed.who})")
    return merge_in(connection, event.other, event.master, said).event


def _merge_of(connection: Connection, loser: int) -> Event:
    merged = (master_events.c.kind == "merge", master_events.c.other == loser, master_events.c.undone_by.is_(None))
    row = connection.execute(select(master_events).where(*merged).order_by(master_events.c.seq.desc())).first()
    if row is None:
        raise FixInput(
            f"M{loser} was not merged into another customer; `he-sync match history M{loser}` shows all of it"
        )
    return event_of(row)


def _on_top(connection: Connection, merged: Event) -> list[Event]:
    """Later merges that stand and touch the same customers, or customers of such a merge; oldest first."""
    touched, found = {merged.master, merged.other}, []
    later = (master_events.c.kind == "merge", master_events.c.seq > merged.seq, master_events.c.undone_by.is_(None))
    for row in connection.execute(select(master_events).where(*later).order_by(master_events.c.seq)):
        if touched & {row.master, row.other}:
            touched |= {row.master, row.other}
            found.append(event_of(row))
    return found


def _apart(connection: Connection, ones: Sequence[Record], others: Sequence[Record], deed: Deed) -> None:
    """Cannot-links between two groups, in the place of must-links; a must-link by way of a third record stands."""
    same = [pair_of(each.left, each.right) for each in across(connection, ones, others) if each.same]
    revoke(connection, same, deed.who)
    say(connection, [pair_of(one, other) for one, other in product(ones, others)], deed, same=False, yielding=True)
