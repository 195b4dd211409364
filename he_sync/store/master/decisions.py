"""What people said about pairs of records: one customer (must-link) or two (cannot-link), until somebody revokes it.

The next run of the matching obeys them. Two decisions never contradict each other, not by way of a third record either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, union, update

from he_sync.model.errors import FixInput
from he_sync.store import audit
from he_sync.store.clock import now_in
from he_sync.store.database import Store
from he_sync.store.master.records import ENTITY, MASTER_LOCK, Deed, Record, in_order
from he_sync.store.master_tables import master_decisions, master_events, master_members, master_reviews
from he_sync.store.statements import one_at_a_time
from he_sync.store.tables import crosswalk

STANDS = master_decisions.c.revoked_at.is_(None)
LINKED = ("crosswalk", "linked")
WORDS = {True: "one customer", False: "two customers"}


@dataclass(frozen=True)
class Decision:
    """One pair, in the order of `pair_of`, and what was said of it."""

    left: Record
    right: Record
    same: bool
    who: str
    why: str
    at: datetime

    @property
    def asked(self) -> bool:
        """Whether it is a person's word; a link of the crosswalk shows only that somebody orders on an account."""
        return (self.who, self.why) != LINKED


def standing(store: Store) -> list[Decision]:
    """The decisions that stand, in the order in which they were made."""
    return store.run(standing_in)


def standing_in(connection: Connection) -> list[Decision]:
    """The same inside the caller's transaction."""
    return [_decision(row) for row in connection.execute(select(master_decisions).where(STANDS).order_by("seq"))]


def constraints(store: Store) -> list[Decision]:
    """What the next run must obey: the decisions that stand, and the links of the crosswalk that people and flows made.

    Links that the master made itself come from a run's guesses; as a rule of the next run they would prove themselves.
    Links that would join what a person parted, by way of others too, are left out: the decision is the later word.
    """
    return store.run(_constraints)


def _constraints(connection: Connection) -> list[Decision]:
    said = standing_in(connection)
    own = union(select(master_members.c.since), select(master_events.c.at))
    mine = (crosswalk.c.entity == ENTITY, crosswalk.c.until.is_(None), crosswalk.c.since.not_in(own))
    rows = connection.execute(select(crosswalk).where(*mine))
    links = [
        Decision(
            *pair_of(Record("heartland", row.heartland_id), Record("epicor", row.epicor_id)), True, *LINKED, row.since
        )
        for row in rows
    ]
    links.sort(key=lambda one: (in_order(one.left), in_order(one.right)))
    group = _components([each for each in said if each.same] + links)
    torn = {group[each.left] for each in said if not each.same and group.get(each.left) == group.get(each.right, ...)}
    return said + [each for each in links if group[each.left] not in torn]


def _components(links: Collection[Decision]) -> dict[Record, Record]:
    """The representative of each record's group."""
    parent: dict[Record, Record] = {}

    def root(record: Record) -> Record:
        parent.setdefault(record, record)
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for each in links:
        parent[root(each.right)] = root(each.left)
    return {record: root(record) for record in list(parent)}


def decide(store: Store, one: Record, other: Record, deed: Deed, *, same: bool) -> bool:
    """Say of two records that they are one customer, or two; a new word about a pair takes the place of the old one.

    False where it was said already. Raises FixInput where earlier decisions about other pairs say the opposite.
    """

    def work(connection: Connection) -> bool:
        one_at_a_time(connection, MASTER_LOCK)
        if not say(connection, [pair_of(one, other)], deed, same=same):
            return False
        subject = " and ".join(map(str, pair_of(one, other)))
        audit.record(connection, deed.who, f"said to be {WORDS[same]}", subject, {"note": deed.why})
        return True

    return store.run(work)


def pair_of(one: Record, other: Record) -> tuple[Record, Record]:
    """The two in the one order in which pairs are kept. Raises FixInput for a record and itself."""
    if one == other:
        raise FixInput(f"{one} is one record; a decision is about two")
    first, second = sorted((one, other), key=in_order)
    return first, second


def say(
    connection: Connection,
    pairs: Collection[tuple[Record, Record]],
    deed: Deed,
    *,
    same: bool,
    yielding: bool = False,
) -> int:
    """Decisions about pairs; how many are new. One that contradicts another is refused, or left out (`yielding`)."""
    now, said = now_in(connection), 0
    for pair in pairs:
        before = connection.execute(select(master_decisions).where(STANDS, _of(pair))).first()
        if before is not None and before.same == same:
            continue
        revoke(connection, [pair], deed.who)
        if against := _against(connection, pair, same=same):
            if yielding:
                continue
            raise FixInput(against)
        ends = dict(zip(("left_side", "left_id", "right_side", "right_id"), [*pair[0], *pair[1]], strict=True))
        connection.execute(
            insert(master_decisions), {**ends, "same": same, "who": deed.who, "reason": deed.why, "at": now}
        )
        connection.execute(
            master_reviews.delete().where(*(master_reviews.c[name] == end for name, end in ends.items()))
        )
        said += 1
    return said


def revoke(connection: Connection, pairs: Iterable[tuple[Record, Record]], who: str) -> None:
    """Take back what stands about these pairs."""
    values = {"revoked_at": now_in(connection), "revoked_by": who}
    for pair in pairs:
        connection.execute(update(master_decisions).where(STANDS, _of(pair)).values(values))


def across(connection: Connection, ones: Collection[Record], others: Collection[Record]) -> list[Decision]:
    """Decisions that stand between two groups of records."""
    first, second = set(ones), set(others)
    return [
        each
        for each in _touching(connection, first)
        if (each.left in first and each.right in second) or (each.right in first and each.left in second)
    ]


def _against(connection: Connection, pair: tuple[Record, Record], *, same: bool) -> str:
    """What of the closure of earlier decisions says the opposite, in words; "" for nothing."""
    mine, theirs = (_together(connection, record) for record in pair)
    if not same and pair[1] in mine:
        chain = ", ".join(sorted(map(str, mine)))
        return f"{pair[0]} and {pair[1]} are one customer by earlier decisions ({chain}); revoke one of these first"
    apart = [each for each in across(connection, mine, theirs) if not each.same]
    if not same or not apart:
        return ""
    one = apart[0]
    return f"{one.left} and {one.right} are two customers, said {one.who}; {pair[0]} and {pair[1]} cannot be one"


def _together(connection: Connection, record: Record) -> set[Record]:
    found, fresh = {record}, {record}
    while fresh:
        linked = {end for each in _touching(connection, fresh) if each.same for end in (each.left, each.right)}
        fresh = linked - found
        found |= fresh
    return found


def _touching(connection: Connection, records: Collection[Record]) -> list[Decision]:
    found: dict[int, Decision] = {}
    for record in sorted(records):
        ends = or_(
            and_(master_decisions.c.left_side == record.side, master_decisions.c.left_id == record.id),
            and_(master_decisions.c.right_side == record.side, master_decisions.c.right_id == record.id),
        )
        for row in connection.execute(select(master_decisions).where(STANDS, ends)):
            found[row.seq] = _decision(row)
    return [found[seq] for seq in sorted(found)]


def _of(pair: tuple[Record, Record]) -> Any:
    left, right = pair
    names = ("left_side", "left_id", "right_side", "right_id")
    return and_(*(master_decisions.c[name] == end for name, end in zip(names, [*left, *right], strict=True)))


def _decision(row: Row[Any]) -> Decision:
    ends = Record(row.left_side, row.left_id), Record(row.right_side, row.right_id)
    return Decision(*ends, bool(row.same), row.who, row.reason, row.at)
