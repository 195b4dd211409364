"""A whole night without an orchestrator: the same steps that the assets take one by one, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from he_sync.connect.systems import Systems, connect
from he_sync.flows import canonical, close
from he_sync.flows.compare import LEGS, as_frame, compare, find_elsewhere
from he_sync.flows.pull import pull
from he_sync.flows.push import Clock, Pushed
from he_sync.flows.set_aside import set_aside
from he_sync.flows.sources import SOURCES, Ask, Source
from he_sync.flows.stock.night import catch_up
from he_sync.flows.stock.sets import Yard
from he_sync.model.calendar import business_window, zone
from he_sync.model.errors import FixInput, FixSettings
from he_sync.model.retailer import Retailer, load_retailer
from he_sync.quality.contracts import Failure
from he_sync.settings import Settings
from he_sync.stock.policy import Policy
from he_sync.store.database import Store, open_store
from he_sync.store.lake import Lake

TARGETS = ("epicor", "heartland")
Tell = Callable[[str], None]
"""Hears what is done next, in a few words."""


@dataclass(frozen=True)
class Office:
    """What a night works with: the three systems, our memory, the profile."""

    systems: Systems
    store: Store
    lake: Lake
    retailer: Retailer


@dataclass(frozen=True)
class Night:
    """One night: what was set aside, what was planned, what each push did, and the close in figures."""

    set_aside: tuple[Failure, ...]
    planned: close.Planned
    pushed: dict[str, Pushed]
    report: close.Report


def profile(settings: Settings) -> Retailer:
    """The retailer's profile, fit for these settings. Raises FixSettings for what would mix up a night later."""
    retailer = load_retailer(settings.profile)
    for name in (retailer.timezone, *(store.timezone for store in retailer.stores)):
        zone(name)
    if retailer.epicor.company != settings.epicor_company:
        raise FixSettings(
            f"HE_EPICOR_COMPANY is {settings.epicor_company} and {settings.profile} is made for company"
            f" {retailer.epicor.company}; correct one of them"
        )
    return retailer


@contextmanager
def open_office(settings: Settings) -> Iterator[Office]:
    """The office of an installation. Raises FixSettings."""
    retailer = profile(settings)
    with connect(settings) as systems, open_store(settings.store) as store:
        yield Office(systems, store, Lake(settings.home / "lake"), retailer)


def over(day: date, retailer: Retailer, now: datetime) -> None:
    """Raises FixInput while a business date is not over in every store."""
    ends = max(business_window(day, store.timezone, store.rollover_hour).end for store in retailer.stores)
    if now < ends:
        raise FixInput(f"{day} is not over; its last store ends it at {ends:%Y-%m-%d %H:%M} UTC, close it after that")


def steps(sources: Iterable[Source] = SOURCES.values()) -> int:
    """How many times a comparison tells what it does next."""
    return 1 + len(list(sources)) + len(canonical.STEPS) + len(LEGS)


def compare_day(
    office: Office, day: date, sources: Iterable[Source] = SOURCES.values(), tell: Tell = lambda _: None
) -> tuple[Failure, ...]:
    """Pull, canonicalise and compare one business date; nothing is written to the other sides.

    Gives what was set aside. Raises FixInput for a date on which nothing happened in any system.
    """
    lake, retailer, name = office.lake, office.retailer, day.isoformat()
    tell("knock at the three doors")
    _knock(office.systems)
    _pull(office, day, sources, tell)
    failures: list[Failure] = []
    for step in canonical.STEPS.values():
        tell(f"read {step.name}")
        failures += canonical.run(step, lake, name, retailer).failures
    set_aside(office.store, failures, name)
    for leg in LEGS:
        tell(f"compare {leg}")
        if leg == "ledger":
            find_elsewhere(office.systems, lake, name, retailer)
        lake.write("reconcile", leg, name, as_frame(compare(leg, lake, name, retailer)))
    return tuple(failures)


def _knock(systems: Systems) -> None:
    """Ask each system once, so that refused credentials are told before an hour of pulls and not after."""
    systems.heartland.check()
    systems.processor.check()
    systems.epicor.check()


def _pull(office: Office, day: date, sources: Iterable[Source], tell: Tell) -> None:
    happened = 0
    for source in sources:
        tell(f"pull {source.entity}")
        rows = pull(source, Ask(office.systems, office.retailer, day), office.lake).rows
        happened += rows if source.daily else 0
    if not happened:
        raise FixInput(f"nothing happened on {day} in any system; name a business date on which a store was open")


def run(
    office: Office, day: date, worker: str = "night", tell: Tell = lambda _: None, now: Clock | None = None
) -> Night:
    """Compare one business date, write its differences back, and report."""
    failures = compare_day(office, day, tell=tell)
    catch_up(Yard(office.systems, office.store, office.retailer, Policy()), datetime.now(UTC))
    planned = close.plan(office.store, office.lake, day.isoformat(), office.retailer)
    pushed = {}
    for target in TARGETS:
        tell(f"write to {target}")
        pushed[target] = close.push(office.store, office.systems, office.retailer, target, worker, now)
    return Night(failures, planned, pushed, close.report(office.store, office.lake, day.isoformat()))
