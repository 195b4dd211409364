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


class CustomerRecords(Contract):
    """One row a customer record as its own system knows it: what two records are compared by."""

    side: str = pa.Field(isin=["heartland", "epicor"])
    record_id: str = pa.Field(unique=True, str_length={"min_value": 1}, description="Heartland id or Epicor CustID")
    first_name: str
    last_name: str
    company: str
    name: str = pa.Field(description="Where one side has one field for it")
    email: str = pa.Field(description="As written, trimmed")
    phone: str = pa.Field(description="As written, trimmed")
    street: str
    city: str
    state: str
    zip: str
    dated: str = pa.Field(str_matches=r"^(\d{4}-\d{2}-\d{2})?$", description="Day of its last change")
    active: bool
