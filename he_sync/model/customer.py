"""Customer: a person or company as one side knows it."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import Contract


class Customers(Contract):
    """One row a customer of one side."""

    side: str = pa.Field(isin=["heartland", "epicor"])
    customer_id: int = pa.Field(gt=0, description="Heartland id or Epicor CustNum")
    link: str = pa.Field(description="CustID: H<heartland id> where we made or adopted the record")
    name: str
    email: str = pa.Field(description="As written, trimmed")
    phone: str = pa.Field(description="As written, trimmed")
    active: bool
