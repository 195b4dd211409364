"""Header charges: what stands on an order or a return beside its lines, and under which code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from he_sync.model.retailer import Epicor
from he_sync.model.sale import Part


@dataclass(frozen=True)
class Charge:
    """One header charge; negative takes off."""

    code: str
    text: str
    amount_minor: int


def tax_charges(taxes: Sequence[Part], codes: Epicor) -> list[Charge]:
    """The tax of each jurisdiction that has a code of its own, then that of all others in one charge."""
    named = [tax for tax in taxes if tax.text in codes.tax_charges]
    own = [Charge(codes.tax_charges[tax.text], tax.text, tax.amount_minor) for tax in named]
    others = sum(tax.amount_minor for tax in taxes if tax.text not in codes.tax_charges)
    return [*own, Charge(codes.tax_charge, "Sales tax", others)]
