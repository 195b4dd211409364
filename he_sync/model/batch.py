"""Batch: what a terminal group closed together. Heartland's batch belongs to the store day it was closed for."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import ISO_DATE, Contract


class Batches(Contract):
    """One row a batch, summed from its settlement lines."""

    batch_id: str = pa.Field(str_length={"min_value": 1}, unique=True)
    store: str
    brand_group: str = pa.Field(isin=["VMDD", "AMEX"])
    business_date: str = pa.Field(str_matches=ISO_DATE)
    lines: int = pa.Field(gt=0)
    amount_minor: int
