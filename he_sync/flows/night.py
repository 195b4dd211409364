"""A whole night without an orchestrator: the same steps that the assets take one by one, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from he_sync.connect.systems import Systems
from he_sync.flows import canonical, close
from he_sync.flows.compare import LEGS, as_frame, compare, find_elsewhere
from he_sync.flows.pull import pull
from he_sync.flows.set_aside import set_aside
from he_sync.flows.sources import SOURCES, Ask
from he_sync.model.retailer import Retailer
from he_sync.store.database import Store
from he_sync.store.lake import Lake

TARGETS = ("epicor", "heartland")


@dataclass(frozen=True)
class Office:
    """What a night works with: the three systems, our memory, the profile."""

    systems: Systems
    store: Store
    lake: Lake
    retailer: Retailer


def compare_day(office: Office, day: date) -> None:
    """Pull, canonicalise and compare one business date; nothing is written to the other sides."""
    lake, retailer, name = office.lake, office.retailer, day.isoformat()
    for source in SOURCES.values():
        pull(source, Ask(office.systems, retailer, day), lake)
    for step in canonical.STEPS.values():
        set_aside(office.store, canonical.run(step, lake, name, retailer).failures, name)
    for leg in LEGS:
        if leg == "ledger":
            find_elsewhere(office.systems, lake, name, retailer)
        lake.write("reconcile", leg, name, as_frame(compare(leg, lake, name, retailer)))


def run(office: Office, day: date, worker: str = "night") -> close.Report:
    """Compare one business date, write its differences back, and report."""
    compare_day(office, day)
    close.plan(office.store, office.lake, day.isoformat(), office.retailer)
    for target in TARGETS:
        close.push(office.store, office.systems, office.retailer, target, worker)
    return close.report(office.store, office.lake, day.isoformat())
