"""The retailer's profile: stores, accounts, tenders, processor terms. One YAML file; the integrator's first page.

What differs between two companies stands here and nowhere in code: which warehouse a shop is in Epicor, which MID funds
which bank account, which tender lands in which account, who owns the stock of a place.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from he_sync.model.errors import FixSettings


class Record(BaseModel):
    """A frozen record that refuses unknown keys, so that a misspelt setting is an error and not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Store(Record):
    """One place that sells or keeps stock, as both systems know it."""

    code: str = Field(description="Our name of it and the store segment of every ledger account, e.g. S001")
    name: str
    location_id: int = Field(description="Heartland location id")
    timezone: str
    rollover_hour: int = Field(default=4, ge=0, le=12, description="Local hour at which a new business date starts")
    plant: str = "MfgSys"
    warehouse: str = Field(description="Epicor warehouse code")
    bin: str = "01"
    mid: str = Field(default="", description="Merchant id at the processor; empty for a place that takes no cards")
    bank_account: str = Field(default="", description="Epicor BankAcctID that the MID funds")
    funding: Literal["gross", "net"] = "gross"
    stock_owner: Literal["heartland", "epicor"] = Field(description="Whose stock figure is right for this place")
    walk_in_customer: str = Field(
        default="", description="CustID that this store's sales without a customer belong to; empty: the company's"
    )


class Tender(Record):
    """What a Heartland payment type is in the books."""

    payment_type: str = Field(description="payment_types.name in Heartland")
    kind: Literal["card", "cash", "gift_card", "store_credit", "house", "deposit"]
    account: str = Field(
        description="Natural account the tender debits; for cards the default until the brand is known"
    )


class Accounts(Record):
    """Natural accounts (first ledger segment)."""

    bank: str = "1010"
    card_clearing: str = "1150"
    amex_clearing: str = "1151"
    cash: str = "1155"
    disputes: str = "1165"
    gift_cards: str = "2300"
    deposits: str = "2310"
    store_credit: str = "2320"
    tips: str = "2330"
    sales_tax: str = "2200"
    sales: str = "4000"
    returns: str = "4010"
    fees: str = "6400"
    over_short: str = "6490"
    differences: str = "6495"
    suspense: str = "1199"
    reserve: str = "1160"
    rejected: str = "1170"
    accrued_fees: str = "2390"
    breakage: str = "4900"
    chargeback_fees: str = "6410"
    chargeback_losses: str = "6420"
    exchange_differences: str = "7100"


class BrandFee(Record):
    """A brand's contract price: basis points of the amount plus cents per item."""

    basis_points: int
    per_item_minor: int


class Terms(Record):
    """What the merchant knows from the processor contract."""

    fees: dict[str, BrandFee] = Field(description="By card brand in the processor's upper case, e.g. VISA")
    funding_bank_days: dict[str, int] = Field(
        description="By brand group: VMDD (Visa, Mastercard, Discover, debit), AMEX"
    )
    chargeback_fee_minor: int = 1500
    bank_holidays: tuple[date, ...] = ()


class StockOwner(Record):
    """Whose count is right for these classes of items at these places; an empty tuple fits all."""

    owner: Literal["heartland", "epicor"]
    classes: tuple[str, ...] = Field(default=(), description="Part.ClassID in Epicor")
    stores: tuple[str, ...] = ()

    def fits(self, klass: str, code: str) -> bool:
        """Whether it is meant for this class and place."""
        return all(not named or one in named for named, one in ((self.classes, klass), (self.stores, code)))


class Units(Record):
    """How many of the item's base unit one of a stocking unit holds, by Epicor unit code."""

    base: str = "EA"
    holds: dict[str, int] = Field(default_factory=lambda: {"EA": 1})


class Epicor(Record):
    """The company and books we write to."""

    company: str
    plant: str = "MfgSys"
    book: str = "MAIN"
    coa: str = "MAIN"
    journal_code: str = "GJ"
    ledger: Literal["payments", "store_days"] = Field(
        default="payments",
        description="payments: others post each payment and we correct; store_days: the close posts each day",
    )
    fiscal_calendar: str = "MAIN"
    walk_in_customer: str = Field(description="CustID that sales without a customer belong to")
    adjust_reason: str = Field(default="POS", description="Reason code of stock adjustments")
    sundry_part: str = "POS-SALE"
    discount_charge: str = Field(default="DISC", description="MiscCode that carries an order discount")
    rounding_charge: str = Field(default="RND", description="MiscCode that carries a rounding difference")
    tax_charge: str = Field(
        default="TAX", description="MiscCode that carries the POS tax, which is a fact and never recomputed"
    )
    fob: str = Field(default="ORIG", description="FOB code of new sales orders; Kinetic refuses an order without one")
    shipping_charge: str = Field(default="FRT", description="MiscCode that carries freight")
    exchange_charge: str = Field(
        default="EXCH", description="MiscCode that carries the value of goods that came back in an exchange"
    )
    order_key_column: str = Field(
        default="", description="UD column of OrderHed that carries our key beside PONum, e.g. HeSyncKey_c; empty: none"
    )
    tip_charge: str = Field(default="", description="MiscCode of tips; empty leaves them out of sales orders")
    gift_card_charge: str = Field(
        default="", description="MiscCode of gift cards sold; empty leaves them out of sales orders"
    )
    tax_charges: dict[str, str] = Field(
        default_factory=dict, description="MiscCode by tax jurisdiction as the POS names it; others share tax_charge"
    )
    return_reason: str = Field(default="POS", description="Reason code of return lines")
    ship_via: dict[int, str] = Field(
        default_factory=dict, description="ShipViaCode by Heartland shipping method id; others take the customer's"
    )
    country_numbers: dict[str, int] = Field(
        default_factory=lambda: {"US": 1}, description="Epicor CountryNum by two-letter country code"
    )
    field_lengths: dict[str, int] = Field(
        default_factory=dict, description="Characters a field holds where this company's differs, e.g. Address1: 40"
    )


class Limits(Record):
    """Up to which value a difference is written back without a person. Above it, the plan waits for approval."""

    order_minor: int = 500_000
    journal_minor: int = 500_000
    stock_units: int = 500


class Role(Record):
    """What people of a role may approve by themselves, in minor units; without a limit everything."""

    limit_minor: int | None = Field(default=None, ge=0)


class AutomaticApproval(Record):
    """A rule that approves small journals in a person's place, up to a total a month; its name stands in the trail."""

    name: str = Field(min_length=1)
    limit_minor: int = Field(ge=0)
    month_limit_minor: int = Field(ge=0)


class Approval(Record):
    """Who approves journals. Nobody may until `people` names them; nobody approves what they prepared."""

    roles: dict[str, Role] = Field(default_factory=dict)
    people: dict[str, str] = Field(default_factory=dict, description="Role by the name a person signs with")
    automatic: tuple[AutomaticApproval, ...] = ()
    sign_within_days: int | None = Field(
        default=None, ge=0, description="Days after a business date by which its store-days are signed; empty: no alarm"
    )

    @model_validator(mode="after")
    def _roles_are_known(self) -> Self:
        for person, role in self.people.items():
            if role not in self.roles:
                raise ValueError(f"{person} has the role {role}, which approval.roles does not name")
        return self


class Retailer(Record):
    """One retailer, complete."""

    name: str
    currency: str = "USD"
    timezone: str = Field(description="Business time zone: the close is scheduled in it")
    heartland_adjustment_reason_id: int
    stores: tuple[Store, ...]
    tenders: tuple[Tender, ...]
    accounts: Accounts = Accounts()
    terms: Terms
    units: Units = Units()
    epicor: Epicor
    limits: Limits = Limits()
    approval: Approval = Approval()
    stock_owners: tuple[StockOwner, ...] = Field(
        default=(), description="Exceptions by class and place, the first that fits; else the place's stock_owner"
    )

    @cached_property
    def by_location(self) -> dict[int, Store]:
        """Stores by Heartland location id."""
        return {store.location_id: store for store in self.stores}

    @cached_property
    def by_warehouse(self) -> dict[str, Store]:
        """Stores by Epicor warehouse code."""
        return {store.warehouse: store for store in self.stores}

    def stock_owner(self, klass: str, code: str) -> str:
        """Who owns the count of a class of items at a place; "" for a place that the profile does not name."""
        rule = next((one.owner for one in self.stock_owners if one.fits(klass, code)), "")
        return rule or next((store.stock_owner for store in self.stores if store.code == code), "")

    @cached_property
    def by_payment_type(self) -> dict[str, Tender]:
        """Tenders by the Heartland payment type's name."""
        return {tender.payment_type: tender for tender in self.tenders}

    def account(self, natural: str, store: Store) -> str:
        """Full ledger account in Epicor's stored form, segments joined by a bar: 1150|S001."""
        return f"{natural}|{store.code}"


def brand_group(brand: str) -> str:
    """Amex funds apart from all other brands (reference: accounting 4.1)."""
    return "AMEX" if brand == "AMEX" else "VMDD"


def load_retailer(path: Path) -> Retailer:
    """Read a profile. Raises FixSettings with file, place and rule of the first thing that is wrong."""
    try:
        return Retailer.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FixSettings(
            f"{path}: cannot read the retailer's profile ({error.strerror}); `he-sync sandbox profile` prints one"
        ) from error
    except yaml.YAMLError as error:
        raise FixSettings(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise FixSettings(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def dump_retailer(retailer: Retailer) -> str:
    """The profile as YAML, stable order."""
    return yaml.safe_dump(retailer.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
