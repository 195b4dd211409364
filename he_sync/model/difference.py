"""A difference: one thing on which two sides disagree, with its class, its worth and what we propose to do.

Classes are closed: finance reports by them. The first version of each comparison names what it can prove; what it
cannot explain is `..._unexplained`, never silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Leg = Literal["orders", "customers", "inventory", "settlements", "deposits", "ledger"]

CLASSES: dict[str, Leg] = {
    "order_missing_in_erp": "orders",
    "order_duplicate_push": "orders",
    "order_tax_rounding": "orders",
    "order_discount_dropped": "orders",
    "order_not_in_pos": "orders",
    "order_unexplained": "orders",
    "customer_missing_in_erp": "customers",
    "customer_field_differs": "customers",
    "customer_duplicate_in_pos": "customers",
    "inv_quantity_drift": "inventory",
    "inv_uom_error": "inventory",
    "inv_reserved_ignored": "inventory",
    "inv_missing_in_pos": "inventory",
    "inv_missing_in_erp": "inventory",
    "inv_sign_flip": "inventory",
    "unsettled_payment": "settlements",
    "orphan_refund": "settlements",
    "orphan_settlement": "settlements",
    "tip_adjust_lost": "settlements",
    "settlement_unexplained": "settlements",
    "fee_overcharge": "deposits",
    "missing_deposit": "deposits",
    "short_deposit": "deposits",
    "deposit_unexplained": "deposits",
    "missing_gl": "ledger",
    "duplicate_posting": "ledger",
    "wrong_account": "ledger",
    "wrong_amount_transposed": "ledger",
    "wrong_amount_sign": "ledger",
    "currency_rounding": "ledger",
    "timing_next_period": "ledger",
    "orphan_posting": "ledger",
    "ledger_unexplained": "ledger",
}


@dataclass(frozen=True)
class Difference:
    """One typed difference.

    `subject` names the record in its own system (ticket 117060, item 0042 @ S001). `delta_minor` is target minus source
    in minor units (what the ERP side has too much, negative too little), `delta_milli` the same in thousandths of the
    base unit for stock. `action` is what the plan would do: an effect kind, or "review" where a person must decide.
    """

    business_date: str
    klass: str
    subject: str
    store: str
    delta_minor: int
    delta_milli: int
    evidence: str
    action: str

    @property
    def leg(self) -> Leg:
        """Which comparison found it."""
        return CLASSES[self.klass]
