"""Epicor Functions: `/api/v2/efx/{company}/{library}/{function}`, POST only. One library, as a site would write it.

What it promises is docs/epicor-function.md; the tests of the contract run against this stand-in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from he_sync.sandbox.epicor import catalog, rows, sales_order, sets
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity, Business, NoAddress
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.state import encode

KEY = "HeSync.Order"
LONGEST_KEY = 200  # characters; ours has 64
HASH_SHOWN = 12


def create_order_once(ctx: Context, args: Row) -> Row:
    """`{"key", "order"}` -> `{"orderNum", "created"}`: the key's row in UD01 and the order commit together.

    The state's one writer makes concurrent calls wait for each other, as the row's unique key does in SQL Server: the
    second finds the first's row. Another order under a known key is refused with both hashes.
    """
    key, order = args.get("key"), args.get("order")
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or not isinstance(order, dict):
        raise BadEntity
    digest = hashlib.sha256(encode(_plain(order)).encode()).hexdigest()
    with ctx.transaction():
        known = rows.read(ctx, "UD01", KEY, key, "", "", "")
        if known is not None:
            _same(known, digest, key)
            return {"orderNum": int(known["Number01"]), "created": False}
        made = sets.create(ctx, sets.Target(sales_order.SALES_ORDER, catalog.table("OrderHed")), order)
        row = {"Key1": KEY, "Key2": key, "Number01": made["OrderNum"], "Character01": digest}
        rows.insert(ctx, "UD01", {"Company": ctx.company, **row})
    return {"orderNum": made["OrderNum"], "created": True}


def _plain(value: object) -> object:
    """The order with its keys in one order, so that two spellings of one order have one hash."""
    if isinstance(value, dict):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _same(known: Row, digest: str, key: str) -> None:
    """Raises Business where the key stands for another order. A row without a hash is older than the hash."""
    there = str(known["Character01"])
    if there and there != digest:
        what = f"key {key[:HASH_SHOWN]} stands for order {int(known['Number01'])}"
        hashes = f"stored {there[:HASH_SHOWN]}, sent {digest[:HASH_SHOWN]}"
        raise Business(f"HeSync.KeyTaken: {what} with another content ({hashes})", table="UD01", field="Key2")


LIBRARIES: dict[tuple[str, str], Callable[[Context, Row], Row]] = {("hesync", "createorderonce"): create_order_once}


def run(ctx: Context, library: str, function: str, args: Row) -> Row:
    """A published function's answer. Raises NoAddress for one that is not there or not published."""
    found = LIBRARIES.get((library.lower(), function.lower()))
    if found is None:
        raise NoAddress(f"Function {library}/{function} not found.")
    return found(ctx, args)
