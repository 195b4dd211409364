"""A flow's parts for people: what triggers it, what each step does, when a person is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from he_sync.mapping.spec.writing import flow

READS: Mapping[str, str] = {
    "heartland_sales": "the order or ticket in Heartland as it is now",
    "heartland_returns": "the ticket in Heartland as it is now, for goods that came back",
    "heartland_customers": "the customer in Heartland as it is now",
    "epicor_fulfilment": "order, jobs, packs and stock in Epicor as they are now",
    "epicor_customers": "the customer in Epicor as it is now",
    "parts": "whether Epicor has the part now",
    "epicor_record": "the row of Epicor's table as it is now",
}
CHECKS: Mapping[str, str] = {
    "contract": "readable, exact and complete",
    "has_lines": "sells something",
    "known_parts": "every SKU is a part of Epicor",
    "deliverable_address": "the ship-to can be delivered to",
}
MATCHES: Mapping[str, str] = {"link": "by a link that is known", "email_and_name": "by e-mail and name"}
MAKES: Mapping[str, str] = {
    "sales_order": "a sales order",
    "rma": "a return with its credit",
    "customer": "a customer",
    "fulfilment_status": "status, packs and stock for the shop",
    "account_fields": "the account's fields for the shop",
    "parts": "parked sales go on",
    "record": "a record of the shop, by a mapping",
}
LIMITS: Mapping[str, str] = {"amount": "over", "new_customer": "over_amount", "margin": "under_percent"}
"""The limit of a condition, where it has one."""
WHENS: Mapping[str, str] = {
    "amount": "it comes to more than {}",
    "new_customer": "the customer is new and it comes to more than {}",
    "margin": "less than {} % is left after the goods' cost",
    "blocked_part": "a part is inactive or on hold",
    "changed_after_posting": "something of it is shipped or invoiced",
}


def condition(route: Mapping[str, Any]) -> str:
    """When a person is asked: "it comes to more than 5000.00"."""
    when = str(route.get("when"))
    return WHENS.get(when, when.replace("_", " ")).format(route.get(LIMITS.get(when, ""), 0))


def asked(route: Mapping[str, Any]) -> str:
    """A route in words, with what the person reads."""
    because = route.get("because")
    return f"if {condition(route)}, a person decides" + (f": {because}" if because else "")


def said(value: Any) -> str:
    """Any part of a flow in a line."""
    if isinstance(value, list) and not any(isinstance(one, dict) for one in value):
        return ", ".join(map(str, value))
    return "" if value is None else str(value) if isinstance(value, str) else flow(value)
