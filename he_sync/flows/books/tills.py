"""The tills of a business date, from what was pulled: ticket numbers, cash by drawer, counts from a file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from he_sync.connect import strict_json
from he_sync.flows.books.drawers import COUNTS, MONEY, cash_of, counts_of, stations_of
from he_sync.flows.books.ground import Books
from he_sync.flows.pull import documents
from he_sync.model.contract import records
from he_sync.model.errors import BadRecord, FixInput
from he_sync.model.money import show, to_minor
from he_sync.model.retailer import Retailer
from he_sync.reconcile.tills.drawers import Count, Drawer, Place, drawers
from he_sync.reconcile.tills.numbers import Numbers, Rung, numbers
from he_sync.store import audit
from he_sync.store.lake import Lake

NEEDED = COUNTS[:3]


@dataclass(frozen=True)
class Register:
    """A register on a date: its tickets, of these voided, and its cash where it took or holds some."""

    store: str
    register: str
    tickets: int
    voided: int
    drawer: Drawer | None


@dataclass(frozen=True)
class Tills:
    """A date's numbers and registers."""

    numbers: Numbers
    registers: tuple[Register, ...]

    def to_do(self, currency: str) -> Iterator[str]:
        """One line for each gap, doubled number, drawer that is off, and drawer that was forgotten in the counts."""
        for gap in self.numbers.gaps:
            told = gap.first if gap.count == 1 else f"{gap.first} to {gap.last} ({gap.count})"
            yield f"ticket {told} is nowhere, between {gap.after} and {gap.before}; look for it at the till"
        for number in self.numbers.doubled:
            yield f"ticket number {number} is there more than once; void one of them"
        counted = {one.store for one in self.registers if one.drawer and one.drawer.counted is not None}
        for one in self.registers:
            if one.drawer and (off := _off(one.drawer, currency, asked=one.store in counted)):
                yield f"{one.store} register {one.register or 'without a number'} {off}"


def _off(drawer: Drawer, currency: str, *, asked: bool) -> str:
    if drawer.over is None:
        return "was not counted, others of its store were; count it" if asked else ""
    side = "over" if drawer.over > 0 else "short"
    return f"is {show(abs(drawer.over), currency)} {side}; see who counted it" if drawer.over else ""


def tills(office: Books, day: str) -> Tills:
    """What the tills of a date say. Raises FixInput where it was not pulled."""
    stations, when = stations_of(office.lake, day), date.fromisoformat(day)
    today = list(_rung(office.lake, day, stations))
    beside = [(when + timedelta(days=step)).isoformat() for step in (-1, 1)]
    found = numbers(day, [*today, *(one for other in (day, *beside) for one in _beside(office.lake, other, day))])
    cash = drawers(cash_of(office.lake, day, stations), counts_of(office.lake, day))
    return Tills(found, tuple(_registers(today, {(one.store, one.register): one for one in cash})))


def _registers(today: list[Rung], cash: Mapping[Place, Drawer]) -> Iterator[Register]:
    rung = Counter((one.store, one.register) for one in today)
    voided = Counter((one.store, one.register) for one in today if one.voided)
    for place in sorted({*rung, *cash}):
        yield Register(*place, rung[place], voided[place], cash.get(place))


def _rung(lake: Lake, day: str, stations: Mapping[str, str]) -> Iterator[Rung]:
    for row in records(lake.read("canonical", "tickets", day)):
        register = stations.get(f"ticket {row.ticket_id}", "")
        yield Rung(row.public_id, row.store, register, day, bool(row.voided))


def _beside(lake: Lake, other: str, day: str) -> Iterator[Rung]:
    """What fills gaps of `day`: tickets of another date, and orders and invoices, which may share the counter.

    What was not pulled fills nothing.
    """
    with suppress(FixInput):
        if other != day:
            yield from _rung(lake, other, stations_of(lake, other))
    for entity in ("heartland/orders", "heartland/invoices"):
        with suppress(FixInput):
            for _, payload in documents(lake, entity, other):
                yield Rung(str(strict_json.loads(payload)["public_id"]), "", "", "")


def count(office: Books, day: str, path: Path, who: str) -> list[Count]:
    """Take a date's counts from a CSV, all or none. Raises FixInput with file, row and rule."""
    office.lake.current("canonical", "payments", day)
    found = list(_read(path, office.retailer))
    rows = pd.DataFrame([asdict(one) for one in found], columns=list(COUNTS))
    kept = office.lake.write("close", "drawers", day, rows.astype(dict.fromkeys(MONEY, "int64")))
    detail = {"counts": len(found), "sha256": kept.digest}
    office.store.run(lambda connection: audit.record(connection, who, "drawers counted", f"drawers {day}", detail))
    return found


def _read(path: Path, retailer: Retailer) -> Iterator[Count]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FixInput(f"{path}: cannot be read ({error}); give a CSV in UTF-8") from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    if lacking := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
        raise FixInput(f"{path}: has no column {', '.join(lacking)}; it must have {', '.join(NEEDED)}")
    codes, seen = {store.code for store in retailer.stores}, set()
    for number, row in enumerate(reader, start=2):
        one = _count(f"{path} row {number}", row, retailer.currency)
        if one.store not in codes:
            raise FixInput(f"{path} row {number}: the profile names no store {one.store!r}")
        if (one.store, one.register) in seen:
            raise FixInput(f"{path} row {number}: {one.store} {one.register} is counted twice; keep one row a register")
        seen.add((one.store, one.register))
        yield one


def _count(where: str, row: Mapping[str, Any], currency: str) -> Count:
    money = []
    for name in MONEY:
        text = (row.get(name) or "").strip() or ("" if name == "counted" else "0")
        try:
            money.append(to_minor(text, currency))
        except BadRecord:
            raise FixInput(f"{where}: {name} {text!r} is not an amount such as 250.00") from None
    return Count(str(row["store"]).strip(), str(row["register"]).strip(), *money)
