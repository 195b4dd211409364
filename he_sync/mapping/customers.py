"""A POS customer as an Epicor customer: the one to create, what to change, and who buys where nobody is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from he_sync.mapping import lengths
from he_sync.mapping.addresses import customer_columns
from he_sync.model.address import Address
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Retailer
from he_sync.model.texts import plain, shortened

OWNED = frozenset(
    {"Name", "EMailAddress", "PhoneNum", "Address1", "Address2", "Address3", "City", "State", "Zip", "CountryNum"}
)
"""What the POS knows better. Terms, credit, tax region and salesperson are the ERP's and never written again."""

ADDRESS = ("Address1", "Address2", "Address3", "City", "State", "Zip", "CountryNum")
"""Columns that are one field to people and to ownership: an address travels whole or not at all."""
SHOP_FIELDS = {"email": "email", "phone": "phone_number"}
SHOP_CUSTOM = {
    "cust_id": "epicor_customer",
    "terms": "epicor_terms",
    "credit_limit": "epicor_credit_limit",
    "credit_hold": "epicor_credit_hold",
}
"""Custom fields of the shop's customer that show what the ERP owns."""


def cust_id(customer_id: int) -> str:
    """CustID of a POS customer: derived from its id, so that Epicor itself refuses a second one."""
    return f"H{customer_id}"


def walk_in(store: str, retailer: Retailer) -> str:
    """Who buys where the POS knows no customer: the store's own walk-in, else the company's."""
    own = next((one.walk_in_customer for one in retailer.stores if one.code == store), "")
    return own or retailer.epicor.walk_in_customer


def is_walk_in(customer: str, retailer: Retailer) -> bool:
    """Whether a CustID is some walk-in's. Nothing is ever written to one."""
    everyones = {retailer.epicor.walk_in_customer, *(store.walk_in_customer for store in retailer.stores)}
    return customer in everyones - {""}


def customer(  # noqa: PLR0913, PLR0917 - a customer's own fields, as the frames and the till's documents name them
    customer_id: int, name: str, email: str, phone: str, retailer: Retailer, address: Address | None = None
) -> dict[str, Any]:
    """The customer to create: only what is there. Raises BadRecord for an e-mail or address that cannot be kept."""
    where = f"customer {customer_id}"
    return {
        "Company": retailer.epicor.company,
        "CustID": lengths.key("CustID", cust_id(customer_id), where, retailer.epicor.field_lengths),
        **_contact(where, name or f"Customer {customer_id}", email, phone, retailer),
        "CustomerType": "CUS",
        **(customer_columns(address, retailer.epicor, where) if address and not address.empty else {}),
    }


def _contact(where: str, name: str, email: str, phone: str, retailer: Retailer) -> dict[str, str]:
    own = retailer.epicor.field_lengths
    return {
        "Name": shortened(plain(name), lengths.length("Name", own)),
        "EMailAddress": lengths.key("EMailAddress", plain(email), where, own),
        "PhoneNum": lengths.key("PhoneNum", plain(phone), where, own),
    }


def address_in(row: Mapping[str, Any]) -> dict[str, Any] | str:
    """The address that a customer's columns say, every column named; "" where they say no place."""
    said = {name: str(row.get(name) or "").strip() for name in ADDRESS[:-1]}
    return {**said, "CountryNum": int(row.get("CountryNum") or 0)} if any(said.values()) else ""


def changes(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The POS's fields that differ from what the ERP has, with its CustNum; None where nothing does.

    A field that the POS does not give is left as it is. Raises BadRecord for a walk-in-like record without a number.
    """
    if not found.get("CustNum"):
        raise BadRecord(f"customer {wanted.get('CustID')} was read without its CustNum; read it again")
    differing = {
        name: value for name, value in wanted.items() if name in OWNED and value != (found.get(name) or type(value)())
    }
    return {"CustNum": int(found["CustNum"]), **differing} if differing else None


def shop_fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the shop's customer from what the ERP says; its name has two parts there."""
    found: dict[str, Any] = {SHOP_FIELDS[name]: value for name, value in said.items() if name in SHOP_FIELDS}
    if name := said.get("name"):
        first, _, last = str(name).rpartition(" ")
        found |= {"first_name": first or last, "last_name": last if first else ""}
    if custom := {SHOP_CUSTOM[name]: value for name, value in said.items() if name in SHOP_CUSTOM}:
        found["custom"] = custom
    return found
