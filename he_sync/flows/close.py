"""The close of a business date after its comparisons: plan, push, report. Each may run again; nothing runs twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from he_sync.connect.systems import Systems
from he_sync.flows import compare, last_good, registry
from he_sync.flows import plan as planning
from he_sync.flows import push as pushing
from he_sync.flows.benches import bench
from he_sync.flows.exceptions import finding
from he_sync.flows.sources import SOURCES
from he_sync.flows.stock import night as stock
from he_sync.model.contract import records
from he_sync.model.difference import Difference, Leg
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store import closes, effects
from he_sync.store.database import Store
from he_sync.store.exceptions import Deed
from he_sync.store.lake import Lake

FRAMES = (
    "tickets",
    "orders",
    "sale_lines",
    "payments",
    "customers",
    "products",
    "stock_levels",
    "erp_orders",
    "ledger_lines",
)
RULES = "2026-11-1"
"""Version of the comparison rules; a close names it, and another version is another close."""


IN_MOTION = ("planned", "intent", "doubtful")
"""States of an effect that the next push goes on with by itself; its close is not pushed yet."""


def differences(lake: Lake, day: str, legs: Iterable[str] = compare.LEGS) -> list[Difference]:
    """Differences of a business date over the legs that have been compared."""
    found: list[Difference] = []
    for leg in legs:
        if _has(lake, "reconcile", leg, day):
            found += compare.from_frame(lake.read("reconcile", leg, day))
    return found


@dataclass(frozen=True)
class Planned:
    """What planning did with the day's differences.

    `held`: corrections that wait because an earlier one of the same record is under way, or came after the pull, or
    because movements of the stock are being booked.
    """

    new: int
    known: int
    conflicts: int
    held: tuple[effects.Effect, ...]
    waiting: int
    refused: tuple[tuple[Difference, str], ...]
    effects: tuple[effects.Effect, ...]


def propose(store: Store, lake: Lake, day: str, retailer: Retailer) -> planning.Plan:
    """What would settle the day's differences. Nothing is written anywhere."""
    coming = effects.listing(store, states=(*UNDER_WAY, *NEVER_SENT))
    under_way = frozenset(status.effect.key for status in coming if status.effect.kind == "create_customer")
    frames = {name: lake.read("canonical", name, day) for name in FRAMES if _has(lake, "canonical", name, day)}
    linked = "payments" in frames and _has(lake, "canonical", "settlement_links", day)
    accounts = compare.accounts(lake, day, retailer) if linked else {}
    owners = registry.person_owners(last_good.usable(store, keep=False).flows)
    facts = planning.Facts(day, retailer, frames, accounts, under_way, owners)
    return planning.make(differences(lake, day), facts)


def plan(store: Store, lake: Lake, day: str, retailer: Retailer) -> Planned:
    """Plan the effects of a day's differences into the store."""
    made = propose(store, lake, day, retailer)
    under_way = _make_room(store, lake, made.effects, day)
    counts = [one.entity for one in made.effects if CORRECTIONS.get(one.kind) == "inventory"]
    moving = stock.moving(store, lake, day, counts)
    held = tuple(
        one
        for one in made.effects
        if under_way.get(_record(one), one.key) != one.key or (one.entity in moving and one.kind in CORRECTIONS)
    )
    planned = effects.plan(store, [one for one in made.effects if one not in held])
    rows = pd.DataFrame(
        [
            {"subject": one.entity, "kind": one.kind, "key": under_way.get(_record(one), one.key)}
            for one in made.effects
        ],
        columns=["subject", "kind", "key"],
    )
    lake.write("push", "plan", day, rows)
    run = _open(store, lake, day)
    if run:
        closes.save(store, run, differences(lake, day))
        closes.advance(store, run, "planned")
    waiting = sum(not one.limit_ok for one in made.effects if one not in held)
    return Planned(
        len(planned.new), len(planned.known), len(planned.conflicts), held, waiting, made.refused, made.effects
    )


CORRECTIONS: dict[str, Leg] = {
    "adjust_erp_stock": "inventory",
    "adjust_pos_stock": "inventory",
    "post_journal": "ledger",
    "add_order_charge": "orders",
}
"""Kinds that add to what is there, by what they correct. Two of them planned from one difference correct it twice."""
NEVER_SENT = ("waiting_approval", "rejected")
UNDER_WAY = ("planned", "intent", "doubtful", "parked")


def _record(one: effects.Effect) -> tuple[str, str]:
    """What an effect is about: both sides' corrections of one record get in each other's way, other kinds do not."""
    return CORRECTIONS.get(one.kind, one.kind), one.entity


def _make_room(store: Store, lake: Lake, made: Iterable[effects.Effect], day: str) -> dict[tuple[str, str], str]:
    """The correction under way of each record, by key; one that was never sent gives way to what differs now.

    Stock is compared as it is now, so that a drift shows on every date until it is written back, and a back-fill of
    seven dates finds it seven times. A posting or an order differs on its own date only.
    """
    wanted, under_way = {one.key for one in made}, {}
    for status in effects.listing(store, states=(*NEVER_SENT, *UNDER_WAY)):
        leg = CORRECTIONS.get(status.effect.kind)
        if leg is None or status.effect.key in wanted:
            continue
        if status.state in UNDER_WAY:
            under_way[_record(status.effect)] = status.effect.key
        elif _has(lake, "reconcile", leg, day) and (leg == "inventory" or status.effect.business_date == day):
            effects.withdraw(store, status.effect.key, "he-sync", f"the close of {day} finds another difference")
    return under_way | _unseen(store, lake, day)


def _unseen(store: Store, lake: Lake, day: str) -> dict[tuple[str, str], str]:
    """Corrections confirmed since the day was read, by record: what was compared does not show them yet.

    A drain sends what one date planned while the next date is being planned from stock that was read before.
    """
    pulls = [lake.current("raw", entity, day).facts for entity in SOURCES if _has(lake, "raw", entity, day)]
    began = [datetime.fromisoformat(facts["began"]) for facts in pulls if "began" in facts]
    confirmed = effects.confirmed_since(store, min(began), tuple(CORRECTIONS)) if began else []
    return {_record(status.effect): status.effect.key for status in confirmed}


def _open(store: Store, lake: Lake, day: str) -> closes.Close | None:
    """The close over exactly this content, as far as compared; None while a leg of the day has not been compared."""
    try:
        digests = {f"reconcile/{leg}": lake.current("reconcile", leg, day).digest for leg in compare.LEGS}
    except FixInput:
        return None
    digests |= {name: lake.current("canonical", name, day).digest for name in CAME_IN}
    run = closes.open_close(store, day, digests, RULES)
    for state in ("complete", "balanced", "compared"):
        run = closes.advance(store, run, state)
    return run


def _has(lake: Lake, stage: str, name: str, day: str) -> bool:
    try:
        lake.current(stage, name, day)
    except FixInput:
        return False
    return True


def push(  # noqa: PLR0913, PLR0917 - one push with all that it takes
    store: Store,
    systems: Systems,
    retailer: Retailer,
    target: str,
    worker: str,
    now: pushing.Clock | None = None,
) -> pushing.Pushed:
    """Write every planned effect that may go to one system, of this date or left over from an earlier one."""
    return pushing.push(store, bench(store, systems, retailer), worker, target=target, now=now)


@dataclass(frozen=True)
class Report:
    """The close of a day in figures."""

    day: str
    rows: dict[str, int]
    differences: tuple[Difference, ...]
    settled: frozenset[str]
    states: dict[str, int]

    def _open(self) -> list[Difference]:
        return [one for one in self.differences if _key(one) not in self.settled]

    @property
    def written(self) -> int:
        """Effects of this date that are confirmed at the other side."""
        return self.states.get("confirmed", 0)

    @property
    def remaining(self) -> int:
        """Differences that no confirmed effect settles: they wait for a person, the processor or the bank."""
        return len(self._open())

    @property
    def remaining_minor(self) -> int:
        """Their worth, without sign."""
        return sum(abs(one.delta_minor) for one in self._open())

    def by_class(self) -> dict[str, tuple[int, int]]:
        """(found, still open) by class."""
        still = [one.klass for one in self._open()]
        names = [one.klass for one in self.differences]
        return {name: (names.count(name), still.count(name)) for name in sorted(set(names))}


def settles(report: Report, one: Difference) -> bool:
    """Whether a confirmed effect settled this difference."""
    return _key(one) in report.settled


def _key(one: Difference) -> str:
    return f"{one.action}|{one.subject}"


CAME_IN = (
    "tickets",
    "orders",
    "payments",
    "settlement_lines",
    "deposits",
    "erp_orders",
    "ledger_lines",
    "stock_levels",
    "customers",
)


def report(store: Store, lake: Lake, day: str) -> Report:
    """What came in, what differed, what was written back, what remains; ends the day's close unless writes are open.

    What remains is on the desk of exceptions from then on.
    """
    statuses = effects.listing(store, day)
    states = {status.effect.key: status.state for status in statuses}
    run = _open(store, lake, day)
    if run:
        run = closes.advance(store, run, "planned")
        for state in () if any(one in IN_MOTION for one in states.values()) else ("pushed", "closed"):
            run = closes.advance(store, run, state)
    settled = _settled(store, lake, day, states)
    rows = {name: lake.current("canonical", name, day).rows for name in CAME_IN}
    renew_exceptions(store, lake, day)
    return Report(day, rows, tuple(differences(lake, day)), settled, dict(Counter(states.values())))


def renew_exceptions(store: Store, lake: Lake, day: str) -> list[Deed]:
    """Bring the desk of a date to what its legs found and no confirmed write has settled; gives the changes.

    Raises FixInput for a date of which nothing was compared.
    """
    legs = [leg for leg in compare.LEGS if _has(lake, "reconcile", leg, day)]
    if not legs:
        raise FixInput(f"{day} was not compared; run he-sync close {day}")
    states = {status.effect.key: status.state for status in effects.listing(store, day)}
    settled = _settled(store, lake, day, states) if _has(lake, "push", "plan", day) else frozenset[str]()
    rest: list[Difference] = []
    done: list[Difference] = []
    for one in differences(lake, day):
        (done if _key(one) in settled else rest).append(one)
    return finding.renew_differences(store, lake, day, legs, rest, done)


def _settled(store: Store, lake: Lake, day: str, states: dict[str, str]) -> frozenset[str]:
    """Differences that a confirmed effect of the date's plan settled."""
    planned = records(lake.read("push", "plan", day))
    return frozenset(f"{row.kind}|{row.subject}" for row in planned if _is_confirmed(store, states, row.key))


def _is_confirmed(store: Store, states: dict[str, str], key: str) -> bool:
    """Also of an effect that another date planned."""
    if key in states:
        return states[key] == "confirmed"
    status = effects.find(store, key)
    return status is not None and status.state == "confirmed"
