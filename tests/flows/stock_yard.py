"""A yard of stock on the desk's sandbox: both systems' counts of an item at a place, and people who move it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from he_sync.connect.epicor_sequences import Adjustment, adjust_quantity
from he_sync.flows.fulfilment.stock import floor
from he_sync.flows.stock import book, send
from he_sync.flows.stock.sets import Yard
from he_sync.stock.policy import Policy
from he_sync.store.database import open_store
from tests.flows.desk import Desk

CENTRE = "D001"
numbers = count(1)


class People:
    """Who moves stock in either system, and what each counts of it. New items, so that no test sees another's."""

    def __init__(self, desk: Desk, yard: Yard) -> None:
        self.desk, self.yard = desk, yard
        self.pos, self.erp, self.state = desk.systems.heartland, desk.systems.epicor, desk.sandbox.state
        self.stores = {one.code: one for one in desk.retailer.stores}
        self.ids: dict[str, int] = {}

    def item(self, *places: str, on_hand: int = 0, unit: str = "EA", part: bool = True, **more: Any) -> str:
        """A new item of both systems, with so many at these places in both, as if it had always been so."""
        sku = f"ST{next(numbers):05d}"
        body = {"public_id": sku, "description": sku, "price": Decimal(20), "track_inventory": True, **more}
        self.ids[sku] = self.pos.create("items", body)
        if part:
            self.part(sku, unit)
            for code in places:
                self._lies(sku, code, on_hand)
        return sku

    def _lies(self, sku: str, code: str, pieces: int) -> None:
        """A count of both systems that no movement made."""
        store = self.stores[code]
        ids = {"Company": "EPIC06", "PartNum": sku, "Plant": "MfgSys", "WarehouseCode": store.warehouse}
        row = {**ids, "OnHandQty": pieces, "PrimBinNum": store.bin, "SysRevID": self.state.next_rev(1)}
        self.state.put("epicor/PartWhse", "~".join(ids.values()), row, f"EPIC06~{sku}")
        value = {"item_id": self.ids[sku], "location_id": store.location_id, "qty_committed": 0, "qty_on_po": 0}
        value |= {"qty": pieces, "qty_on_hand": pieces, "qty_available": pieces, "qty_in_transit": 0}
        self.state.put("heartland/inventory/values", f"{self.ids[sku]}~{store.location_id}", value)

    def part(self, sku: str, unit: str = "EA", klass: str = "RTL") -> None:
        body = {"PartNum": sku, "PartDescription": sku, "IUM": unit, "PUM": unit, "SalesUM": unit, "TypeCode": "P"}
        self.erp.insert("Erp.BO.PartSvc", "Parts", {**body, "ClassID": klass})
        ids = {"Company": "EPIC06", "PartNum": sku, "Plant": "MfgSys"}
        self.state.put("epicor/PartPlant", "~".join(ids.values()), {**ids, "PrimWhse": CENTRE}, f"EPIC06~{sku}")

    # in Epicor

    def receive(self, sku: str, code: str, pieces: int | str, unit: str = "EA") -> None:
        """A receipt, or a loss where negative, entered by a person in Epicor."""
        store, name, day = self.stores[code], f"person {next(numbers)}", date(2026, 11, 20)
        adjust_quantity(self.erp, Adjustment(sku, store.warehouse, store.bin, Decimal(pieces), unit, "POS", day, name))

    def reserve(self, sku: str, code: str, pieces: int) -> None:
        key = f"EPIC06~{sku}~MfgSys~{self.stores[code].warehouse}"
        row = self.state.get("epicor/PartWhse", key)
        assert row is not None
        self.state.put("epicor/PartWhse", key, {**row, "ReservedQty": pieces}, f"EPIC06~{sku}")

    def erp_count(self, sku: str, code: str) -> Decimal:
        row = self.state.get("epicor/PartWhse", f"EPIC06~{sku}~MfgSys~{self.stores[code].warehouse}") or {}
        return Decimal(str(row.get("OnHandQty", 0)))

    # in the shop

    def count(self, sku: str, code: str, pieces: int) -> None:
        """An adjustment by a person, up to so many."""
        delta = pieces - self.pos_count(sku, code)
        body = {"location_id": self.stores[code].location_id, "adjustment_reason_id": 100001, "description": "by hand"}
        number = self.pos.create("inventory/adjustment_sets", body)
        self.pos.create(f"inventory/adjustment_sets/{number}/lines", {"item_id": self.ids[sku], "qty": delta})
        self.pos.update(f"inventory/adjustment_sets/{number}", {"status": "complete"})

    def sell(self, sku: str, code: str, pieces: int = 1) -> int:
        """A ticket over the till; a return where negative."""
        store, station = self.stores[code], self.state.select("heartland/stations", order="key")[0]
        line = {"item_id": self.ids[sku], "qty": pieces, "unit_price": 20, "original_unit_price": 20}
        body = {"station_id": station["id"], "source_location_id": store.location_id, "status": "complete"}
        kind = "Return" if pieces < 0 else "Ticket"
        return self.pos.create("sales/tickets", {**body, "type": kind, "recalculate": False, "item_lines": [line]})

    def transfer(self, sku: str, start: str, end: str, pieces: int) -> None:
        ids = {"from_location_id": self.stores[start].location_id, "to_location_id": self.stores[end].location_id}
        number = self.pos.create("inventory/transfers", ids)
        self.pos.create(f"inventory/transfers/{number}/lines", {"item_id": self.ids[sku], "qty": pieces})
        self.pos.update(f"inventory/transfers/{number}", {"status": "complete"})

    def pos_count(self, sku: str, code: str) -> Decimal:
        row = self.state.get("heartland/inventory/values", f"{self.ids[sku]}~{self.stores[code].location_id}") or {}
        return Decimal(str(row.get("qty_on_hand", 0)))

    # what flows

    def begin(self) -> None:
        """Bookings and the event path begin here; what moved before is levelled by the first push."""
        floor(self.yard.store, self.yard.systems, datetime.now(UTC))
        book.take(self.yard, datetime.now(UTC))

    def book(self) -> book.Booking:
        return book.push(self.yard, "test")

    def push(self) -> send.Outcome:
        return send.push(self.yard, "test")

    def sets(self, sku: str) -> int:
        """How many adjustment lines of ours the item has."""
        ours = [row for row in self.state.select("heartland/inventory/adjustment_sets") if _ours(row)]
        ids = {row["id"] for row in ours}
        lines = self.state.select("heartland/inventory/adjustment_sets.lines")
        return sum(row["item_id"] == self.ids[sku] and row["adjustment_set_id"] in ids for row in lines)


def _ours(row: dict[str, Any]) -> bool:
    return str(row.get("description") or "").startswith("HE ")


@contextmanager
def open_yard(desk: Desk, folder: Path, policy: Policy | None = None, **more: Any) -> Iterator[People]:
    """A yard with an empty memory."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(folder / "he_sync.db") as store:
        yield People(desk, Yard(desk.systems, store, desk.retailer, policy or Policy(), **more))
