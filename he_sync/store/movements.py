"""Movements of the shop's stock by their ids in its ledger: each is taken once, and it is known what books it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select

from he_sync.store.database import Store
from he_sync.store.effects.records import DONE
from he_sync.store.statements import batches
from he_sync.store.stock_tables import stock_movements
from he_sync.store.tables import effects

WAITS = "waits: "
"""How `why` begins of a movement that will be booked once a person mended something."""


@dataclass(frozen=True)
class Movement:
    """One line of the shop's ledger: signed milli of an item at a place, by a document ("Ticket 117060").

    `effect_key` books it in the ERP; "" says that nothing does, and `why`. `moved_at` is the shop's own time.
    """

    number: int
    sku: str
    place: str
    milli: int
    document: str
    moved_at: datetime
    effect_key: str = ""
    why: str = ""


def known(where: Connection | Store, numbers: Iterable[int]) -> set[int]:
    """Which of these were taken already."""
    if isinstance(where, Store):
        with where.begin() as connection:
            return known(connection, numbers)
    found: set[int] = set()
    for some in batches(sorted(set(numbers))):
        query = select(stock_movements.c.number).where(stock_movements.c.number.in_(some))
        found |= set(where.execute(query).scalars())
    return found


def put(connection: Connection, those: Sequence[Movement]) -> None:
    """Take movements in the transaction that plans what books them; one that waited is there anew."""
    for some in batches([one.number for one in those]):
        waited = (stock_movements.c.number.in_(some), stock_movements.c.why.startswith(WAITS))
        connection.execute(delete(stock_movements).where(*waited))
    if those:
        rows = [{**vars(one), "effect_key": one.effect_key or None} for one in those]
        connection.execute(insert(stock_movements), rows)


def waiting(store: Store) -> list[int]:
    """Movements that wait for a person to mend something, oldest first; they are decided anew with every look."""
    query = select(stock_movements.c.number).where(stock_movements.c.why.startswith(WAITS))
    with store.begin() as connection:
        return list(connection.execute(query.order_by(stock_movements.c.number)).scalars())


def unsettled(store: Store, skus: Iterable[str], since: datetime | None = None) -> list[Movement]:
    """Movements of these items that may not be in what the ERP counted at `since`, in the order of the ledger.

    That is: their booking is not done, or was done only then. Without `since` those whose booking is not done.
    """
    late = or_(effects.c.state.not_in(DONE), stock_movements.c.why.startswith(WAITS))
    late = late if since is None else or_(late, effects.c.finished_at >= since)
    joined = stock_movements.outerjoin(effects, stock_movements.c.effect_key == effects.c.key)
    query = select(stock_movements).select_from(joined).where(late)
    with store.begin() as connection:
        rows = [
            row
            for some in batches(sorted(set(skus)))
            for row in connection.execute(query.where(stock_movements.c.sku.in_(some)))
        ]
    return sorted((_movement(row) for row in rows), key=lambda one: one.number)


def lately(store: Store, skus: Iterable[str], since: datetime) -> list[Movement]:
    """Movements of these items that the shop made after an instant, by its own clock."""
    query = select(stock_movements).where(stock_movements.c.moved_at >= since)
    with store.begin() as connection:
        return [
            _movement(row)
            for some in batches(sorted(set(skus)))
            for row in connection.execute(query.where(stock_movements.c.sku.in_(some)))
        ]


def _movement(row: Row[Any]) -> Movement:
    told = {name: getattr(row, name) for name in ("number", "sku", "place", "milli", "document", "moved_at", "why")}
    return Movement(**told, effect_key=row.effect_key or "")
