"""What a line of the shop's ledger of movements means for Epicor: booked, left to Epicor, or waiting for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.flows.stock.letters import Trouble
from he_sync.mapping import epicor
from he_sync.model.calendar import read_instant
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI, from_milli, to_milli
from he_sync.model.retailer import Retailer
from he_sync.store.movements import WAITS, Movement

COUNTS = ("PhysicalCount", "AdjustmentSet")
"""Documents that say what a count is; all others say what was moved."""
SALES = ("Ticket", "Return")
BY_EPICOR = "a return with its receipt moves it in Epicor"
OURS = "HE "
PARTS = ("Erp.BO.PartSvc", "Parts")
FIELDS = ("SysRevID", "PartNum", "ClassID", "IUM")
UNITS = "PartUOMs($select=UOMCode,ConvFactor)"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Decided:
    """One line: `why` is empty for what is booked; `klass` is the item's. `trouble` is for a person."""

    movement: Movement
    klass: str = ""
    is_count: bool = False
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Known:
    """What the lines name: items by id, parts by SKU (a text for one that is unusable), our sets, tickets."""

    items: Mapping[int, Row]
    parts: Mapping[str, Row | str]
    ours: frozenset[int]
    tickets: Mapping[int, Row] = field(default_factory=dict)


def look_up(systems: Systems, retailer: Retailer, rows: Sequence[Row]) -> Known:
    """Everything that these lines name, in a few calls."""
    heartland = systems.heartland
    items = heartland.by_ids("items", {int(row["item_id"]) for row in rows}, ("public_id", "allow_fractional_qty?"))
    sets = heartland.by_ids("inventory/adjustment_sets", _documents(rows, ("AdjustmentSet",)), ("description",))
    ours = {number for number, row in sets.items() if str(row.get("description") or "").startswith(OURS)}
    back = [row for row in rows if to_milli(row["delta_qty"]) > 0 or row.get("source_type") == "Return"]
    tickets = heartland.by_ids("sales/tickets", _documents(back, SALES), ("voided?", "type"))
    return Known(
        items, _parts(systems, retailer, [str(one["public_id"]) for one in items.values()]), frozenset(ours), tickets
    )


def _documents(rows: Iterable[Row], types: Sequence[str]) -> set[int]:
    return {int(row["source_id"]) for row in rows if row.get("source_type") in types}


def _parts(systems: Systems, retailer: Retailer, skus: Sequence[str]) -> dict[str, Row | str]:
    found: dict[str, Row | str] = {}
    rows = systems.epicor.read_any(*PARTS, "PartNum", skus, select=FIELDS, expand=UNITS) if skus else []
    for row in rows:
        try:
            list(epicor.part(row, retailer))
        except BadRecord as error:
            found[str(row["PartNum"])] = str(error)
        else:
            found[str(row["PartNum"])] = row
    return found


def decide(rows: Iterable[Row], known: Known, retailer: Retailer) -> Iterator[Decided]:
    """What becomes of each line, in their order; no line is left out."""
    for row in rows:
        document = f"{row.get('source_type')} {row.get('source_id')}"
        store = retailer.by_location.get(int(row["location_id"]))
        item = known.items.get(int(row["item_id"]), {})
        moved = read_instant(row["created_at"])
        one = Movement(
            *(int(row["id"]), str(item.get("public_id") or ""), store.code if store else ""),
            *(to_milli(row["delta_qty"]), document, moved),
        )
        yield _decided(one, row, known, retailer)


def _decided(one: Movement, row: Row, known: Known, retailer: Retailer) -> Decided:
    if left := _left_to_epicor(one, row, known):
        return Decided(_because(one, left))
    part = known.parts.get(one.sku)
    if wrong := _unusable(one, row, known, part):
        return Decided(_because(one, f"{WAITS}{wrong[1]}"), trouble=_trouble(one, *wrong))
    klass = str(part.get("ClassID") or "") if isinstance(part, Mapping) else ""
    is_count = row.get("source_type") in COUNTS
    if is_count and retailer.stock_owner(klass, one.place) != "heartland":
        why = f"{one.document} counts {one.sku} at {one.place}, whose count Epicor owns; count it there"
        return Decided(_because(one, why), klass, is_count, _trouble(one, "counts what the shop owns", why))
    return Decided(one, klass, is_count)


def _left_to_epicor(one: Movement, row: Row, known: Known) -> str:
    """Why nothing is to be booked: it is our own, or Epicor moves the same goods by a document of its own."""
    kind, number = row.get("source_type"), int(row.get("source_id") or 0)
    if kind == "AdjustmentSet" and number in known.ours:
        return "we wrote it"
    if kind == "Invoice":
        return "Epicor ships it"
    voided = bool(known.tickets.get(number, {}).get("voided?"))
    if kind in SALES and one.milli > 0 and not (voided and kind == "Ticket"):
        return BY_EPICOR
    return ""


def _unusable(one: Movement, row: Row, known: Known, part: Row | str | None) -> tuple[str, str] | None:
    """The first rule that a line breaks and what to do; None for a good one."""
    where, item = f"movement {one.number} ({one.document})", known.items.get(int(row["item_id"]), {})
    split = one.milli % MILLI and not item.get("allow_fractional_qty?")
    found = {
        "is no voided return": row.get("source_type") == "Return"
        and "the return was voided; take its receipt back in Epicor, then resolve",
        "is at a place of the profile": not one.place
        and f"it is at location {row['location_id']}, no place of the profile; add it under stores",
        "has an item": not one.sku and f"item {row['item_id']} is gone from Heartland; book its {_units(one)} by hand",
        "has a part": part is None and f"item {one.sku} is no part of Epicor; create the part, or book it by hand",
        "its unit has a conversion": isinstance(part, str) and part,
        "is whole units": split and f"{_units(one)} of {one.sku}, which is sold by whole units; correct it",
    }
    return next(((rule, f"{where}: {why}") for rule, why in found.items() if why), None)


def _units(one: Movement) -> str:
    return f"{from_milli(one.milli):+f}"


def _trouble(one: Movement, rule: str, reason: str) -> Trouble:
    return Trouble("heartland", f"movement {one.number}", rule, reason)


def _because(one: Movement, why: str) -> Movement:
    return Movement(one.number, one.sku, one.place, one.milli, one.document, one.moved_at, "", why)
