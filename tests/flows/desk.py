"""A desk to push from: a running sandbox with a small world, places where a write can fail, and a clock of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.connect.systems import Systems, connect
from he_sync.flows.push import Pushed, push
from he_sync.flows.writers import Bench
from he_sync.model.retailer import Retailer
from he_sync.sandbox import world
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox, running
from he_sync.store import effects
from he_sync.store.database import Store, open_store
from he_sync.store.effects import QUARANTINE, Effect
from tests.flows.desk_effects import ALIASES, DAY, Effects
from tests.flows.desk_landed import ONCE, Landed

__all__ = ["ALIASES", "DAY", "KINDS", "ONCE", "PLACES", "SECOND", "Clock", "Desk", "open_desk", "planned"]

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
    "the order": Place("create_sales_order", "epicor", "POST", r"SalesOrderSvc/SalesOrders$"),
    "the order's header": Place("old_sales_order", "epicor", "POST", r"SalesOrderSvc/SalesOrders$"),
    "the order's charge": Place("old_sales_order", "epicor", "POST", r"OHOrderMscs$"),
    "the charge": Place("add_order_charge", "epicor", "POST", r"OHOrderMscs$"),
    "the changed header": Place("change_sales_order", "epicor", "PATCH", r"SalesOrders\("),
    "the changed line": Place("change_sales_order", "epicor", "PATCH", r"OrderDtls\("),
    "the closed line": Place("change_sales_order", "epicor", "POST", r"CloseOrderLine$"),
    "the added line": Place("change_sales_order", "epicor", "POST", r"OrderDtls$"),
    "the changed charge": Place("change_sales_order", "epicor", "PATCH", r"OHOrderMscs\("),
    "the added charge": Place("change_sales_order", "epicor", "POST", r"OHOrderMscs$"),
    "the cancellation": Place("cancel_sales_order", "epicor", "PATCH", r"SalesOrders\("),
    "the return": Place("create_rma", "epicor", "POST", r"RMAProcs$"),
    "the credit": Place("create_rma", "epicor", "POST", r"RMACreditAdd$"),
    "the credit's line": Place("create_rma", "epicor", "PATCH", r"InvcDtls\("),
    "the credit's tax": Place("create_rma", "epicor", "POST", r"InvcMiscs$"),
    "the confirmation": Place("confirm_order", "heartland", "PUT", r"sales/orders/\d+$"),
    "the status": Place("report_status", "heartland", "PUT", r"sales/orders/\d+$"),
    "the invoice": Place("invoice_order", "heartland", "POST", r"sales/invoices$"),
    "the invoice's line": Place("invoice_order", "heartland", "POST", r"sales/invoices/\d+/lines$"),
    "the invoice's completion": Place("invoice_order", "heartland", "PUT", r"sales/invoices/\d+$"),
    "the POS customer": Place("update_pos_customer", "heartland", "PUT", r"customers/\d+$"),
    "the adjustment": Place("adjust_erp_stock", "epicor", "POST", r"/SetInventoryQtyAdj$"),
    "the set": Place("adjust_pos_stock", "heartland", "POST", r"adjustment_sets$"),
    "the set's line": Place("adjust_pos_stock", "heartland", "POST", r"adjustment_sets/\d+/lines$"),
    "the set's completion": Place("adjust_pos_stock", "heartland", "PUT", r"adjustment_sets/\d+$"),
    "the journal's group": Place("post_journal", "epicor", "POST", r"GLJrnGrpSvc/Update$"),
    "the journal's entry": Place("post_journal", "epicor", "POST", r"GLJournalEntrySvc/Update$"),
    "the posting": Place("post_journal", "epicor", "POST", r"PostGroupJournals$"),
}
KINDS = tuple(dict.fromkeys(place.kind for place in PLACES.values()))


class Desk:
    """A running sandbox with a world, effects that nobody planned before, and what became of them."""

    def __init__(self, sandbox: Sandbox, retailer: Retailer, environment: dict[str, str], systems: Systems) -> None:
        self.sandbox, self.retailer, self.environment, self.systems = sandbox, retailer, environment, systems
        self.make = Effects(sandbox.state, systems, retailer)
        self.effect, self.numbers = self.make.effect, self.make.numbers
        there = Landed(sandbox.state)
        self.landed, self.written = there.of, there.written

    # pushing

    def push(self, store: Store, clock: Clock, worker: str = "desk") -> Pushed:
        return push(store, self.bench(), worker, now=clock)

    def bench(self, **more: Any) -> Bench:
        """A bench on which every sale's ERP number is made of its own."""
        return Bench(self.systems, self.retailer, lambda owner: owner.rpartition(" ")[2], **more)

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

    def asked(self) -> int:
        """How many requests the systems have seen."""
        return sum(len(service.seen) for service in self.sandbox.services.values())

    def calls(self, system: str, method: str, route: str = "") -> int:
        """How many such requests a system has seen."""
        seen = self.sandbox.services[system].seen
        return sum(1 for one in seen if one.method == method and route in one.url)


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
