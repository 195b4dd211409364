"""Inventory: what the POS may sell equals the ERP's on hand less reserved, in base units (reference epicor 7)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.quantity import from_milli

POS, ERP = "adjust_pos_stock", "adjust_erp_stock"
OWNED = {"heartland": ERP, "epicor": POS}
"""Where only the count differs, the owner of the place is right and the other side is adjusted."""
BY_CAUSE = {"inv_missing_in_pos": POS, "inv_reserved_ignored": POS, "inv_missing_in_erp": ERP}
"""Where the cause names the side that is wrong: it does not know the reservation, or not the item at all."""


def compare(day: str, pos: pd.DataFrame, erp: pd.DataFrame, owners: dict[str, str]) -> list[Difference]:
    """Differences by item and place. `owners` gives the stock owner of each store code."""
    exact = {"available_milli": "Int64", "on_hand_milli": "Int64", "factor": "Int64"}  # an outer join makes int64 float
    left, right = (side[["sku", "store", *exact]].astype(exact) for side in (pos, erp))
    joined = left.merge(right, on=["sku", "store"], how="outer", suffixes=("_pos", "_erp"), indicator="found_in")
    wrong = joined[joined["available_milli_pos"].fillna(0) != joined["available_milli_erp"].fillna(0)]
    return [_difference(day, row, owners[row.store]) for row in records(wrong.sort_values(["store", "sku"]))]


def _difference(day: str, row: Any, owner: str) -> Difference:
    ours, theirs = (0 if pd.isna(value) else int(value) for value in (row.available_milli_pos, row.available_milli_erp))
    klass = ONE_SIDED.get(str(row.found_in)) or _klass(row, ours, theirs)
    action = BY_CAUSE.get(klass, OWNED[owner])
    if klass == "inv_sign_flip":
        action = POS if ours < 0 else ERP  # nothing can be less than nothing: the negative side is wrong
    text = f"POS {from_milli(ours)}, ERP {from_milli(theirs)}"
    return Difference(day, klass, f"item {row.sku} @ {row.store}", row.store, 0, ours - theirs, text, action)


ONE_SIDED = {"left_only": "inv_missing_in_erp", "right_only": "inv_missing_in_pos"}


def _klass(row: Any, ours: int, theirs: int) -> str:
    factor, on_hand = int(row.factor_erp), int(row.on_hand_milli_erp)
    if theirs and ours == -theirs:
        return "inv_sign_flip"
    if factor > 1 and ours * factor == theirs:
        return "inv_uom_error"
    if on_hand != theirs and ours == on_hand:
        return "inv_reserved_ignored"
    return "inv_quantity_drift"
