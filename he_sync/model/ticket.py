"""Ticket: what a till rang up. A sale or a return, with its lines. Source: Heartland `sales/tickets`."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract, Instant


class Tickets(Contract):
    """One row a ticket. `total = subtotal + tax + tip + gift_cards`; a return's amounts are negative."""

    ticket_id: int = pa.Field(gt=0, unique=True, description="Heartland id")
    public_id: str = pa.Field(str_length={"min_value": 1}, description="The number people see")
    kind: str = pa.Field(isin=["Ticket", "Return"], description="Sale (or exchange) or return")
    store: str = pa.Field(str_length={"min_value": 1}, description="Store code of the profile")
    customer_id: int = pa.Field(ge=0, description="Heartland customer, 0 for a walk-in")
    business_date: str = pa.Field(str_matches=ISO_DATE, description="Store day, from the store's zone and roll-over")
    completed_at: Instant = pa.Field(description="UTC instant of completion")
    timezone: str = pa.Field(description="The store's zone")
    currency: str = pa.Field(str_matches=CURRENCY)
    subtotal_minor: int = pa.Field(description="Goods after discounts, before tax")
    discount_minor: int = pa.Field(ge=0, description="What was taken off, as a positive figure")
    tax_minor: int
    tip_minor: int = pa.Field(ge=0)
    gift_card_minor: int = pa.Field(description="Gift cards sold: a liability, not a sale")
    total_minor: int
    parent_id: int = pa.Field(ge=0, description="Ticket or invoice that a return or exchange refers to")
    voided: bool

    @pa.dataframe_check(name="total is the sum of its parts")
    @classmethod
    def _adds_up(cls, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN206 - pandera's own frame type
        return rows.total_minor == rows.subtotal_minor + rows.tax_minor + rows.tip_minor + rows.gift_card_minor


class TicketLines(Contract):
    """One row an item line of a ticket or order."""

    owner: str = pa.Field(description="ticket <id> or order <id>")
    line_id: int = pa.Field(gt=0)
    sku: str = pa.Field(str_length={"min_value": 1}, description="Item number, the Epicor PartNum")
    description: str
    quantity_milli: int = pa.Field(ne=0)
    unit_price_minor: int = pa.Field(ge=0, description="Price asked, after the line's discount")
    amount_minor: int = pa.Field(description="unit price x quantity, to the cent")
