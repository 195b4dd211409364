"""Stock adjustments: one movement in Epicor, one completed set in Heartland, each under the effect's mark."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_sequences import Adjustment, adjust_quantity, find_adjustment
from he_sync.flows.writers.bench import Bench, Body, Writer, mark
from he_sync.model.errors import BrokenPromise, LookUpFirst

SETS = "inventory/adjustment_sets"


def _adjustment(bench: Bench, key: str, body: Body) -> Adjustment:
    return Adjustment(
        part=body["part"],
        warehouse=body["warehouse"],
        bin=body["bin"],
        delta=Decimal(body["delta"]),
        unit=body["unit"],
        reason=bench.retailer.epicor.adjust_reason,
        day=date.fromisoformat(body["date"]),
        reference=mark(key),
    )


def _find_erp(bench: Bench, key: str, body: Body) -> str | None:
    found = find_adjustment(bench.systems.epicor, _adjustment(bench, key, body))
    return str(found["TranNum"]) if found else None


def _write_erp(bench: Bench, key: str, body: Body) -> str:
    adjust_quantity(bench.systems.epicor, _adjustment(bench, key, body))
    if reference := _find_erp(bench, key, body):
        return reference
    raise LookUpFirst(f"the adjustment of {body['part']} was accepted and cannot be read back yet")


def _set(bench: Bench, key: str) -> dict[str, Any] | None:
    """The adjustment set that carries the key. Raises BrokenPromise where there are several."""
    pages = bench.systems.heartland.walk(SETS, {"description": mark(key)})
    found = [row for page in pages for row in page]
    if len(found) > 1:
        raise BrokenPromise(f"{len(found)} adjustment sets are called {mark(key)}; void all but one")
    return found[0] if found else None


def _find_pos(bench: Bench, key: str, _body: Body) -> str | None:
    """Found means complete: a set that was opened only still has to be written."""
    found = _set(bench, key)
    return str(found["id"]) if found and found["status"] == "complete" else None


def _write_pos(bench: Bench, key: str, body: Body) -> str:
    """The set unless it is there, its one line unless it is there, then its completion."""
    heartland = bench.systems.heartland
    head = {"location_id": body["location_id"], "adjustment_reason_id": body["reason_id"], "description": mark(key)}
    there = _set(bench, key)
    number = int(there["id"]) if there else heartland.create(SETS, head)
    path = f"{SETS}/{number}"
    if not heartland.list_all(f"{path}/lines"):
        heartland.create(f"{path}/lines", {"item_id": body["item_id"], "qty": Decimal(body["delta"])})
    heartland.update(path, {"status": "complete"})
    return str(number)


WRITERS = {"adjust_erp_stock": Writer(_find_erp, _write_erp), "adjust_pos_stock": Writer(_find_pos, _write_pos)}
