"""What refers to a customer and follows a merge: planned orders are re-pointed, planned customer writes wait.

Only what never left our side: what is under way, in doubt or confirmed was posted on its account and stays there, and
so do returns, whose credit belongs where their order stands (reference accounting 4.3 and 5, merged customers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from he_sync.store.canonical import canonical_json, read_json
from he_sync.store.effects.records import effect_of
from he_sync.store.master.links import Change, users
from he_sync.store.statements import batches, is_in
from he_sync.store.tables import effects

ORDER = "create_sales_order"
OF_THE_CUSTOMER = ("create_customer", "update_customer")
UNSENT = ("planned", "waiting_approval", "rejected")
HELD = ("waiting_approval", "the customer was merged")
"""State and reason of a write to a record that was merged into another."""


@dataclass(frozen=True)
class Followed:
    """Effects that changed with a merge: [key, field, was, now] each, ids only."""

    changes: tuple[tuple[str, str, Any, Any], ...] = ()
    amount_minor: int = 0


def follow(connection: Connection, links: Sequence[Change]) -> Followed:
    """Point unsent orders to the new account; hold writes to the merged record, and orders of a shared account."""
    moved = {one.was or f"H{one.heartland_id}": one for one in links if one.now}
    alone = {account for account in moved if not users(connection, account)}
    written = {f"customer {one.heartland_id}" for one in links if one.now}
    found: list[tuple[str, str, Any, Any]] = []
    amount = 0
    for row in _unsent(connection):
        body = read_json(row.body)
        change = moved.get(str(body.get("customer", "")))
        if row.kind == ORDER and change is not None:
            told = _ordered(connection, row, body, change) if body["customer"] in alone else _held(connection, row)
            found += told
            amount += row.amount_minor
        elif row.kind in OF_THE_CUSTOMER and row.entity in written:
            found += _held(connection, row)
    return Followed(tuple(found), amount)


def take_back(connection: Connection, changes: Sequence[Sequence[Any]]) -> None:
    """Undo what followed, of effects that still are as we left them: what was sent since stays."""
    keys = sorted({str(change[0]) for change in changes})
    rows: dict[str, Row[Any]] = {}
    for some in batches(keys):
        rows |= {row.key: row for row in connection.execute(select(effects).where(effects.c.key.in_(some)))}
    for key, name, was, now in reversed(changes):
        row = rows[key]
        if row.state not in UNSENT:
            continue
        if name == "customer" and read_json(row.body).get("customer") == now:
            _point(connection, row, {**read_json(row.body), "customer": was})
        elif name == "depends_on":
            connection.execute(update(effects).where(effects.c.key == key).values(depends_on=was))
        elif name in {"state", "waits_because"} and (row.state, row.waits_because) == HELD:
            connection.execute(update(effects).where(effects.c.key == key).values({name: was}))


def _unsent(connection: Connection) -> list[Row[Any]]:
    query = select(effects).where(
        is_in(effects.c.state, *UNSENT), effects.c.kind.in_((ORDER, *OF_THE_CUSTOMER)), effects.c.target == "epicor"
    )
    return list(connection.execute(query.order_by(effects.c.seq)))


def _ordered(
    connection: Connection, row: Row[Any], body: dict[str, Any], change: Change
) -> list[tuple[str, str, Any, Any]]:
    """The order on the new account; it no longer waits for the create of the old one."""
    _point(connection, row, {**body, "customer": change.now})
    told: list[tuple[str, str, Any, Any]] = [(row.key, "customer", body["customer"], change.now)]
    if row.depends_on and _creates(connection, row.depends_on, change.heartland_id):
        connection.execute(update(effects).where(effects.c.key == row.key).values(depends_on=None))
        told.append((row.key, "depends_on", row.depends_on, None))
    return told


def _creates(connection: Connection, key: str, heartland_id: str) -> bool:
    query = select(effects.c.kind, effects.c.entity).where(effects.c.key == key)
    row = connection.execute(query).one()
    return bool(row.kind == "create_customer" and row.entity == f"customer {heartland_id}")


def _point(connection: Connection, row: Row[Any], body: dict[str, Any]) -> None:
    digest = replace(effect_of(row), body=body).body_hash
    connection.execute(
        update(effects).where(effects.c.key == row.key).values(body=canonical_json(body), body_hash=digest)
    )


def _held(connection: Connection, row: Row[Any]) -> list[tuple[str, str, Any, Any]]:
    if row.state != "planned":
        return []
    waits = dict(zip(("state", "waits_because"), HELD, strict=True))
    connection.execute(update(effects).where(effects.c.key == row.key).values(waits))
    return [(row.key, name, getattr(row, name), now) for name, now in waits.items()]
