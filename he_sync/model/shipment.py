"""Shipment: goods that left for a customer."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import Contract


class Shipments(Contract):
    """One row a pack. Source: Epicor `CustShips` (table ShipHead)."""

    pack_num: int = pa.Field(gt=0, unique=True)
    order_num: int = pa.Field(ge=0)
    ship_date: str
    status: str
    tracking: str
    voided: bool
    revision: int = pa.Field(gt=0)
