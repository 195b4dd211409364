"""Figures of one item at one place, written the way a person would say them."""

from datetime import UTC, date, datetime

from he_sync.model.quantity import to_milli
from he_sync.stock.figures import Cell, Figure, Held, Inbound, Item, Sold

TODAY = date(2026, 11, 23)
NIGHT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def figure(quantity, source="epicor", record="PartWhse BOOT-11 in W01", at=NIGHT):
    return Figure(to_milli(quantity), source, at, record)


def held(side, **documents):
    return tuple(Held(side, key, figure(quantity, side, key)) for key, quantity in documents.items())


def inbound(due, quantity):
    return Inbound(due and date.fromisoformat(due), figure(quantity, "epicor", f"PO due {due}"))


def cell(on_hand, *, sold=None, **more):
    """`reserved`, `allocated` and `committed` as quantities, `sold` as (quantity, days), the rest as records."""
    for name, source in (("reserved", "epicor"), ("allocated", "epicor"), ("committed", "heartland")):
        if name in more:
            more[name] = figure(more[name], source, f"{name} of BOOT-11")
    if sold:
        more["sold"] = Sold(figure(sold[0], "heartland", "sales of BOOT-11"), sold[1])
    return Cell("BOOT-11", "S001", figure(on_hand), **more)


BOOT = Item("BOOT-11", "shoes")
