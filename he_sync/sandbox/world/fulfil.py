"""Earlier orders on their way: jobs completed and shipments packed in Epicor, the order closed behind them.

A shipment lowers on-hand and reserved alike, so what is available stays equal on both sides even while the POS has not
heard of it. Only orders without a planted difference enter the backlog, and one whose goods were planted at the centre
since waits. Every second shipment is invoiced at the POS too (invoices.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.world.invoices import invoice
from he_sync.sandbox.world.randomness import midnight
from he_sync.sandbox.world.rows import PLANT, epicor_key
from he_sync.sandbox.world.shelves import milli

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.stock import Moves
    from he_sync.sandbox.world.today import Today

SHARE = 0.5
Backlog = list[list[int]]
"""Pairs of POS order id and Epicor order number, oldest first."""


@dataclass(frozen=True)
class Shipment:
    """An Epicor order that leaves in one pack."""

    pack: int
    head: Document
    lines: list[Document]


def ship(today: Today, moves: Moves, backlog: Backlog) -> Backlog:
    """Ship about half of what waits; returns what still waits. An order that is gone or closed is forgotten."""
    rng = today.chance("shipments")
    waiting: Backlog = []
    for pair in backlog:
        go, tell = rng.random() < SHARE, rng.random() < SHARE
        head = today.state.get("epicor/OrderHed", epicor_key(pair[1]))
        if head is None or not head.get("OpenOrder"):
            continue
        lines = [
            line
            for line in today.state.select("epicor/OrderDtl", "parent = ?", [epicor_key(pair[1])])
            if line.get("OpenLine")
        ]
        if not go or _stuck(today, lines):
            waiting.append(pair)
            continue
        _pack(today, moves, Shipment(today.numbers.epicor("epicor/ShipHead", "PackNum", 1), head, lines))
        if tell:
            invoice(today, moves, pair[0])
    return waiting


def _stuck(today: Today, lines: list[Document]) -> bool:
    """Whether goods of an order may not move, or are none of this world's."""
    world = today.world
    parts = [world.by_public_id.get(line["PartNum"]) for line in lines]
    return any(part is None or (world.centre.number, part.index) in today.stuck for part in parts)


def _pack(today: Today, moves: Moves, shipment: Shipment) -> None:
    """ShipHead, ShipDtl, stock out, lines and order closed."""
    day, head, pack = midnight(today.day), shipment.head, shipment.pack
    now = {"ShipStatus": "SHIPPED", "ReadyToInvoice": True, "ShipViaCode": "UPSG", "EntryPerson": "shipping"}
    ids = {"PackNum": pack, "CustNum": head["CustNum"], "Plant": PLANT, "TrackingNumber": f"1Z{head['OrderNum']:010d}"}
    today.rows.epicor("ShipHead", [pack], {**ids, **now, "ShipDate": day, "ChangeDate": day})
    for turn, line in enumerate(shipment.lines, 1):
        made = _job_done(today, line)
        detail = _detail(today, shipment, turn, line, made=made)
        today.rows.epicor("ShipDtl", [pack, turn], detail, parent=epicor_key(pack))
        _close_line(today, line, made=made)
        item = today.world.by_public_id[line["PartNum"]]
        if item.kind == "stock":
            gone = milli(line["SellingQuantity"])
            moves.one(moves.erp, today.world.centre, item, -gone, -gone)
    today.rows.add("epicor/OrderHed", epicor_key(head["OrderNum"]), head | {"OpenOrder": False, "ChangeDate": day})


def _detail(today: Today, shipment: Shipment, turn: int, line: Document, *, made: bool) -> Document:
    return {
        "PackNum": shipment.pack,
        "PackLine": turn,
        "OrderNum": line["OrderNum"],
        "OrderLine": line["OrderLine"],
        "OrderRelNum": 1,
        "PartNum": line["PartNum"],
        "LineDesc": line["LineDesc"],
        "IUM": line["IUM"],
        "SalesUM": "EA",
        "InventoryShipUOM": line["IUM"],
        "OurJobShipQty" if made else "OurInventoryShipQty": line["OrderQty"],
        "WarehouseCode": today.world.centre.code,
        "BinNum": "01",
        "Plant": PLANT,
        "ShipCmpl": True,
    }


def _job_done(today: Today, line: Document) -> bool:
    """Complete the job of a made line; false for a line from stock."""
    key, day = epicor_key(f"J{line['OrderNum']:06d}-{line['OrderLine']}"), midnight(today.day)
    job = today.state.get("epicor/JobHead", key)
    if job:
        done = {"JobComplete": True, "JobCompletionDate": day, "QtyCompleted": job["ProdQty"], "LastChangedOn": day}
        today.rows.add("epicor/JobHead", key, job | done)
    return job is not None


def _close_line(today: Today, line: Document, *, made: bool) -> None:
    parent = epicor_key(line["OrderNum"], line["OrderLine"])
    today.rows.add("epicor/OrderDtl", parent, line | {"OpenLine": False}, parent=epicor_key(line["OrderNum"]))
    for release in today.state.select("epicor/OrderRel", "parent = ?", [parent]):
        side = "OurJobShippedQty" if made else "OurStockShippedQty"
        key = epicor_key(line["OrderNum"], line["OrderLine"], release["OrderRelNum"])
        closed = {"OpenRelease": False, side: release["OurReqQty"]}
        today.rows.add("epicor/OrderRel", key, release | closed, parent=parent)
