"""What the merchant knows from its contracts: fees, funding lags, bank holidays, accounts (terms.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Fee:
    """The price of one settled item of a tender: basis points of the gross plus minor units an item."""

    bps: int
    per_item_cents: int


@dataclass(frozen=True)
class Terms:
    """The contract as the engine needs it; amounts in minor units of `currency` unless a record names another.

    `lags` are bank days from batch date (cash: from business date) to value date by brand group. `accounts` maps each
    tender to its clearing account, and `bank`, `fees`, `accrued_fees`, `chargebacks`, `reserve` to theirs.
    """

    currency: str
    pos_day_starts: str
    fees: Mapping[str, Fee]
    chargeback_fee_cents: int
    monthly_fee_cents: int
    lags: Mapping[str, int]
    holidays: frozenset[date]
    brand_group: Mapping[str, str]
    accounts: Mapping[str, int]
    rates: Mapping[str, str] = field(default_factory=dict)  # currency -> units of `currency` for one, as decimal text
    refunds_are_free: bool = False  # else a refund costs the item's price without the basis points

    def card_tenders(self) -> tuple[str, ...]:
        """Tenders that settle through the processor, in the contract's order."""
        return tuple(self.brand_group)
