"""Who buys: customers on both sides, duplicates that grew over the years, companies, the walk-in customer, the staff.

Every customer of the first evening has an Epicor record with equal fields, a duplicate too: old sins are no difference
of a day. A company's name stands in `last_name`, `first_name` is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.heartland.masters import FIRST_ADDRESS
from he_sync.sandbox.world.catalogue import EPOCH
from he_sync.sandbox.world.places import CITIES, FIRST_ID, City
from he_sync.sandbox.world.randomness import stream, uid

if TYPE_CHECKING:
    from random import Random

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.rows import Rows

WALK_IN = 1
FIRST_CUSTOMER = 2
ONE_DOUBLE_IN, ONE_COMPANY_IN = 25, 40
FIRST_NAMES = (
    *("Ana", "Ben", "Chloe", "Dmitri", "Elena", "Femi", "Grace", "Hugo", "Iris", "Jonas", "Katja", "Liam", "Maya"),
    *("Noor", "Oscar", "Priya", "Quinn", "Rosa", "Samir", "Tess", "Uma", "Victor", "Wendy", "Xavier", "Yara", "Zoe"),
)
LAST_NAMES = (
    *(
        "Adler",
        "Baptiste",
        "Castellano",
        "Dvorak",
        "Eriksen",
        "Fontaine",
        "Goldberg",
        "Hernandez",
        "Ishikawa",
        "Jankowski",
    ),
    *(
        "Kowalski",
        "Lindqvist",
        "McAllister",
        "Novak",
        "Okafor",
        "Petersen",
        "Quintero",
        "Ramirez",
        "Stavros",
        "Thompson",
    ),
    *("Underwood", "Vasquez", "Whitfield", "Xiong", "Yamamoto", "Zielinski"),
)
COMPANIES = (
    "Harborview Rentals LLC",
    "Cedar Ridge Camps Inc",
    "Northgate Catering Co",
    "Summit Guides LLC",
    "Old Mill Lodge",
)
STREETS = ("Maple Ave", "2nd St", "Harbor Rd", "Canal St", "Juniper Ln", "Broadway")


@dataclass(frozen=True, slots=True)
class Customer:
    """One person or company; `twin` marks either half of a pair of duplicates; `number` is Epicor's CustNum.

    Who signed up at the till left no street, and so has no address in either system.
    """

    id: int
    first: str
    last: str
    email: str
    phone: str
    city: City
    street: str
    number: int
    company: bool = False
    twin: bool = False
    created: str = EPOCH
    updated: str = EPOCH

    @property
    def name(self) -> str:
        """First and last name; for a company its name alone."""
        return f"{self.first} {self.last}".strip()


def first_evening(seed: int, count: int) -> tuple[Customer, ...]:
    """The customers before the first day: one in forty a company, one in twenty-five a duplicate of the one before."""
    rng = stream(seed, "customers")
    found: list[Customer] = []
    for index in range(count):
        if index % ONE_DOUBLE_IN == ONE_DOUBLE_IN - 1:
            found[-1], double = _twins(rng, found[-1], index)
            found.append(double)
        else:
            found.append(
                newcomer(
                    rng, FIRST_ID + index, FIRST_CUSTOMER + index, company=index % ONE_COMPANY_IN == ONE_COMPANY_IN // 8
                )
            )
    return tuple(found)


def newcomer(rng: Random, identity: int, number: int, *, company: bool = False) -> Customer:
    """A person nobody has met; the id in the e-mail keeps it apart from everybody else's."""
    first, last, city = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES), rng.choice(CITIES)
    email = f"{first}.{last}.{identity}@example.com".lower()
    if company:
        first, last = "", f"{rng.choice(COMPANIES)} {identity % 1000}"
        email = f"accounts.{identity}@example.com"
    phone = f"{city.area}-555-{rng.randrange(10000):04d}"
    street = f"{rng.randrange(1, 990)} {rng.choice(STREETS)}"
    return Customer(identity, first, last, email, phone, city, street, number, company=company)


def changed(customer: Customer, **fields: object) -> Customer:
    """The customer with some fields different."""
    values = {name: getattr(customer, name) for name in Customer.__slots__}
    return Customer(**{**values, **fields})


def _twins(rng: Random, older: Customer, index: int) -> tuple[Customer, Customer]:
    """A duplicate with the same e-mail in other case or a letter lost from the name."""
    double = changed(older, id=FIRST_ID + index, number=FIRST_CUSTOMER + index, twin=True)
    shouted = changed(double, email=double.email.upper())
    misspelt = changed(double, last=double.last[:-2] + double.last[-1])
    return changed(older, twin=True), rng.choice((shouted, misspelt))


def customer_rows(rows: Rows, seed: int, customer: Customer) -> None:
    """The Heartland customer and, where a street is known, the address."""
    rows.add("heartland/customers", customer.id, heartland_customer(seed, customer))
    if customer.street:
        rows.add("heartland/customers.addresses", customer.id, _address(customer), parent=customer.id)


def heartland_customer(seed: int, customer: Customer) -> Document:
    """The customer as Heartland Retail shows it."""
    return {
        "id": customer.id,
        "public_id": str(customer.id),
        "uuid": uid(seed, "customer", customer.id),
        "first_name": customer.first,
        "last_name": customer.last,
        "name": customer.name,
        "email": customer.email,
        "phone_number": customer.phone,
        "active?": True,
        "promotional_emails?": customer.id % 3 == 0,
        "promotional_messages?": False,
        "loyalty_points_balance": 0,
        "loyalty_points_total": 0,
        **dict.fromkeys(
            ("address_id", "billing_address_id", "shipping_address_id"),
            address_id(customer) if customer.street else None,
        ),
        "created_at": customer.created,
        "updated_at": customer.updated,
        "deleted_at": None,
        "custom": {"company": customer.last} if customer.company else {},
    }


def address_id(customer: Customer) -> int:
    """What orders name an address by; it differs from the id of the address row, which joins it to the customer."""
    return FIRST_ADDRESS + customer.id - FIRST_ID


def _address(customer: Customer) -> Document:
    return {
        "id": customer.id,
        "address_id": address_id(customer),
        "customer_id": customer.id,
        "first_name": customer.first or "Accounts",
        "last_name": customer.last,
        "line_1": customer.street,
        "line_2": None,
        "city": customer.city.name,
        "state": customer.city.state,
        "postal_code": customer.city.postal,
        "country": "US",
        "phone": customer.phone,
        "primary_billing?": True,
        "primary_shipping?": True,
        "created_at": customer.created,
        "updated_at": customer.updated,
    }


def epicor_customer(rows: Rows, customer: Customer) -> None:
    """The Epicor customer that the legacy integration made of it."""
    document = {
        "CustNum": customer.number,
        "CustID": f"H{customer.id}",
        "Name": customer.name,
        "EMailAddress": customer.email,
        "PhoneNum": customer.phone,
        **(_street(customer) if customer.street else {}),
        **_account(customer.created),
        "ChangeDate": f"{customer.updated[:10]}T00:00:00",
    }
    rows.epicor("Customer", [customer.number], document)


def _street(customer: Customer) -> Document:
    city = customer.city
    return {"Address1": customer.street, "City": city.name, "State": city.state, "Zip": city.postal}


def walk_in(rows: Rows) -> None:
    """The customer that sales without a customer belong to."""
    rows.epicor("Customer", [WALK_IN], {"CustNum": WALK_IN, "CustID": "WALKIN", "Name": "Walk-in", **_account(EPOCH)})


def _account(created: str) -> Document:
    terms = {
        "TermsCode": "N30",
        "CurrencyCode": "USD",
        "TerritoryID": "US",
        "ShipViaCode": "UPSG",
        "DefaultFOB": "ORIG",
    }
    return {"CustomerType": "CUS", "Country": "USA", "CountryNum": 1, **terms, "EstDate": f"{created[:10]}T00:00:00"}
