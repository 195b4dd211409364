"""Two systems of stock in memory, behind the calls that the flows make, and people who act in the middle of them.

What is real: every line of the flows, the effects, the store. What is stood in for: the two systems, as rows. `true` is
what lies at a place whatever anybody counts; `pending` are acts of people that happen inside the flows' next calls.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.flows import push as pushing
from he_sync.flows.benches import bench
from he_sync.flows.fulfilment.stock import DIRECTION, floor
from he_sync.flows.stock import book, send, untold
from he_sync.flows.stock.sets import Yard
from he_sync.model.retailer import Retailer
from he_sync.stock.policy import Policy
from he_sync.store import effects
from he_sync.store.database import Store

Row = dict[str, Any]
Pages = Iterator[list[Row]]
SHOP, CENTRE = "S001", "D001"
EQUALS = re.compile(r"(\w+) eq (?:'([^']*)'|(\d+))")


class Rows:
    """Rows of one system that every call may find changed: a person acts before it is answered."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ready_in(self) -> float:
        return 0.0

    def now(self) -> World:
        self.world.interrupt()
        return self.world


class Heartland(Rows):
    """The calls of HeartlandClient that stock flows make."""

    def _rows(self, path: str) -> list[Row]:
        world = self.now()
        tables: dict[str, Callable[[], list[Row]]] = {
            "inventory/transactions": lambda: [{"id": n, **row} for n, row in enumerate(world.ledger, 1)],
            "inventory/values": world.values,
            "inventory/adjustment_sets": lambda: [{"id": n, **row} for n, row in enumerate(world.sets, 1)],
            "items": lambda: [{"id": n, "public_id": sku} for sku, n in world.items.items()],
            "locations": lambda: [{"id": n, "active?": True} for n in world.places.values()],
        }
        return tables.get(path, list)()

    def walk(
        self, path: str, asked: Row | None = None, only: Any = (), start: int = 0, **_: Any
    ) -> Iterator[list[Row]]:
        del only
        found = [row for row in self._rows(path) if row["id"] > start and _fits(row, asked or {})]
        if found:
            yield found

    def walk_pages(self, path: str, params: Any, key: Any = None, page_size: int = 0) -> Pages:
        del params, key
        found = self._rows(path)
        yield found[-1:] if page_size == 1 else found

    def by_ids(self, path: str, ids: Any, only: Any = ()) -> dict[int, Row]:
        del only
        return {row["id"]: row for row in self._rows(path) if row["id"] in set(ids)}

    def list_all(self, path: str) -> list[Row]:
        return self.now().sets[int(path.split("/")[2]) - 1]["lines"]

    def create(self, path: str, body: Row) -> int:
        with self.now().lock:
            if path.endswith("/lines"):
                self.world.sets[int(path.split("/")[2]) - 1]["lines"].append(body)
                return 1
            self.world.sets.append({**body, "status": "pending", "lines": []})
            return len(self.world.sets)

    def update(self, path: str, body: Row) -> None:
        del body
        with self.now().lock:
            one = self.world.sets[int(path.rsplit("/", 1)[1]) - 1]
            one["status"] = "complete"
            for line in one["lines"]:
                spot = (self.world.sku(line["item_id"]), self.world.code(one["location_id"]))
                self.world.pos_moves(spot, int(line["qty"]), "AdjustmentSet", int(path.rsplit("/", 1)[1]))


def _fits(row: Row, asked: Row) -> bool:
    for name, wanted in asked.items():
        some = wanted["$in"] if isinstance(wanted, dict) else [wanted]
        if row[name] not in some:
            return False
    return True


class Epicor(Rows):
    """The calls of EpicorClient that stock flows make."""

    def _rows(self, entity_set: str) -> list[Row]:
        world = self.now()
        return world.parts() if entity_set == "Parts" else list(world.trans) if entity_set == "PartTrans" else []

    def newest(self, _service: str, entity_set: str) -> int:
        return max((row["SysRevID"] for row in self._rows(entity_set)), default=0)

    def walk(self, _service: str, entity_set: str, *, filter: str = "", start: int = 0, **_: Any) -> Any:  # noqa: A002
        found = [row for row in self._rows(entity_set) if row["SysRevID"] > start and _equal(row, filter)]
        if found:
            yield found

    def read(self, _service: str, entity_set: str, *, filter: str = "", **_: Any) -> list[Row]:  # noqa: A002
        return [row for row in self._rows(entity_set) if _equal(row, filter)]

    def read_any(self, _service: str, entity_set: str, column: str, values: Any, **_: Any) -> list[Row]:
        return [row for row in self._rows(entity_set) if row[column] in set(values)]

    def call(self, _service: str, method: str, body: Row) -> Row:
        if method == "GetInventoryQtyAdj":
            return {"returnObj": {"InventoryQtyAdj": [{"PartNum": body["partnumber"]}]}}
        if method == "PreSetInventoryQtyAdj":
            return {"parameters": {"ds": body["ds"]}}
        if method == "SetInventoryQtyAdj":
            [row] = body["ds"]["InventoryQtyAdj"]
            with self.now().lock:
                spot = (row["PartNum"], row["WareHseCode"])
                self.world.erp_moves(spot, int(row["AdjustQuantity"]), "ADJ-QTY", row["Reference"])
        return {}


def _equal(row: Row, text: str) -> bool:
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, quoted, number in EQUALS.findall(text):
        wanted[name].add(quoted or number)
    return all(str(row[name]) in some for name, some in wanted.items())


@dataclass
class World:
    """What both systems have, what is true, and what people are about to do."""

    retailer: Retailer
    skus: tuple[str, ...]
    start: int = 20
    pending: list[Callable[[], None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.items = {sku: 7_000 + n for n, sku in enumerate(self.skus)}
        self.places = {one.code: one.location_id for one in self.retailer.stores if one.code in {SHOP, CENTRE}}
        spots = [(sku, code) for sku in self.skus for code in self.places]
        self.true, self.pos, self.erp = (dict.fromkeys(spots, self.start) for _ in range(3))
        self.reserved, self.revision = dict.fromkeys(spots, 0), dict.fromkeys(spots, 1)
        self.ledger: list[Row] = []
        self.trans: list[Row] = []
        self.sets: list[Row] = []
        self.lost = 0
        self.seen: list[str] = []

    def interrupt(self) -> None:
        """Somebody acts now, if somebody was about to; and what must never be is looked for."""
        with self.lock:
            if self.pending:
                self.pending.pop(0)()
            for sku in self.skus:
                if self.pos[sku, CENTRE] > self.true[sku, CENTRE] + self.lost:
                    self.seen.append(f"{sku}: {self.pos[sku, CENTRE]} in the shop of {self.true[sku, CENTRE]}")

    def sku(self, number: int) -> str:
        return next(sku for sku, one in self.items.items() if one == number)

    def code(self, location: int) -> str:
        return next(code for code, one in self.places.items() if one == location)

    def values(self) -> list[Row]:
        return [
            {"item_id": self.items[sku], "location_id": self.places[code], "qty_on_hand": count, "qty_committed": 0}
            for (sku, code), count in self.pos.items()
        ]

    def parts(self) -> list[Row]:
        return [
            {
                "PartNum": sku,
                "ClassID": "RTL",
                "IUM": "EA",
                "SysRevID": n,
                "PartUOMs": [],
                "PartWhses": self._whses(sku),
            }
            for n, sku in enumerate(self.skus, 1)
        ]

    def _whses(self, sku: str) -> list[Row]:
        return [
            {
                "WarehouseCode": code,
                "OnHandQty": self.erp[sku, code],
                "ReservedQty": self.reserved[sku, code],
                "SysRevID": self.revision[sku, code],
            }
            for code in self.places
        ]

    def pos_moves(self, spot: tuple[str, str], pieces: int, kind: str, document: int) -> None:
        self.pos[spot] += pieces
        ids = {"item_id": self.items[spot[0]], "location_id": self.places[spot[1]]}
        told = {
            "delta_qty": pieces,
            "source_type": kind,
            "source_id": document,
            "created_at": "2026-11-20T12:00:00+00:00",
        }
        self.ledger.append({**ids, **told})

    def erp_moves(self, spot: tuple[str, str], pieces: int, kind: str, reference: str = "") -> None:
        self.erp[spot] += pieces
        self.revision[spot] += 1
        quantity = pieces * DIRECTION[kind]
        number = len(self.trans) + 1
        ids = {"SysRevID": number, "TranNum": number, "TranType": kind, "PartNum": spot[0], "WareHouseCode": spot[1]}
        self.trans.append({**ids, "TranQty": quantity, "OrderNum": 0, "PackNum": 0, "TranReference": reference})

    # what people do

    def sell(self, sku: str, code: str = SHOP) -> None:
        self.true[sku, code] -= 1
        self.pos_moves((sku, code), -1, "Ticket", len(self.ledger))

    def sell_at_the_centre(self, sku: str) -> None:
        self.sell(sku, CENTRE)

    def receive(self, sku: str) -> None:
        self.true[sku, CENTRE] += 3
        self.erp_moves((sku, CENTRE), 3, "PUR-STK")

    def job(self, sku: str) -> None:
        self.true[sku, CENTRE] += 2
        self.erp_moves((sku, CENTRE), 2, "MFG-STK")

    def lose(self, sku: str) -> None:
        """Goods that an order of Epicor's own takes away, which the shop must hear of."""
        self.true[sku, CENTRE] -= 1
        self.lost += 1
        self.erp_moves((sku, CENTRE), -1, "STK-MTL")

    def reserve(self, sku: str) -> None:
        self.reserved[sku, CENTRE] = (self.reserved[sku, CENTRE] + 1) % 3
        self.revision[sku, CENTRE] += 1

    def transfer(self, sku: str) -> None:
        self.true[sku, CENTRE] -= 1
        self.true[sku, SHOP] += 1
        number = len(self.ledger)
        self.pos_moves((sku, CENTRE), -1, "Transfer", number)
        self.pos_moves((sku, SHOP), 1, "Transfer", number)

    def count(self, sku: str) -> None:
        """A shelf of the shop is counted, and one is gone."""
        self.true[sku, SHOP] -= 1
        self.pos_moves((sku, SHOP), -1, "PhysicalCount", len(self.ledger))


class Flows:
    """The flows over a world, with a memory that other worlds may share: items are each world's own."""

    def __init__(self, world: World, store: Store) -> None:
        self.world, self.store = world, store
        systems = Systems(Heartland(world), None, Epicor(world))  # type: ignore[arg-type]
        self.yard = Yard(systems, store, world.retailer, Policy())
        floor(store, systems, datetime.now(UTC))
        book.take(self.yard, datetime.now(UTC))

    def event(self, sku: str, *, late: bool = False) -> None:
        """The event path hears of a part: all its movements, each under its own key; sent now or later."""
        rows = tuple(row for row in self.world.trans if (row["PartNum"], row["WareHouseCode"]) == (sku, CENTRE))
        told = untold.Untold({(sku, CENTRE): rows}, {})
        item = (self.world.items[sku], 1)
        effects.plan(self.store, list(untold.claims(told, (sku, CENTRE), item, self.world.retailer, "2026-11-20")))
        if not late:
            self.deliver()

    def deliver(self) -> None:
        """Send what is planned."""
        pushing.push(self.store, bench(self.store, self.yard.systems, self.yard.retailer), "events", ask_again=False)

    def settle(self) -> None:
        """Until nothing is on its way: everything that was late comes, everything is heard twice."""
        for _ in range(3):
            while self.world.pending:
                self.world.interrupt()
            for sku in self.world.skus * 2:
                self.event(sku)
            book.push(self.yard, "test")
            send.push(self.yard, "test")

    def wrong(self) -> list[str]:
        """Counts that are not what is true, less what Epicor holds for its own orders."""
        world, found = self.world, list(self.world.seen)
        for spot, true in world.true.items():
            wanted = (true - world.reserved[spot], true)
            if (world.pos[spot], world.erp[spot]) != wanted:
                found.append(f"{spot}: shop {world.pos[spot]}, Epicor {world.erp[spot]}, true {wanted}")
        return found
