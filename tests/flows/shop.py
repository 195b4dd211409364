"""A shop on the desk's sandbox: it sells over HTTP, its events come in, the flows drain, and Epicor is looked at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from he_sync.connect.epicor_query import equals
from he_sync.flows import registry
from he_sync.flows.drain import Drained, MicroBatch, drain
from he_sync.flows.run import Works
from he_sync.store import dead_letters, effects, inbox
from he_sync.store.database import Store, open_store
from he_sync.store.effects import Status
from he_sync.store.inbox import Arrival
from tests.flows.desk import Clock, Desk

SALE = "heartland/sales_transaction_completed"
PLACED, EDITED, CANCELLED, PAID = (
    "shop/order.created",
    "shop/order.updated",
    "shop/order.cancelled",
    "shop/payment.succeeded",
)
Lines = Sequence[tuple[str, int, str]]
"""(SKU, pieces, price asked for one)."""
CHEAP = Decimal("4.50")
"""What the items of `skus` cost at most: sold from 5.00 on, they leave a margin that nobody asks about."""
numbers = count(1)


class Shop:
    """One shop, its memory, and the flows that serve it."""

    def __init__(self, desk: Desk, store: Store, clock: Clock) -> None:
        self.desk, self.store, self.clock = desk, store, clock
        self.pos, self.state = desk.systems.heartland, desk.sandbox.state
        self.works = Works(store, desk.systems, desk.retailer, registry.load_all())
        self.batches: list[MicroBatch] = []
        self.items = {row["public_id"]: row["id"] for row in self.state.select("heartland/items")}
        self.station = self.state.select("heartland/stations", order="key")[0]
        pieces = {row["PartNum"] for row in self.state.select("epicor/Part") if row["IUM"] == "EA"}
        cheap = {row["public_id"] for row in self.state.select("heartland/items") if row["cost"] < CHEAP}
        self.skus = sorted(cheap & pieces)
        customers = {row["CustID"] for row in self.state.select("epicor/Customer")}
        rows = self.state.select("heartland/customers", order="key")
        self.known = [row["id"] for row in rows if f"H{row['id']}" in customers]

    # selling

    def tick(self) -> None:
        """The sandbox's clock stands still; a second passes, so that what changes now is newer."""
        moment = self.state.now() + timedelta(seconds=1)
        self.state.set_setting("clock.frozen", moment.isoformat())

    def place(self) -> dict[str, Any]:
        return {"source_location_id": self.station["location_id"], "station_id": self.station["id"]}

    def customer(self, first: str = "Ada", last: str = "Hill", **more: Any) -> int:
        number = next(numbers)
        email = f"{first}.{last}.{number}@example.org".lower()
        return self.pos.create("customers", {"first_name": first, "last_name": last, "email": email, **more})

    def address(self, customer: int, **fields: Any) -> int:
        """An address of a customer, as orders name it."""
        street = {"line_1": "12 Canal St", "city": "Portland", "state": "ME", "postal_code": "04101", "country": "US"}
        link = self.pos.create(
            f"customers/{customer}/addresses", {"first_name": "Ada", "last_name": "Hill", **street, **fields}
        )
        return int(self.pos.get(f"customers/{customer}/addresses/{link}")["address_id"])

    def order(self, lines: Lines = (), customer: int = 0, **more: Any) -> str:
        """A sales order taken by the shop; its entity."""
        rows = [self._line(*line) for line in lines or [(self.skus[0], 2, "20.00")]]
        head = {**self.place(), "customer_id": customer or self.known[0], "status": "open", "lines": rows, **more}
        self.tick()
        return f"order {self.pos.create('sales/orders', head)}"

    def ticket(self, lines: Lines = (), tax: str = "0", **more: Any) -> str:
        """A completed ticket over the till; its entity. `total` is what was paid."""
        rows = [self._line(*line) for line in lines or [(self.skus[0], 1, "20.00")]]
        money = sum((Decimal(price) * quantity for _, quantity, price in lines), Decimal(tax))
        taxes = [{"type": "TaxLine", "description": "Sales Tax", "value": Decimal(tax)}] if Decimal(tax) else []
        head = {**self.place(), "status": "complete", "recalculate": False, "item_lines": rows, "tax_lines": taxes}
        self.tick()
        head |= {"completed_at": self.state.now().isoformat(), "type": "Return" if money < 0 else "Ticket"}
        return f"ticket {self.pos.create('sales/tickets', {**head, **more})}"

    def _line(self, sku: str, quantity: int, price: str) -> dict[str, Any]:
        asked = Decimal(price)
        return {"item_id": self.items[sku], "qty": quantity, "unit_price": asked, "original_unit_price": asked}

    def sku(self, name: str, *, in_erp: bool) -> str:
        """A new item of the shop, with or without a part of its name in Epicor."""
        body = {"public_id": name, "description": name, "price": Decimal("20.00"), "cost": Decimal("8.00")}
        self.items[name] = self.pos.create("items", body)
        if in_erp:
            self.part(name)
        return name

    def part(self, name: str) -> None:
        body = {"PartNum": name, "PartDescription": name, "IUM": "EA", "PUM": "EA", "SalesUM": "EA", "TypeCode": "P"}
        self.desk.systems.epicor.insert("Erp.BO.PartSvc", "Parts", {**body, "ClassID": "FG"})

    def set_line(self, entity: str, place: int = 0, **fields: Any) -> None:
        """A line of an order changed in the shop."""
        path = f"sales/{'orders' if entity.startswith('order') else 'tickets'}/{number_of(entity)}/lines"
        line = self.pos.list_all(path)[place]
        self.tick()
        self.pos.update(f"{path}/{line['id']}", fields)

    def charge_shipping(self, entity: str, amount: str) -> None:
        self.tick()
        self.pos.update(f"sales/orders/{number_of(entity)}", {"shipping_charge": Decimal(amount)})

    def cancel(self, entity: str) -> None:
        self.tick()
        self.pos.update(f"sales/orders/{number_of(entity)}", {"status": "void"})

    # events

    def tell(self, topic: str, entity: str, event_id: str = "", origin: str = "webhook") -> str:
        """An event about an entity; the same id is the same event."""
        source, _, name = topic.partition("/")
        body = json.dumps({"about": entity})
        given = event_id or f"event-{next(numbers)}"
        digest = sha256(body.encode()).hexdigest()
        [stored] = inbox.put(self.store, [Arrival(source, name, given, entity, "", body, digest, origin)])
        return stored

    def drain(self, **more: Any) -> Drained:
        """Until nothing is due."""
        quick = {"linger_seconds": 0, "poll_seconds": 0, "observe": self.batches.append, "now": self.clock}
        return drain(self.works, "test", **{**quick, **more})

    def hear(self, topic: str, *entities: str) -> Drained:
        """Events about entities, drained together."""
        for entity in entities:
            self.tell(topic, entity)
        return self.drain()

    # looking

    def orders(self, entity: str, *, void: bool = False) -> list[dict[str, Any]]:
        """Sales orders in Epicor of a sale, living ones unless asked for the void."""
        kind, _, number = entity.partition(" ")
        asked = f"{equals('PONum', f'HR-{kind[0].upper()}{number}')} and {equals('VoidOrder', void)}"
        return self.desk.systems.epicor.read("Erp.BO.SalesOrderSvc", "SalesOrders", filter=asked, expand="OrderDtls")

    def erp_lines(self, entity: str) -> Counter[tuple[str, Decimal, Decimal]]:
        """Open lines of the one order of a sale: (part, pieces, price)."""
        [order] = self.orders(entity)
        lines = [line for line in order["OrderDtls"] if line["OpenLine"]]
        return Counter((line["PartNum"], line["SellingQuantity"], line["DocUnitPrice"]) for line in lines)

    def erp_total(self, entity: str) -> Decimal:
        [order] = self.orders(entity)
        return Decimal(order["OrderAmt"])

    def pos_total(self, entity: str) -> Decimal:
        return Decimal(str(self.document(entity)["total"]))

    def document(self, entity: str) -> dict[str, Any]:
        kind, _, number = entity.partition(" ")
        return self.pos.get(f"{'customers' if kind == 'customer' else f'sales/{kind}s'}/{number}")

    def created(self, collection: str, **where: Any) -> int:
        """How often we made such a document, ever."""
        return len(self.desk.written(collection, **where))

    def told(self, entity: str) -> list[Status]:
        """Effects about an entity, in the order of planning."""
        return effects.listing(self.store, entity=entity)

    def states(self, entity: str) -> list[tuple[str, str]]:
        return [(one.effect.kind, one.state) for one in self.told(entity)]

    def letters(self, entity: str) -> list[str]:
        """What dead letters about an entity say."""
        return [kept.letter.plain for kept in dead_letters.listing(self.store) if kept.letter.record == entity]

    def inbox(self, entity: str) -> Counter[str]:
        return Counter(kept.state for kept in inbox.by_entity(self.store, entity))

    def writes(self) -> int:
        """Everything that we ever wrote anywhere."""
        return len(self.state.oracle("origin = 'api'"))


def number_of(entity: str) -> int:
    return int(entity.partition(" ")[2])


def prices(*lines: tuple[str, int, str]) -> Counter[tuple[str, Decimal, Decimal]]:
    """Lines as `Shop.erp_lines` gives them."""
    return Counter((sku, Decimal(pieces), Decimal(price)) for sku, pieces, price in lines)


def outcomes(batches: Iterable[MicroBatch], flow: str) -> Counter[str]:
    """What a flow's micro-batches came to."""
    return sum((batch.outcomes for batch in batches if batch.flow == flow), Counter())


@contextmanager
def open_shop(desk: Desk, folder: Path, clock: Clock):
    """A shop with an empty memory."""
    with open_store(folder / "he_sync.db") as store:
        yield Shop(desk, store, clock)
