"""What the shop counts: items, values and places of many SKUs in few calls, and what moved since a mark.

The mark is the newest id of the shop's ledger of movements before the values were read: whatever moved after it has a
higher one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.heartland_query import filtered
from he_sync.model.quantity import to_milli
from he_sync.model.retailer import Retailer
from he_sync.stock.figures import Figure
from he_sync.stock.push import Read, Spot

LEDGER, VALUES, ITEMS = "inventory/transactions", "inventory/values", "items"
GROUPS = [("group[]", "item_id"), ("group[]", "location_id")]
Cell = tuple[int, int]
"""Heartland's ids of an item and a location."""
COUNTS = [("_only[]", name) for name in ("item_id", "location_id", "qty_on_hand", "qty_committed")]
VALUES_PAGE = 2_500
"""Rows of four fields: pages of so many were seen working (reference heartland 1.2)."""
AT_ONCE = 200
"""Items a request: ids and SKUs of that many fit an address of 8 KB, were each SKU 25 characters long."""


@dataclass(frozen=True)
class Shop:
    """What was read of some SKUs: counts by spot, items sold by fractions, SKUs that two items claim."""

    mark: int
    reads: dict[Spot, Read]
    fractional: frozenset[str]
    twice: dict[str, tuple[int, ...]] = field(default_factory=dict)


def newest(client: HeartlandClient) -> int:
    """The newest id of the ledger of movements; 0 for an empty one."""
    pages = client.walk_pages(LEDGER, [("sort[]", "id,desc"), ("_only[]", "id")], page_size=1)
    return max((int(row["id"]) for row in next(pages, [])), default=0)


def moved_since(client: HeartlandClient, mark: int, items: Collection[int] = (), location: int = 0) -> set[Cell]:
    """(item id, location id) of what moved after a mark, of these items at this location where they are named."""
    asked: dict[str, Any] = {"location_id": location} if location else {}
    asked |= {"item_id": {"$in": sorted(items)}} if items else {}
    found = client.walk(LEDGER, asked, only=("item_id", "location_id"), start=mark)
    return {(int(row["item_id"]), int(row["location_id"])) for page in found for row in page}


def closed(client: HeartlandClient, retailer: Retailer) -> dict[str, str]:
    """Places of the profile that the shop does not run, by code, with the reason."""
    there = client.by_ids("locations", [store.location_id for store in retailer.stores])
    found = {}
    for store in retailer.stores:
        row = there.get(store.location_id)
        if row is None or not row.get("active?", True):
            said = "is not there" if row is None else "is closed"
            found[store.code] = f"location {store.location_id} ({store.code}) {said} in Heartland"
    return found


def read(client: HeartlandClient, retailer: Retailer, spots: Collection[Spot]) -> Shop:
    """The latest counts of these spots; a place without a value counts nothing. A SKU without an item has no count."""
    mark, places = newest(client), {store.code: store.location_id for store in retailer.stores}
    items, fractional, twice = _items(client, sorted({sku for sku, _ in spots}))
    at, reads = datetime.now(UTC), dict[Spot, Read]()
    values = _values(client, items, {(items[sku], places[code]) for sku, code in spots if sku in items})
    for sku, code in spots:
        if sku in items:
            number, place = items[sku], places[code]
            on_hand, committed = values.get((number, place), (0, 0))
            count = Figure(on_hand, "heartland", at, f"inventory value {number} at location {place}")
            reads[sku, code] = Read(number, count, str(mark), committed)
    return Shop(mark, reads, frozenset(fractional), twice)


def _items(client: HeartlandClient, skus: Sequence[str]) -> tuple[dict[str, int], set[str], dict[str, tuple[int, ...]]]:
    """Ids by SKU, SKUs sold by fractions, and SKUs of several items, which are nobody's until a person says."""
    ids: dict[str, list[int]] = {}
    fractional = set()
    for start in range(0, len(skus), AT_ONCE):
        asked = {"public_id": {"$in": list(skus[start : start + AT_ONCE])}}
        for page in client.walk(ITEMS, asked, only=("public_id", "allow_fractional_qty?")):
            for row in page:
                ids.setdefault(str(row["public_id"]), []).append(int(row["id"]))
                if row.get("allow_fractional_qty?"):
                    fractional.add(str(row["public_id"]))
    one = {sku: some[0] for sku, some in ids.items() if len(some) == 1}
    return one, fractional, {sku: tuple(some) for sku, some in ids.items() if len(some) > 1}


def _values(client: HeartlandClient, items: dict[str, int], wanted: set[Cell]) -> dict[Cell, tuple[int, int]]:
    """On hand and committed in milli of the wanted cells; the others of their items are read along and dropped."""
    found: dict[Cell, tuple[int, int]] = {}
    ids = sorted(items.values())
    for start in range(0, len(ids), AT_ONCE):
        asked = [*GROUPS, *COUNTS, *filtered({"item_id": {"$in": ids[start : start + AT_ONCE]}})]
        for page in client.walk_pages(VALUES, asked, lambda row: (row["item_id"], row["location_id"]), VALUES_PAGE):
            for row in page:
                if (cell := (int(row["item_id"]), int(row["location_id"]))) in wanted:
                    found[cell] = (to_milli(row.get("qty_on_hand") or 0), to_milli(row.get("qty_committed") or 0))
    return found
