"""Epicor Functions: `/api/v2/efx/{company}/{library}/{function}`, POST only. One library, as a site would write it."""

from __future__ import annotations

from collections.abc import Callable

from he_sync.sandbox.epicor import catalog, rows, sales_order, sets
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity, NoAddress
from he_sync.sandbox.epicor.rows import Row

KEY = "HeSync.Order"


def create_order_once(ctx: Context, args: Row) -> Row:
    """`{"key", "order"}` -> `{"orderNum", "created"}`: the key's row in UD01 and the order commit together."""
    key, order = args.get("key"), args.get("order")
    if not isinstance(key, str) or not key or not isinstance(order, dict):
        raise BadEntity
    with ctx.transaction():
        known = rows.read(ctx, "UD01", KEY, key, "", "", "")
        if known is not None:
            return {"orderNum": int(known["Number01"]), "created": False}
        bo = sales_order.SALES_ORDER
        made = sets.create(ctx, sets.Target(bo, catalog.table("OrderHed")), order)
        rows.insert(ctx, "UD01", {"Company": ctx.company, "Key1": KEY, "Key2": key, "Number01": made["OrderNum"]})
    return {"orderNum": made["OrderNum"], "created": True}


LIBRARIES: dict[tuple[str, str], Callable[[Context, Row], Row]] = {("hesync", "createorderonce"): create_order_once}


def run(ctx: Context, library: str, function: str, args: Row) -> Row:
    """A published function's answer. Raises NoAddress for one that is not there or not published."""
    found = LIBRARIES.get((library.lower(), function.lower()))
    if found is None:
        raise NoAddress(f"Function {library}/{function} not found.")
    return found(ctx, args)
