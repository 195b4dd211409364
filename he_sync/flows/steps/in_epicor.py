"""What stands in Epicor of orders that are to be changed: each read whole, and whether anything of it is invoiced.

An order's own rows do not say that it is invoiced (TotalInvoiced is calculated, and not by every server), so its
invoices are asked for by OrderNum. One that is not posted yet counts: posting takes it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from he_sync.flows.case import Case, Desk
from he_sync.flows.steps.standing import Standing
from he_sync.mapping.order_state import OrderState, read_state

ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
INVOICES = ("Erp.BO.ARInvoiceSvc", "ARInvoices")
WHOLE = "OHOrderMscs,OrderDtls($expand=OrderRels)"


def order_states(cases: Iterable[Case], known: Mapping[str, Standing], kind: str, desk: Desk) -> dict[str, OrderState]:
    """The orders that confirmed effects of `kind` made, by entity, in two questions for all of them."""
    owners = _owners(cases, known, kind)
    if not owners:
        return {}
    rows = desk.systems.epicor.read_any(*ORDERS, "OrderNum", owners, expand=WHOLE)
    invoiced = _invoiced(desk, owners)
    return {owners[int(row["OrderNum"])]: _state(row, invoiced, desk) for row in rows}


def _owners(cases: Iterable[Case], known: Mapping[str, Standing], kind: str) -> dict[int, str]:
    """Entities by the number of their order."""
    found = {}
    for case in cases:
        create = known[case.entity].alive(kind)
        if create is not None and create.state == "confirmed" and create.reference:
            found[int(create.reference)] = case.entity
    return found


def _invoiced(desk: Desk, numbers: Iterable[int]) -> set[int]:
    rows = desk.systems.epicor.read_any(*INVOICES, "OrderNum", numbers, select=("InvoiceNum", "OrderNum"))
    return {int(row["OrderNum"]) for row in rows}


def _state(row: Mapping[str, Any], invoiced: set[int], desk: Desk) -> OrderState:
    """An invoice over several orders names one of them; what the head says of itself is taken too."""
    told = bool(row.get("InvoicesExist")) or Decimal(row.get("TotalInvoiced") or 0) != 0
    return read_state(row, desk.retailer.currency, invoiced=told or int(row["OrderNum"]) in invoiced)
