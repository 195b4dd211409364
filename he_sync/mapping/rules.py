"""What a flow may decide about mapping. Defaults map every sale; the flow file overrides.

What differs between companies (codes, accounts, units) is the profile's; these are choices of the way it is done.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from he_sync.model.errors import FixSettings
from he_sync.model.retailer import Epicor, Record

Counted = Literal["by_profile", "leave_out", "charge"]
PersonField = Literal["name", "email", "phone"]
Side = Literal["heartland", "epicor", "ask"]


class SalesUnit(Record):
    """The unit that one part is ordered in instead of the base unit, e.g. the case."""

    unit: str
    holds: int | None = Field(default=None, gt=0, description="Base units in one; the profile's units where not given")
    fractions: bool = Field(default=False, description="Whether part of a unit may be ordered")


class MapRules(Record):
    """How a flow maps sales.

    `order_discount: charge` keeps what was taken off the whole sale as one negative charge: gross, line discounts and
    coupons stay apart, a later change of one line leaves it alone, and the ERP cannot recompute it. `spread` shares it
    over the lines by largest remainder, for companies that report margin by line.
    """

    aggregate_lines: Literal["same_part_and_price", "never"] = "same_part_and_price"
    order_discount: Literal["charge", "spread"] = "charge"
    tips: Counted = "by_profile"
    gift_cards: Counted = "by_profile"
    statuses: dict[str, str] = Field(default_factory=dict, description="POS status to held, open, shipped or void")
    units: dict[str, SalesUnit] = Field(default_factory=dict, description="By part number")
    owners: dict[PersonField, Side] = Field(
        default_factory=dict,
        description="Fields of a customer that Epicor knows better, or of whose edits a person is asked (`ask`); "
        "say it in both flows of customers",
    )
    need_by_days: int = Field(default=0, ge=0, le=365, description="Days from the business date to NeedByDate")

    def check(self, codes: Epicor) -> None:
        """Raises FixSettings where a flow and the profile disagree: the nightly comparison knows the profile alone."""
        for name, said, code in (
            ("tips", self.tips, codes.tip_charge),
            ("gift_cards", self.gift_cards, codes.gift_card_charge),
        ):
            if said == "charge" and not code:
                raise FixSettings(f"map.{name} is charge, but the profile names no {name.rstrip('s')}_charge for it")
            if said == "leave_out" and code:
                raise FixSettings(f"map.{name} is leave_out, but the profile charges them to {code}; make them agree")


DEFAULT = MapRules()
