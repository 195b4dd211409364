"""Writes the rows that a day's goods moved: inventory values, PartWhse, bins that somebody wrote before, PartTran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from he_sync.sandbox.world.randomness import midnight
from he_sync.sandbox.world.rows import PLANT, epicor_key
from he_sync.sandbox.world.shelves import (
    PART_WHSE,
    VALUES,
    erp_key,
    erp_value,
    in_unit,
    milli,
    pos_changed,
    pos_value,
    read,
)
from he_sync.sandbox.world.stock import LOAD_HOUR

if TYPE_CHECKING:
    from he_sync.sandbox.world.stock import Moves
    from he_sync.sandbox.world.today import Spot, Today

PART_BIN = "epicor/PartBin"


def moved_rows(today: Today, moves: Moves, sold: dict[Spot, int]) -> None:
    """Every moved row on both sides, and Epicor's ledger: `sold` went out as STK-CUS, the rest between places."""
    _values(today, moves)
    _part_whse(today, moves)
    _bins(today, moves)
    for spot, (on_hand, _) in moves.erp.items():
        for kind, change in (("STK-CUS", sold.get(spot, 0)), ("STK-STK", on_hand - sold.get(spot, 0))):
            if change:
                _part_tran(today, moves, spot, kind, change)


def _values(today: Today, moves: Moves) -> None:
    keys = {moves.value_key(spot): spot for spot in moves.pos}
    for key, now in read(today.state, VALUES, keys):
        on_hand, committed = moves.pos[keys[key]]
        on_hand += milli(now["qty_on_hand"])
        committed += milli(now["qty_committed"])
        fresh = pos_value(moves.item(keys[key]), moves.place(keys[key]), on_hand, committed)
        today.rows.add(VALUES, key, pos_changed(now, fresh))


def _part_whse(today: Today, moves: Moves) -> None:
    keys = {erp_key(moves.item(spot), moves.place(spot)): spot for spot in moves.erp}
    for key, now in read(today.state, PART_WHSE, keys):
        item, place = moves.item(keys[key]), moves.place(keys[key])
        on_hand, held = moves.erp[keys[key]]
        on_hand += milli(now.get("OnHandQty", 0) * item.factor)
        held += milli(now.get("ReservedQty", 0) * item.factor)
        kept = {name: value for name, value in now.items() if name not in {"ReservedQty", "SalesReservedQty"}}
        today.rows.add(PART_WHSE, key, kept | erp_value(item, place, on_hand, held), parent=item.key)


def _bins(today: Today, moves: Moves) -> None:
    """A bin exists only after somebody adjusted it; then it must go with its warehouse."""
    keys = {epicor_key(moves.item(spot).public_id, moves.place(spot).code, "01", ""): spot for spot in moves.erp}
    for key, now in read(today.state, PART_BIN, keys):
        item = moves.item(keys[key])
        on_hand = now.get("OnhandQty", 0) + in_unit(item, moves.erp[keys[key]][0])
        today.rows.add(PART_BIN, key, now | {"OnhandQty": on_hand}, parent=item.key)


def _part_tran(today: Today, moves: Moves, spot: Spot, kind: str, change: int) -> None:
    """STK-CUS is positive for goods that went out, a transfer is signed."""
    number, day = today.numbers.epicor("epicor/PartTran", "TranNum", 1), midnight(today.day)
    item, place = moves.item(spot), moves.place(spot)
    amount = in_unit(item, -change if kind == "STK-CUS" else change)
    document = {
        "SysDate": day,
        "SysTime": LOAD_HOUR,
        "TranNum": number,
        "PartNum": item.public_id,
        "PartDescription": item.description,
        "WareHouseCode": place.code,
        "BinNum": "01",
        "Plant": PLANT,
        "TranType": kind,
        "TranClass": kind[0],
        "InventoryTrans": True,
        "TranDate": day,
        "TranQty": amount,
        "ActTranQty": amount,
        "UM": item.unit,
        "ActTransUOM": item.unit,
        "InvtyUOM": item.unit,
        "TranReference": f"HR {place.code} {today.day.isoformat()}",
        "EntryPerson": "legacy",
    }
    today.rows.epicor("PartTran", [day, LOAD_HOUR, number], document)
