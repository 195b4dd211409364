"""Deposit: what the processor says it paid to the bank, and the bank line that says it arrived."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract


class Deposits(Contract):
    """One row a deposit. Source: GP-API `settlement/deposits`. `amount = sales + refunds + chargebacks + fees`."""

    deposit_id: str = pa.Field(str_length={"min_value": 1}, unique=True)
    store: str = pa.Field(str_length={"min_value": 1})
    mid: str
    funding_date: str = pa.Field(str_matches=ISO_DATE)
    bank_account: str
    currency: str = pa.Field(str_matches=CURRENCY)
    amount_minor: int
    sales_minor: int
    refunds_minor: int = pa.Field(le=0)
    chargebacks_minor: int
    fees_minor: int = pa.Field(le=0, description="Negative: what was kept back; 0 when funded gross")


class BankLines(Contract):
    """One row a bank transaction in the ERP. Source: Epicor BankTran."""

    line_id: str = pa.Field(str_length={"min_value": 1}, unique=True)
    bank_account: str
    value_date: str = pa.Field(str_matches=ISO_DATE)
    amount_minor: int
    reference: str
