"""What the shop counts: items, values and places of many SKUs in few calls, and what moved since a mark.

The mark is the newest id of the shop's ledger of movements before the values were read: whatever moved after it has a
higher one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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


def read(client: HeartlandClient, retailer: Retailer, skus: Iterable[str]) -> Shop:
    """The latest counts of these SKUs at every place of the profile; a place without a value counts nothing."""
    mark, wanted = newest(client), sorted(set(skus))
    items, fractional, twice = _items(client, wanted)
    at, reads = datetime.now(UTC), dict[Spot, Read]()
    values = _values(client, items)
    for sku, number in items.items():
        for store in retailer.stores:
            row = values.get((number, store.location_id), {})
            record = f"inventory value {number} at location {store.location_id}"
            count = Figure(to_milli(row.get("qty_on_hand") or 0), "heartland", at, record)
            reads[sku, store.code] = Read(number, count, str(mark), to_milli(row.get("qty_committed") or 0))
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


def _values(client: HeartlandClient, items: dict[str, int]) -> dict[Cell, dict[str, Any]]:
    found, ids = {}, sorted(items.values())
    for start in range(0, len(ids), AT_ONCE):
        asked = [*GROUPS, *COUNTS, *filtered({"item_id": {"$in": ids[start : start + AT_ONCE]}})]
        for page in client.walk_pages(VALUES, asked, lambda row: (row["item_id"], row["location_id"]), VALUES_PAGE):
            found.update({(int(row["item_id"]), int(row["location_id"])): row for row in page})
    return found
