"""Product: an item of the POS, a part of the ERP."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import Contract


class Products(Contract):
    """One row an item. `factor` is how many base units the ERP's stocking unit holds."""

    side: str = pa.Field(isin=["heartland", "epicor"])
    sku: str = pa.Field(str_length={"min_value": 1}, description="Item public id = PartNum")
    item_id: int = pa.Field(ge=0, description="Heartland id, 0 on the ERP side")
    description: str
    unit: str = pa.Field(str_length={"min_value": 1})
    factor: int = pa.Field(gt=0)
    price_minor: int = pa.Field(ge=0)
    active: bool
