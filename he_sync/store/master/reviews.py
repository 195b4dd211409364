"""The queue of pairs that a run leaves to people, and the records of a pair side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from he_sync.model.survivorship import Source
from he_sync.store.database import Store
from he_sync.store.master.decisions import standing_in
from he_sync.store.master.members import sources
from he_sync.store.master.records import Record
from he_sync.store.master_tables import master_reviews
from he_sync.store.statements import AT_ONCE, batches


@dataclass(frozen=True)
class Pair:
    """A pair for a person. `reasons` is the waterfall in words and weights, as the run gave it."""

    left: Record
    right: Record
    score_millionths: int
    reasons: str
    skipped: int = 0
    number: int = 0


def queue(connection: Connection, run: str, pairs: Sequence[Pair]) -> int:
    """Replace the queue by a run's; pairs that were decided stay away, skips are remembered. How many wait."""
    decided = {(one.left, one.right) for one in standing_in(connection)}
    skips = {(one.left, one.right): one.skipped for one in waiting_in(connection)}
    connection.execute(delete(master_reviews))
    rows = [
        {
            "left_side": one.left.side,
            "left_id": one.left.id,
            "right_side": one.right.side,
            "right_id": one.right.id,
            "run": run,
            "score_millionths": one.score_millionths,
            "reasons": one.reasons,
            "skipped": skips.get((one.left, one.right), 0),
        }
        for one in pairs
        if (one.left, one.right) not in decided
    ]
    for some in batches(rows, AT_ONCE):
        connection.execute(insert(master_reviews), list(some))
    return len(rows)


def waiting(store: Store, limit: int | None = None) -> list[Pair]:
    """Pairs that wait: the least skipped first, then those nearest to even odds, where an answer tells most."""
    return store.run(lambda connection: waiting_in(connection, limit))


def waiting_in(connection: Connection, limit: int | None = None) -> list[Pair]:
    """The same inside the caller's transaction."""
    doubt = func.abs(master_reviews.c.score_millionths - 500_000)
    query = select(master_reviews).order_by(master_reviews.c.skipped, doubt, master_reviews.c.seq).limit(limit)
    return [
        Pair(
            Record(row.left_side, row.left_id),
            Record(row.right_side, row.right_id),
            row.score_millionths,
            row.reasons,
            row.skipped,
            row.seq,
        )
        for row in connection.execute(query)
    ]


def count(store: Store) -> int:
    """How many pairs wait."""
    query = select(func.count()).select_from(master_reviews)
    return store.run(lambda connection: connection.execute(query).scalar_one())


def skip(store: Store, pair: Pair) -> None:
    """Put a pair behind the others."""
    mine = master_reviews.c.seq == pair.number
    values = {"skipped": master_reviews.c.skipped + 1}
    store.run(lambda connection: connection.execute(update(master_reviews).where(mine).values(values)) and None)


def side_by_side(store: Store, pair: Pair) -> tuple[Source, Source]:
    """Both records as last seen; an erased one has no fields."""
    found = store.run(lambda connection: sources(connection, [pair.left, pair.right], erased=True))
    left, right = (found[one][0] if one in found else Source(one.side, one.id, {}) for one in (pair.left, pair.right))
    return left, right
