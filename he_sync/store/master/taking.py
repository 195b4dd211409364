"""A run of the matching into the master: records as they are, customers with ids that last, the queue, households.

An id lasts as long as most of a customer's records stay together. What the run joins is merged and what it parts is
split, each with its event, so that both can be taken back; everything in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from he_sync.model.survivorship import RULES, Rules, Source
from he_sync.store import audit
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.master import followers, links, reviews
from he_sync.store.master.members import enter, golden, masters_of, new_masters, seen
from he_sync.store.master.merging import Rehearsed, merge_in, split_in
from he_sync.store.master.records import MASTER_LOCK, Deed, Record, in_order
from he_sync.store.master_tables import master_households
from he_sync.store.statements import one_at_a_time


@dataclass(frozen=True)
class Found:
    """What a run found: records, the cluster and household of each by name, and pairs for review."""

    run: str
    records: Sequence[Source]
    cluster: Mapping[Record, str]
    household: Mapping[Record, str] = field(default_factory=dict)
    review: Sequence[reviews.Pair] = ()


@dataclass(frozen=True)
class Taken:
    """What it changed in the master."""

    new: int
    joined: int
    merged: int
    parted: int
    changed: int
    review: int


def take(store: Store, found: Found, deed: Deed, *, rules: Rules = RULES, dry: bool = False) -> Taken:
    """Bring the master to what a run found; the same run again changes nothing."""

    def work(connection: Connection) -> Taken:
        one_at_a_time(connection, MASTER_LOCK)
        taken = _take(connection, found, deed, rules)
        if dry:
            raise Rehearsed(taken)
        audit.record(connection, deed.who, "matching taken", found.run, {"note": deed.why, **vars(taken)})
        return taken

    try:
        return store.run(work)
    except Rehearsed as rehearsed:
        taken: Taken = rehearsed.args[0]
        return taken


@dataclass(frozen=True)
class _Plan:
    """Groups of records with the customer that each becomes, the group that each customer goes with, and owners."""

    groups: Mapping[str, Sequence[Record]]
    targets: Mapping[str, int]
    ways: Mapping[int, str]
    owner: Mapping[Record, int]


def _take(connection: Connection, found: Found, deed: Deed, rules: Rules) -> Taken:
    now = now_in(connection)
    changed = seen(connection, found.records, now)
    groups, owner = _groups(found.cluster), masters_of(connection, list(found.cluster))
    ways = _ways(groups, owner)
    targets: dict[str, int] = {}
    for master, name in ways.items():
        targets.setdefault(name, master)
    fresh = [name for name in groups if name not in targets]
    plan = _Plan(groups, targets | dict(zip(fresh, new_masters(connection, len(fresh), now), strict=True)), ways, owner)
    parted, merged = _part(connection, plan, deed), _merge(connection, plan, deed)
    joined = _join(connection, plan, now)
    now_of = masters_of(connection, list(found.cluster))
    golden(connection, {now_of[record] for record in changed if record in now_of} | joined.keys(), rules)
    _households(connection, found.household, now_of)
    waiting = reviews.queue(connection, found.run, found.review)
    return Taken(len(fresh), sum(map(len, joined.values())), merged, parted, len(changed), waiting)


def _groups(cluster: Mapping[Record, str]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in sorted(cluster, key=in_order):
        found.setdefault(cluster[record], []).append(record)
    return found


def _ways(groups: Mapping[str, Sequence[Record]], owner: Mapping[Record, int]) -> dict[int, str]:
    """The group that each customer goes with: the one with most of its records, of equals the first."""
    votes: dict[int, Counter[str]] = {}
    for name, records in groups.items():
        for record in records:
            if record in owner:
                votes.setdefault(owner[record], Counter())[name] += 1
    return {master: votes[master].most_common(1)[0][0] for master in sorted(votes)}


def _part(connection: Connection, plan: _Plan, deed: Deed) -> int:
    """Records leave a customer that goes another way than they do."""
    leaving: dict[tuple[int, str], list[Record]] = {}
    for name, records in plan.groups.items():
        for record in records:
            if record in plan.owner and plan.ways[plan.owner[record]] != name:
                leaving.setdefault((plan.owner[record], name), []).append(record)
    for (master, name), records in leaving.items():
        split_in(connection, master, records, plan.targets[name], deed)
    return len(leaving)


def _merge(connection: Connection, plan: _Plan, deed: Deed) -> int:
    """Customers that go one way become the oldest of them."""
    merging = [(master, plan.targets[name]) for master, name in plan.ways.items() if plan.targets[name] != master]
    for master, target in merging:
        merge_in(connection, master, target, deed)
    return len(merging)


def _join(connection: Connection, plan: _Plan, now: datetime) -> dict[int, list[Record]]:
    """New records by customer, in the customer and on its account."""
    joined: dict[int, list[Record]] = {}
    for name, records in plan.groups.items():
        if new := [record for record in records if record not in plan.owner]:
            joined[plan.targets[name]] = new
    enter(connection, joined, now)
    followers.follow(connection, links.join(connection, joined, now))
    return joined


def _households(connection: Connection, household: Mapping[Record, str], owner: Mapping[Record, int]) -> None:
    """The run's households, each named by its lowest customer."""
    if not household:
        return
    first: dict[str, int] = {}
    home: dict[int, str] = {}
    for record, name in household.items():
        master = owner[record]
        home.setdefault(master, name)
        first[name] = min(master, first.get(name, master))
    connection.execute(delete(master_households))
    rows = [{"master": master, "household": first[name]} for master, name in sorted(home.items())]
    if rows:
        connection.execute(insert(master_households), rows)
