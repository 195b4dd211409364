"""Every business object of the stand-in: importing this module registers them all."""

from __future__ import annotations

from he_sync.sandbox.epicor import (
    agent,
    ap_invoice,
    api_keys,
    ar_invoice,
    bank,
    cash,
    cash_groups,
    cash_posting,
    cdc,
    customer,
    inventory_adjust,
    jobs,
    ledger,
    ledger_entry,
    ledger_lines,
    part,
    part_tran,
    rma,
    sales_order,
    setup,
    shipments,
    system,
    ud,
)
from he_sync.sandbox.epicor.bo import REGISTRY, BusinessObject

MODULES = (
    sales_order,
    customer,
    part,
    system,
    api_keys,
    cdc,
    ap_invoice,
    ar_invoice,
    bank,
    cash,
    cash_groups,
    cash_posting,
    inventory_adjust,
    jobs,
    ledger,
    ledger_entry,
    ledger_lines,
    part_tran,
    rma,
    setup,
    shipments,
    ud,
    agent,
)


def find(service: str) -> BusinessObject | None:
    """The business object of a service name, in any case."""
    return REGISTRY.get(service.lower())
