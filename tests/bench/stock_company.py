"""A company with many counts: so many parts at twenty places that Epicor owns, each counted alike by the shop.

`python -m tests.bench.stock_company FOLDER PARTS` serves it, prints the settings that reach it, ends with its stdin.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.model.retailer import Retailer, Store
from he_sync.sandbox import world
from he_sync.sandbox.server import running
from he_sync.sandbox.state import State

PLACES, SEED = 20, 7
FIRST_PLACE, FIRST_ITEM = 200_001, 200_001
STOCK = 50
Row = tuple[Any, Any, dict[str, Any]]


def codes() -> list[tuple[int, str]]:
    """Location id and warehouse code of each place."""
    return [(FIRST_PLACE + n, f"B{n:03d}") for n in range(PLACES)]


def company(state: State, parts: int) -> Retailer:
    """Fill a state; the profile of those places alone."""
    world.create(state, size="small", seed=SEED)
    known = world.profile(state)
    with state.transaction("world"):
        state.load("heartland/locations", ((n, None, {"id": n, "name": code, "active?": True}) for n, code in codes()))
        state.load("heartland/items", (_item(n) for n in range(parts)))
        state.load("heartland/inventory/values", _values(parts))
        rev = state.next_rev(parts * (PLACES + 1)) - parts * (PLACES + 1) + 1
        state.load("epicor/Part", (_part(n, rev + n) for n in range(parts)))
        state.load("epicor/PartWhse", _warehouses(parts, rev + parts))
    stores = tuple(
        Store(code=code, name=code, location_id=n, timezone="UTC", warehouse=code, stock_owner="epicor")
        for n, code in codes()
    )
    return Retailer.model_validate({**known.model_dump(), "stores": [one.model_dump() for one in stores]})


def sku(n: int) -> str:
    return f"BS{n:06d}"


def _item(n: int) -> Row:
    number = FIRST_ITEM + n
    flags = {"active?": True, "track_inventory?": True, "allow_fractional_qty?": False}
    return number, None, {"id": number, "public_id": sku(n), "description": sku(n), **flags, "custom": {}}


def _values(parts: int) -> Iterator[Row]:
    counts = dict.fromkeys(("qty", "qty_on_hand", "qty_available"), STOCK)
    for n in range(parts):
        for place, _ in codes():
            ids = {"item_id": FIRST_ITEM + n, "location_id": place}
            yield f"{FIRST_ITEM + n}~{place}", None, {**ids, **counts, "qty_committed": 0}


def _part(n: int, rev: int) -> Row:
    known = {"Company": "EPIC06", "PartNum": sku(n), "PartDescription": sku(n), "IUM": "EA", "ClassID": "RTL"}
    return f"EPIC06~{sku(n)}", None, {**known, "TypeCode": "P", "SysRevID": rev}


def _warehouses(parts: int, rev: int) -> Iterator[Row]:
    for n in range(parts):
        for turn, (_, code) in enumerate(codes()):
            yield (whse_key(n, code), f"EPIC06~{sku(n)}", whse(n, code, STOCK, rev + n * PLACES + turn))


def whse_key(n: int, code: str) -> str:
    return f"EPIC06~{sku(n)}~MfgSys~{code}"


def whse(n: int, code: str, on_hand: int, rev: int) -> dict[str, Any]:
    """A PartWhse row."""
    ids = {"Company": "EPIC06", "PartNum": sku(n), "Plant": "MfgSys", "WarehouseCode": code}
    return {**ids, "OnHandQty": on_hand, "PrimBinNum": "01", "SysRevID": rev}


def main(folder: Path, parts: str) -> None:
    """Fill, serve, say where, and stop when stdin ends."""
    with running(folder / "sandbox") as sandbox:
        retailer = company(sandbox.state, int(parts))
        settings = house.sandbox_environment(sandbox, folder / "home", retailer)
        sys.stdout.write(json.dumps({**settings, "BENCH_STATE": str(folder / "sandbox")}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
