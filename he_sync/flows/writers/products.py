"""Items and grids in the shop, parts in Epicor: a new one is found by its number, a change by what it says."""

from __future__ import annotations

from typing import Any

from he_sync.connect.epicor_query import equals
from he_sync.flows.writers.bench import Asked, Bench, Body, Found, Writer, one_of
from he_sync.mapping import products
from he_sync.mapping.products import Product
from he_sync.model.errors import BrokenPromise, LookUpFirst, Refused

ITEMS, GRIDS, PARTS = "items", "item_grids", ("Erp.BO.PartSvc", "Parts")
STYLE = "epicor_style"
"""Key of the grid's custom field that carries the style it stands for."""


# items


def _rows(bench: Bench, skus: list[str]) -> dict[str, dict[str, Any]]:
    """Items by SKU. Raises BrokenPromise where two have one."""
    found: dict[str, dict[str, Any]] = {}
    for page in bench.systems.heartland.walk(ITEMS, {"public_id": {"$in": skus}}):
        for row in page:
            sku = str(row["public_id"])
            if sku in found:
                raise BrokenPromise(f"items {found[sku]['id']} and {row['id']} are both called {sku}; rename one")
            found[sku] = row
    return found


def _find_new(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_all_new(bench, [(key, body)]), key)


def _find_all_new(bench: Bench, asked: Asked) -> Found:
    rows = _rows(bench, [body["public_id"] for _, body in asked])
    return {key: str(rows[body["public_id"]]["id"]) for key, body in asked if body["public_id"] in rows}


def _create(bench: Bench, _key: str, body: Body) -> str:
    return str(bench.systems.heartland.create(ITEMS, _item(bench, body)))


def _item(bench: Bench, body: Body) -> Body:
    """The body with the grid's id in the place of its style."""
    fields = {name: value for name, value in body.items() if name not in {"style", "fields"}}
    fields |= products.body(body["fields"])
    return {**fields, "grid_id": _grid_id(bench, body["style"])} if body.get("style") else fields


def _find_changed(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_all_changed(bench, [(key, body)]), key)


def _find_all_changed(bench: Bench, asked: Asked) -> Found:
    rows = bench.systems.heartland.by_ids(ITEMS, [int(body["item_id"]) for _, body in asked])
    found = Found()
    for key, body in asked:
        row = rows.get(int(body["item_id"]))
        if row is None:
            found[key] = Refused(f"item {body['public_id']} is gone from Heartland; withdraw this change")
        elif not products.differing(Product(body["public_id"], body["fields"]), row) and _in_grid(bench, row, body):
            found[key] = str(body["item_id"])
    return found


def _in_grid(bench: Bench, row: Body, body: Body) -> bool:
    return not body.get("style") or row.get("grid_id") == _grids(bench).get(body["style"])


def _change(bench: Bench, _key: str, body: Body) -> str:
    named = {name: value for name, value in body.items() if name in {"style", "fields"}}
    bench.systems.heartland.update(f"{ITEMS}/{int(body['item_id'])}", _item(bench, named))
    return str(body["item_id"])


# grids


def _grids(bench: Bench) -> dict[str, int]:
    """Grid ids by style; read once a bench, and anew when one was made."""
    if GRIDS not in bench.standing:
        pages = bench.systems.heartland.walk(GRIDS, only=("custom",))
        rows = [row for page in pages for row in page if (row.get("custom") or {}).get(STYLE)]
        bench.standing[GRIDS] = {str(row["custom"][STYLE]): int(row["id"]) for row in rows}
    found: dict[str, int] = bench.standing[GRIDS]
    return found


def _grid_id(bench: Bench, style: str) -> int:
    if style not in _grids(bench):
        raise Refused(f"Heartland has no grid of style {style}; plan the products again")
    return _grids(bench)[style]


def _find_grid(bench: Bench, _key: str, body: Body) -> str | None:
    bench.standing.pop(GRIDS, None)
    number = _grids(bench).get(body["custom"][STYLE])
    return None if number is None else str(number)


def _create_grid(bench: Bench, _key: str, body: Body) -> str:
    number = bench.systems.heartland.create(GRIDS, body)
    _grids(bench)[body["custom"][STYLE]] = number
    return str(number)


# parts


def _find_part(bench: Bench, _key: str, body: Body) -> str | None:
    rows = bench.systems.epicor.read(*PARTS, filter=equals("PartNum", body["PartNum"]), select=("PartNum",))
    return str(rows[0]["PartNum"]) if rows else None


def _create_part(bench: Bench, key: str, body: Body) -> str:
    bench.systems.epicor.insert(*PARTS, body)
    if (found := _find_part(bench, key, body)) is None:
        raise LookUpFirst(f"part {body['PartNum']} was accepted and cannot be read back yet")
    return found


WRITERS = {
    "create_item": Writer(_find_new, _create, _find_all_new),
    "update_item": Writer(_find_changed, _change, _find_all_changed),
    "create_item_grid": Writer(_find_grid, _create_grid),
    "create_part": Writer(_find_part, _create_part),
}
