"""SettlementLine: one card transaction as the processor settled it."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract, Instant


class SettlementLines(Contract):
    """One row a settled transaction. Source: GP-API `settlement/transactions`."""

    line_id: str = pa.Field(str_length={"min_value": 1}, unique=True)
    store: str = pa.Field(str_length={"min_value": 1}, description="From the MID")
    mid: str
    business_date: str = pa.Field(str_matches=ISO_DATE)
    created_at: Instant
    kind: str = pa.Field(isin=["SALE", "REFUND"])
    brand: str = pa.Field(str_length={"min_value": 1})
    brand_group: str = pa.Field(isin=["VMDD", "AMEX"])
    currency: str = pa.Field(str_matches=CURRENCY)
    amount_minor: int = pa.Field(description="Negative for a refund")
    reference: str
    auth_code: str
    batch_id: str
    deposit_id: str
