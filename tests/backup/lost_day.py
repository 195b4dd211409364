"""A day that our store forgets: a town that sells, is backed up, sells on, and whose store is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from he_sync.flows import catching_up, night, polls
from he_sync.flows.catching_up import CaughtUp
from he_sync.flows.compare import compare
from he_sync.flows.night import Office
from he_sync.model.retailer import dump_retailer
from he_sync.sandbox.faults import Fault
from he_sync.store import backup, effects
from he_sync.store.backup import Place
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from he_sync.store.lake import Lake
from tests.flows.desk import Clock, Desk
from tests.flows.plant import Plant, Town
from tests.flows.shop import CANCELLED, EDITED, PLACED, SALE
from tests.sandbox.epicor_company import Kinetic

KEYS = {"epicor/OrderHed": "PONum", "epicor/RMAHead": "RMANum", "epicor/Customer": "CustID"}

DAY = date(2026, 11, 21)
"""The business date of all of it: the sandbox's clock begins at six in the morning there."""
NIGHT = timedelta(hours=20)
PATIENCE = 6
"""Tries of what a test waits for."""


class TownClock(Clock):
    """The sandbox's clock and what was waited beside it: polls and leases must not tell two times."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.state_now, self.after = now, timedelta()

    def __call__(self) -> datetime:
        return self.state_now() + self.after

    def forward(self, span: timedelta) -> None:
        self.after += span

    def until(self, moment: datetime) -> None:
        self.after += max(moment - self(), timedelta())


def open_town(desk: Desk, address: str | Path, kinetic: Kinetic) -> Town:
    store = open_store(address)
    town = Town(desk, store, TownClock(desk.sandbox.state.now))
    town.plant = Plant(kinetic)
    town.watch_stock()
    return town


def poll(town: Town) -> None:
    """Both systems, and again when what may still be announced has had its time."""
    for _ in range(2):
        polls.poll_heartland(town.store, town.desk.systems, town.desk.retailer, town.clock())
        polls.poll_epicor(town.store, town.desk.systems, town.desk.retailer, town.clock())
        town.clock.forward(timedelta(minutes=1))


def quiet(town: Town) -> None:
    """Until everything planned is done. On a busy machine a connection may have gone stale: that is tried again."""
    for _ in range(PATIENCE):
        town.drain()
        if not effects.listing(town.store, states=("planned", "intent", "doubtful")):
            return
        town.clock.forward(QUARANTINE + timedelta(seconds=1))
    raise AssertionError(effects.listing(town.store, states=("planned", "intent", "doubtful")))


def place_of(home: Path, town: Town) -> Place:
    home.mkdir(exist_ok=True)
    (home / "profile.yaml").write_text(dump_retailer(town.desk.retailer))
    return Place(home, home / "backups")


class LostDay:
    """What was sold before the backup and after it, by names that the tests speak of."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.tick()
        poll(town)
        two = [(town.skus[0], 2, "20.00"), (town.skus[1], 1, "7.50")]
        self.changed, self.cancelled, self.shipped = (town.order(two) for _ in range(3))
        self.ticket = town.ticket([(town.skus[0], 2, "20.00")])
        self.buyer = town.customer("Bea", "Wood")
        self.bought = town.order(two, customer=self.buyer)
        town.hear(SALE, self.ticket)
        town.hear(PLACED, self.changed, self.cancelled, self.shipped, self.bought)
        quiet(town)
        self.waiting = self._not_sent_yet(two)

    def _not_sent_yet(self, lines: Any) -> str:
        """An order that is planned while Epicor takes nothing: the backup knows it as unsent."""
        order = self.town.order(lines)
        self.town.desk.sandbox.faults.set([Fault("error_before", "epicor", "POST", "SalesOrders$")])
        self.town.hear(PLACED, order)
        self.town.desk.sandbox.faults.set([])
        return order

    def goes_on(self) -> None:
        """Everything that the backup of twenty hours ago does not know."""
        town = self.town
        town.state.set_setting("clock.frozen", (town.state.now() + NIGHT).isoformat())
        quiet(town)
        town.set_line(self.changed, qty=5)
        town.cancel(self.cancelled)
        self.back = town.ticket([(town.skus[0], -1, "20.00")], parent_transaction_id=int(self.ticket.split()[1]))
        self.newcomer = town.customer("Cid", "Moss")
        self.new = [town.order([(town.skus[2], 1, "9.00")], customer=self.newcomer), town.order()]
        self.sold = town.ticket([(town.skus[1], 1, "7.50")])
        town.hear(EDITED, self.changed)
        town.hear(CANCELLED, self.cancelled)
        town.hear(SALE, self.back, self.sold)
        town.hear(PLACED, *self.new)
        quiet(town)
        [head] = town.orders(self.shipped)
        town.plant.ship(town.plant.pack(int(head["OrderNum"]), (1, 2)))
        poll(town)
        quiet(town)

    def nobody_listens(self) -> None:
        """What happens while there is no store at all."""
        town = self.town
        self.late = town.order([(town.skus[3], 3, "5.00")])
        self.unheard = town.ticket([(town.skus[3], 1, "5.00")])
        town.set_line(self.bought, qty=4)

    @property
    def orders(self) -> list[str]:
        return [self.changed, self.cancelled, self.shipped, self.bought, self.waiting, *self.new, self.late]


def written(desk: Desk) -> Counter[tuple[str, str]]:
    """Documents of Epicor that we ever created, by what they are known by."""
    return Counter((collection, str(row[key])) for collection, key in KEYS.items() for row in desk.written(collection))


def create(town: Town, place: Place) -> None:
    backup.create(town.store, place, town.clock())


def restored(town: Town, place: Place, home: Path, address: str | Path) -> Town:
    """The same town with the store of the newest backup, in another home."""
    backup.restore(backup.named(place.backups, ""), home, address, "dana", now=town.clock())
    after = town.clock.after
    again = Town(town.desk, open_store(address), town.clock)
    again.clock.after = after
    again.plant = town.plant
    return again


def caught_up(town: Town) -> CaughtUp:
    told: list[str] = []
    return catching_up.catch_up(town.works, "dana", town.clock.until, town.clock, told.append)


def differences(town: Town, folder: Path) -> list[tuple[str, str]]:
    """What the nightly comparison of the sandbox's business date finds: class and subject."""
    office = Office(town.desk.systems, town.store, Lake(folder / "lake"), town.desk.retailer)
    night.compare_day(office, DAY)
    found = [one for leg in ("orders", "customers") for one in compare(leg, office.lake, f"{DAY}", office.retailer)]
    return [(one.klass, one.subject) for one in found]
