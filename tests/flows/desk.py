"""A desk to push from: one effect of every kind on a small world, and what the other side has of it afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.connect.systems import Systems, connect
from he_sync.flows.push import Pushed, push
from he_sync.flows.writers import Bench, group_id, mark
from he_sync.mapping import to_epicor
from he_sync.model.retailer import Retailer
from he_sync.sandbox import world
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox, running
from he_sync.store import effects
from he_sync.store.database import Store, open_store
from he_sync.store.effects import QUARANTINE, Effect, effect_key

DAY = "2026-11-20"
EVENING = datetime(2026, 11, 21, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = EVENING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, span: timedelta) -> None:
        self.now += span


@dataclass(frozen=True)
class Place:
    """A request that a write consists of, as a fault rule finds it."""

    kind: str
    system: str
    method: str
    route: str

    def fault(self, name: str, **more: Any) -> Fault:
        return Fault(name, self.system, self.method, self.route, **{"remaining": 1, **more})


PLACES = {
    "the customer": Place("create_customer", "epicor", "POST", r"CustomerSvc/Customers$"),
    "the customer's change": Place("update_customer", "epicor", "PATCH", r"CustomerSvc/Customers\("),
    "the order's header": Place("create_sales_order", "epicor", "POST", r"SalesOrderSvc/SalesOrders$"),
    "the order's charge": Place("create_sales_order", "epicor", "POST", r"OHOrderMscs$"),
    "the charge": Place("add_order_charge", "epicor", "POST", r"OHOrderMscs$"),
    "the confirmation": Place("confirm_order", "heartland", "PUT", r"sales/orders/\d+$"),
    "the adjustment": Place("adjust_erp_stock", "epicor", "POST", r"/SetInventoryQtyAdj$"),
    "the set": Place("adjust_pos_stock", "heartland", "POST", r"adjustment_sets$"),
    "the set's line": Place("adjust_pos_stock", "heartland", "POST", r"adjustment_sets/\d+/lines$"),
    "the set's completion": Place("adjust_pos_stock", "heartland", "PUT", r"adjustment_sets/\d+$"),
    "the journal's group": Place("post_journal", "epicor", "POST", r"GLJrnGrpSvc/Update$"),
    "the journal's entry": Place("post_journal", "epicor", "POST", r"GLJournalEntrySvc/Update$"),
    "the posting": Place("post_journal", "epicor", "POST", r"PostGroupJournals$"),
}
KINDS = tuple(dict.fromkeys(place.kind for place in PLACES.values()))


@dataclass
class Desk:
    """A running sandbox with a world, and effects that nobody planned before."""

    sandbox: Sandbox
    retailer: Retailer
    environment: dict[str, str]
    systems: Systems
    numbers: Iterator[int] = field(default_factory=lambda: count(900_001))

    def __post_init__(self) -> None:
        state = self.sandbox.state
        self._customers = iter(state.select("epicor/Customer", order="key"))
        self._orders = iter(state.select("epicor/OrderHed", order="key"))
        self._taken = iter(state.select("heartland/sales/orders", order="key") * 20)
        self._parts = iter(
            [
                (row["PartNum"], row["WarehouseCode"])
                for row in state.select("epicor/PartWhse", order="key")
                if (state.get("epicor/Part", f"EPIC06~{row['PartNum']}") or {}).get("IUM", "EA") == "EA"
            ]
        )
        self._items = iter(state.select("heartland/inventory/values", order="key"))

    # effects

    def effect(self, kind: str, **changes: Any) -> Effect:
        """A new effect of a kind, within its limit."""
        number = next(self.numbers)
        entity, body = getattr(self, f"_{kind}")(number)
        key = effect_key("desk", "test", entity.split(" ")[0], entity, kind, str(number))
        target = "heartland" if kind in {"confirm_order", "adjust_pos_stock"} else "epicor"
        given = {"limit_ok": True, "summary": f"{kind} {entity}", **changes}
        return Effect(key, kind, target, entity, DAY, body, **given)

    def _create_customer(self, number: int) -> tuple[str, dict[str, Any]]:
        return f"customer {number}", to_epicor.customer(number, "Ada Hill", f"a{number}@example.com", "", self.retailer)

    def _update_customer(self, number: int) -> tuple[str, dict[str, Any]]:
        row = next(self._customers)
        return f"customer {number}", {"CustNum": row["CustNum"], "Name": f"Name {number}", "PhoneNum": str(number)}

    def _create_sales_order(self, number: int, customer: str = "") -> tuple[str, dict[str, Any]]:
        part, _ = next(self._parts)
        line = to_epicor.SaleLine(part, "", 2000, 1999, 3998)
        sale = to_epicor.SaleDocument(f"ticket {number}", f"T{number}", DAY, True, 3998 + 320 - 400, 320, 0, (line,))
        walk_in = self.retailer.epicor.walk_in_customer
        return sale.owner, to_epicor.sales_order(sale, customer or walk_in, self.retailer)

    def _add_order_charge(self, number: int) -> tuple[str, dict[str, Any]]:
        row = next(one for one in self._orders if not one.get("VoidOrder"))
        target = int(Decimal(str(row["OrderAmt"])) * 100) - 2
        body = {"order_num": row["OrderNum"], "code": "RND", "amount": Decimal("-0.02"), "target_minor": target}
        return f"order {number}", {**body, "text": "order_tax_rounding"}

    def _confirm_order(self, number: int) -> tuple[str, dict[str, Any]]:
        row = next(self._taken)
        return f"order {number}", {"order_id": row["id"], "owner": f"order {number}"}

    def _adjust_erp_stock(self, _number: int) -> tuple[str, dict[str, Any]]:
        part, warehouse = next(self._parts)
        body = {"part": part, "warehouse": warehouse, "bin": "01", "delta": 3, "unit": "EA", "date": DAY}
        return f"item {part} @ {warehouse}", body

    def _adjust_pos_stock(self, _number: int) -> tuple[str, dict[str, Any]]:
        row, reason = next(self._items), self.retailer.heartland_adjustment_reason_id
        body = {"location_id": row["location_id"], "item_id": row["item_id"], "delta": Decimal(2), "reason_id": reason}
        return f"item {row['item_id']} @ {row['location_id']}", body

    def _post_journal(self, number: int) -> tuple[str, dict[str, Any]]:
        text = f"HR PAY {number} COR"
        lines = [
            {"account": "1150|S001", "amount_minor": 1234, "text": text},
            {"account": "1199|S001", "amount_minor": -1234, "text": text.replace("PAY", "COR")},
        ]
        return f"payment {number}", {"store": "S001", "date": DAY, "lines": lines, "text": f"missing_gl {number}"}

    # pushing

    def push(self, store: Store, clock: Clock, worker: str = "desk") -> Pushed:
        return push(store, self.bench(), worker, now=clock)

    def bench(self) -> Bench:
        """A bench on which every sale's ERP number is made of its own."""
        return Bench(self.systems, self.retailer, lambda owner: owner.rpartition(" ")[2])

    def push_until_quiet(self, store: Store, clock: Clock, rounds: int = 12) -> None:
        """Push, let a quarantine pass, push again, as the nights do."""
        for _ in range(rounds):
            self.push(store, clock)
            if all(one.state not in {"planned", "intent", "doubtful"} for one in effects.listing(store)):
                return
            self.settle()
            clock.forward(QUARANTINE + SECOND)

    def settle(self) -> None:
        """Until nothing is on its way into the sandbox any more."""
        until = time.monotonic() + 20
        while any(service._later for service in self.sandbox.services.values()):
            assert time.monotonic() < until
            time.sleep(0.01)

    # what is there

    def landed(self, effect: Effect) -> Counter[str]:
        """How often the documents of an effect are in the oracle ledger; `whole` says that they say what was meant."""
        return getattr(self, f"_has_{effect.kind}")(effect)

    def _written(self, collection: str, **where: Any) -> list[dict[str, Any]]:
        rows = self.sandbox.state.oracle("origin = 'api' AND operation = 'insert' AND collection = ?", [collection])
        return [row["after"] for row in rows if all(row["after"].get(name) == value for name, value in where.items())]

    def _has_create_customer(self, effect: Effect) -> Counter[str]:
        return Counter(customer=len(self._written("epicor/Customer", CustID=effect.body["CustID"])))

    def _has_update_customer(self, effect: Effect) -> Counter[str]:
        row = self.sandbox.state.select(
            "epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [effect.body["CustNum"]]
        )
        return Counter(customer=int(all(row[0][name] == value for name, value in effect.body.items())))

    def _has_create_sales_order(self, effect: Effect) -> Counter[str]:
        heads = self._written("epicor/OrderHed", PONum=effect.body["header"]["PONum"])
        charges = [row for head in heads for row in self._written("epicor/OHOrderMsc", OrderNum=head["OrderNum"])]
        right = heads and self._amount(heads[0]["OrderNum"]) == effect.body["amount_minor"]
        return Counter(order=len(heads), charge=len(charges), whole=int(bool(right)))

    def _has_add_order_charge(self, effect: Effect) -> Counter[str]:
        charges = self._written("epicor/OHOrderMsc", Description=mark(effect.key))
        right = self._amount(effect.body["order_num"]) == effect.body["target_minor"]
        return Counter(charge=len(charges), whole=int(right))

    def _amount(self, order_num: int) -> int:
        row = self.sandbox.state.get("epicor/OrderHed", f"EPIC06~{order_num}")
        assert row is not None
        return int(Decimal(str(row["OrderAmt"])) * 100)

    def _has_confirm_order(self, effect: Effect) -> Counter[str]:
        row = self.sandbox.state.get("heartland/sales/orders", effect.body["order_id"])
        assert row is not None
        told = (row.get("custom") or {}).get("epicor_order")
        return Counter(number=int(str(told) == effect.body["owner"].rpartition(" ")[2]))

    def _has_adjust_erp_stock(self, effect: Effect) -> Counter[str]:
        return Counter(movement=len(self._written("epicor/PartTran", TranReference=mark(effect.key))))

    def _has_adjust_pos_stock(self, effect: Effect) -> Counter[str]:
        sets = self._written("heartland/inventory/adjustment_sets", description=mark(effect.key))
        ids = [row["id"] for row in sets]
        lines = [row for row in self._written("heartland/inventory/adjustment_sets.lines") if self._of(row, ids)]
        moves = [row for row in self._written("heartland/inventory/transactions") if row.get("source_id") in ids]
        return Counter(set=len(sets), line=len(lines), movement=len(moves))

    def _of(self, line: dict[str, Any], ids: list[int]) -> bool:
        return line.get("adjustment_set_id", line.get("set_id")) in ids

    def _has_post_journal(self, effect: Effect) -> Counter[str]:
        lines = self._written("epicor/GLJrnDtl", GroupID=group_id(effect.key))
        return Counter(line=len(lines), journal=len({row["JournalNum"] for row in lines}))


ONCE: dict[str, Counter[str]] = {
    "create_customer": Counter(customer=1),
    "update_customer": Counter(customer=1),
    "create_sales_order": Counter(order=1, charge=2, whole=1),
    "add_order_charge": Counter(charge=1, whole=1),
    "confirm_order": Counter(number=1),
    "adjust_erp_stock": Counter(movement=1),
    "adjust_pos_stock": Counter(set=1, line=1, movement=1),
    "post_journal": Counter(line=2, journal=1),
}


@contextmanager
def open_desk(folder: Path) -> Iterator[Desk]:
    """A desk on a small world of one day."""
    with running(folder / "sandbox") as sandbox:
        world.create(sandbox.state, size="small", seed=5)
        world.happen(sandbox.state, datetime.fromisoformat(DAY).date())
        retailer = world.profile(sandbox.state)
        environment = house.sandbox_environment(sandbox, folder / "home", retailer)
        with connect(house.settings_of(environment)) as systems:
            yield Desk(sandbox, retailer, environment, systems)


@contextmanager
def planned(folder: Path, *some: Effect) -> Iterator[Store]:
    """A store in which these effects are planned."""
    with open_store(folder / "he_sync.db") as store:
        effects.plan(store, some)
        yield store
