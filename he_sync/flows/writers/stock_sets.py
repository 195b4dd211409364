"""Adjustment sets of many lines: none is begun on an old read, each is found by its mark and ended where it broke off.

Lines go one after the other: adjustment lines sent beside each other failed, in order they did not (reference
heartland 1.3). The set moves stock when it is completed, all lines at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from he_sync.flows.stock import shop
from he_sync.flows.writers.bench import UNSEEN, Asked, Bench, Body, Found, Writer, mark, one_of
from he_sync.model.errors import BrokenPromise, Refused
from he_sync.stock.push import OLDEST

SETS = "inventory/adjustment_sets"
STALE = "stale: "
"""How the reason begins for which a set is planned again and not sent again."""


def _find(bench: Bench, key: str, body: Body) -> str | None:
    return one_of(_find_many(bench, [(key, body)]), key)


def _find_many(bench: Bench, asked: Asked) -> Found:
    """Found means complete; what is open still has to be written."""
    marks = {mark(key): key for key, _ in asked}
    rows: dict[str, list[dict[str, Any]]] = {}
    for page in bench.systems.heartland.walk(SETS, {"description": {"$in": sorted(marks)}}):
        for row in page:
            rows.setdefault(marks[str(row["description"])], []).append(row)
    found = Found()
    for key, _ in asked:
        there = rows.get(key, [])
        if len(there) > 1:
            found[key] = BrokenPromise(f"{len(there)} adjustment sets are called {mark(key)}; void all but one")
        elif there and there[0]["status"] == "complete":
            found[key] = str(there[0]["id"])
        else:
            bench.standing[key] = there[0] if there else None
    return found


def _write(bench: Bench, key: str, body: Body) -> str:
    """The set unless it is there, the lines that it lacks, then its completion."""
    heartland, there = bench.systems.heartland, bench.standing.pop(key, UNSEEN)
    if there is UNSEEN:
        if (done := _find(bench, key, body)) is not None:
            return done
        there = bench.standing.pop(key)
    _refuse_foreign(bench, body)
    if there is None:
        _refuse_stale(bench, body)
        head = {"location_id": body["location_id"], "adjustment_reason_id": body["reason_id"]}
        number, has = heartland.create(SETS, {**head, "description": mark(key)}), set[int]()
    else:
        number = int(there["id"])
        has = {int(row["item_id"]) for row in heartland.list_all(f"{SETS}/{number}/lines")}
    path = f"{SETS}/{number}"
    for line in body["lines"]:
        if int(line["item_id"]) not in has:
            heartland.create(f"{path}/lines", {"item_id": line["item_id"], "qty": Decimal(line["delta"])})
    heartland.update(path, {"status": "complete"})
    return str(number)


def _refuse_foreign(bench: Bench, body: Body) -> None:
    """Who owned a count when the plan was made may not own it when it is written."""
    for line in body["lines"]:
        owner = bench.retailer.stock_owner(line["class"], body["place"])
        if owner != "epicor":
            who = owner or "nobody"
            raise Refused(f"{STALE}item {line['sku']} @ {body['place']}: {who} owns its count, so Epicor's is not sent")


def _refuse_stale(bench: Bench, body: Body) -> None:
    """Raises Refused before anything is written: for an old read, a closed place, an item that is gone or moved."""
    heartland, place, number = bench.systems.heartland, body["place"], int(body["location_id"])
    if datetime.now(UTC) - datetime.fromisoformat(body["read_at"]) > OLDEST:
        raise Refused(f"{STALE}{place} was read at {body['read_at'][:19]}, too long ago; read and plan again")
    row = heartland.by_ids("locations", [number]).get(number)
    if row is None or not row.get("active?", True):
        raise Refused(f"{STALE}location {number} ({place}) is closed in Heartland; take it out of the profile")
    ids = {int(line["item_id"]): line for line in body["lines"]}
    there = heartland.by_ids("items", ids, ("public_id",))
    moved = shop.moved_since(heartland, int(body["mark"]), ids, number)
    for item, line in ids.items():
        said = "moved since it was read" if (item, number) in moved else "" if item in there else "is gone"
        if said:
            raise Refused(f"{STALE}item {line['sku']} @ {place} {said}; read and plan again")


WRITERS = {"adjust_pos_set": Writer(_find, _write, _find_many)}
