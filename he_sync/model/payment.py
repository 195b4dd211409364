"""Payment: money taken or given back against a ticket or order, one row a tender line."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract, Instant


class Payments(Contract):
    """One row a payment. Source: Heartland payments read with their ticket or order."""

    payment_id: int = pa.Field(gt=0, unique=True)
    owner: str = pa.Field(description="ticket <id> or order <id>")
    reference: str = pa.Field(description="The owner's public number, which a clean processor row carries")
    store: str = pa.Field(str_length={"min_value": 1})
    business_date: str = pa.Field(str_matches=ISO_DATE)
    completed_at: Instant
    timezone: str
    currency: str = pa.Field(str_matches=CURRENCY)
    payment_type: str = pa.Field(str_length={"min_value": 1})
    kind: str = pa.Field(isin=["card", "cash", "gift_card", "store_credit", "house", "deposit"])
    amount_minor: int = pa.Field(description="Negative for money given back")
    tip_minor: int = pa.Field(ge=0, description="The part of it that is a tip")
    voided: bool
