"""StockLevel: what one side believes is at a place, in thousandths of the base unit."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import Contract


class StockLevels(Contract):
    """One row an item at a place. `available = on_hand - reserved`, both in base units (units already converted)."""

    side: str = pa.Field(isin=["heartland", "epicor"])
    sku: str = pa.Field(str_length={"min_value": 1})
    store: str = pa.Field(str_length={"min_value": 1})
    on_hand_milli: int
    reserved_milli: int
    available_milli: int
    factor: int = pa.Field(gt=0, description="Base units per stocking unit of the ERP; 1 at the POS")

    @pa.dataframe_check(name="available is on hand less reserved")
    @classmethod
    def _adds_up(cls, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN206 - pandera's own frame type
        return rows.available_milli == rows.on_hand_milli - rows.reserved_milli
