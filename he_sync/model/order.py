"""Order: a sale agreed but not handed over at a till (POS side), and the ERP's sales order of either side's sale."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract, Instant


class Orders(Contract):
    """One row a POS sales order. Source: Heartland `sales/orders`."""

    order_id: int = pa.Field(gt=0, unique=True)
    public_id: str = pa.Field(str_length={"min_value": 1})
    status: str = pa.Field(isin=["pending", "open", "closed", "voided", "canceled", "cancelled", "void"])
    store: str = pa.Field(str_length={"min_value": 1})
    customer_id: int = pa.Field(ge=0)
    business_date: str = pa.Field(str_matches=ISO_DATE)
    created_at: Instant
    timezone: str
    currency: str = pa.Field(str_matches=CURRENCY)
    subtotal_minor: int
    discount_minor: int = pa.Field(ge=0)
    tax_minor: int
    shipping_minor: int = pa.Field(ge=0)
    total_minor: int

    @pa.dataframe_check(name="total is the sum of its parts")
    @classmethod
    def _adds_up(cls, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN206 - pandera's own frame type
        return rows.total_minor == rows.subtotal_minor + rows.tax_minor + rows.shipping_minor


class ErpOrders(Contract):
    """One row an Epicor sales order. Source: `Erp.BO.SalesOrderSvc` OrderHed; total as in reference epicor 3.1."""

    order_num: int = pa.Field(gt=0, unique=True)
    source: str = pa.Field(description="ticket <id> or order <id> read from PONum, empty for an order born in the ERP")
    customer_num: int = pa.Field(ge=0)
    business_date: str = pa.Field(str_matches=ISO_DATE, description="OrderDate")
    voided: bool
    charges_minor: int
    discount_minor: int
    misc_minor: int
    tax_minor: int
    total_minor: int
    revision: int = pa.Field(gt=0, description="SysRevID")

    @pa.dataframe_check(name="total is charges + misc - discount + tax")
    @classmethod
    def _adds_up(cls, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN206 - pandera's own frame type
        return rows.total_minor == rows.charges_minor + rows.misc_minor - rows.discount_minor + rows.tax_minor
