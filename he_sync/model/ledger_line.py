"""LedgerLine: a posted line of the general ledger."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import ISO_DATE, Contract


class LedgerLines(Contract):
    """One row a posted line. Source: Epicor `GLJrnDtls`. Debit positive."""

    line_id: str = pa.Field(str_length={"min_value": 1}, unique=True, description="journal code, number and line")
    account: str = pa.Field(str_length={"min_value": 1}, description="Natural account, first segment")
    store: str = pa.Field(description="Second segment")
    posting_date: str = pa.Field(str_matches=ISO_DATE)
    amount_minor: int = pa.Field(description="Debit less credit")
    payment_id: int = pa.Field(ge=0, description="Read from the description `HR PAY <id>`, 0 for a summary line")
    description: str
    group_id: str
