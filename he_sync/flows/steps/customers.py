"""Who the customer of a sale is in the ERP: the walk-in, a linked CustID, a twin by e-mail and name, or a new one.

A CustID that holds somebody else is no link: the order would stand on a stranger's account. A new customer is planned
once however many orders arrive together, because its key names the customer and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, Steps, going
from he_sync.flows.steps.documents import CUSTOMERS, look_up
from he_sync.mapping import customers as mapping
from he_sync.mapping import epicor, heartland
from he_sync.mapping.addresses import problems, standardise
from he_sync.mapping.fields import Fields
from he_sync.mapping.sales import read_address
from he_sync.model.address import Address
from he_sync.model.errors import BadRecord
from he_sync.store import crosswalk
from he_sync.store.effects import Effect

ERP_CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")
FIELDS = ("CustNum", "CustID", "Name", "EMailAddress", "PhoneNum", "Inactive", "CreditHold", *mapping.ADDRESS)
Person = Mapping[str, Any]
"""A canonical row of a customer of either side: customer_id, link, name, email, phone (model/customer.py); of the
ERP's its `address` too."""


@dataclass(frozen=True)
class Buyer:
    """Whose order it is: a CustID, what the ERP has of it now, and the effect that creates it where it is new."""

    cust_id: str
    row: Person | None = None
    created: Effect | None = None

    @property
    def is_new(self) -> bool:
        """Whether the ERP does not know the customer yet."""
        return self.created is not None


# the steps


def link(cases: list[Case], desk: Desk) -> list[Case]:
    """Walk-ins, and customers whose CustID the ERP has: linked by a person (crosswalk), else H<Heartland id>."""
    wanted = {case.entity: customer_id(case) for case in going(cases) if not case.facts.get("cancelled")}
    ids = sorted({number for number in wanted.values() if number})
    people = look_up(desk, CUSTOMERS, ids)
    links = _cust_ids(desk, ids)
    erp = _by_cust_id(desk, links.values())
    return [_linked(case, desk, people, links, erp) if case.entity in wanted else case for case in cases]


def email_and_name(cases: list[Case], desk: Desk) -> list[Case]:
    """Customers without a link: the ERP's customer with the same e-mail and name."""
    unknown = {case.entity for case in going(cases) if "person" in case.facts and "buyer" not in case.facts}
    erp = _by_email(desk, [case.facts["person"]["email"] for case in cases if case.entity in unknown])
    return [_twin(case, desk, erp) if case.entity in unknown else case for case in cases]


def customer_id(case: Case) -> int:
    """The Heartland customer that a case is about; 0 for a sale without one."""
    return int(case.document["id"]) if case.kind == "customer" else int(case.facts["sale"].customer_id)


def _linked(
    case: Case,
    desk: Desk,
    people: Mapping[int, dict[str, Any] | None],
    links: Mapping[int, str],
    erp: Mapping[str, Person | None],
) -> Case:
    number = customer_id(case)
    if not number:
        walk_in = mapping.walk_in(case.facts["sale"].store, desk.retailer)
        return case.know(buyer=Buyer(walk_in)).told("matched", f"without a customer: {walk_in}", desk)
    document = people[number]
    if document is None:
        text = f"{case.entity} names customer {number}, whom Heartland does not have; name another one on it there"
        return case.fail("customer_id", "is in Heartland", text, str(number))
    person = person_of(document)
    there = erp.get(links[number])
    case = case.know(person=person)
    if there is None:
        return case
    if links[number] != person["link"] or is_same(person, there):
        return case.know(buyer=Buyer(links[number], there)).told("matched", f"by CustID {links[number]}", desk)
    return case.know(taken=there)


def _twin(case: Case, desk: Desk, erp: Mapping[tuple[str, str], Person]) -> Case:
    person = case.facts["person"]
    twin = erp.get(_who(person)) if person["email"] else None
    if twin is not None:
        return case.know(buyer=Buyer(twin["link"], twin)).told("matched", f"by e-mail and name: {twin['link']}", desk)
    if taken := case.facts.get("taken"):
        text = (
            f"CustID {taken['link']} in Epicor is {taken['name']} <{taken['email']}>, but customer {customer_id(case)}"
            f" in Heartland is {person['name']} <{person['email']}>; correct one of them"
        )
        return case.fail("CustID", "is the same person", text, taken["link"], "who keeps the customers in Epicor")
    return case


def found_or_new(case: Case, desk: Desk) -> Buyer:
    """The buyer that the matchers found, else the one that is created now. Raises BadRecord where it cannot be."""
    if buyer := case.facts.get("buyer"):
        return _required(buyer)
    return _new(case, desk)


def _required(buyer: Buyer) -> Buyer:
    if buyer.row is not None and not buyer.row["active"]:
        raise BadRecord(f"customer {buyer.cust_id} is inactive in Epicor; activate it, or name another one on the sale")
    return buyer


def _new(case: Case, desk: Desk) -> Buyer:
    """One new customer for two Heartland records of one person that arrive together."""
    created = create_effect(case, desk)
    once: dict[Any, Effect] = desk.remembered.setdefault("new customers", {})
    person = case.facts["person"]
    first = once.setdefault(_who(person) if person["email"] else created.key, created)
    return Buyer(str(first.body["CustID"]), created=first)


def create_effect(case: Case, desk: Desk) -> Effect:
    """The effect that creates a case's customer; its key is the night's."""
    number = customer_id(case)
    person, entity = case.facts["person"], f"customer {number}"
    address = address_of(look_up(desk, CUSTOMERS, [number])[number] or {}, desk)
    body = mapping.customer(number, person["name"], person["email"], person["phone"], desk.retailer, address)
    key = plan.key(desk.retailer, "create_customer", entity)
    day = desk.now.date().isoformat()
    return Effect(key, "create_customer", "epicor", entity, day, body, True, f"create customer {person['name']}")


# what both sides know


def person_of(document: Mapping[str, Any]) -> Person:
    """The canonical row of a Heartland customer."""
    [(_, row)] = heartland.customer(document)
    return row


def address_of(document: Mapping[str, Any], desk: Desk) -> Address | None:
    """A customer's first address that could be delivered to; a sale does not wait for one that could not."""
    for row in Fields(document, "customer").rows("addresses", "address"):
        tidy = standardise(read_address(row), desk.retailer.epicor.field_lengths)
        if (
            not problems(tidy, desk.retailer.epicor.field_lengths)
            and tidy.country in desk.retailer.epicor.country_numbers
        ):
            return tidy
    return None


def is_same(ours: Person, theirs: Person) -> bool:
    """Whether a CustID holds the person it should: people change a name or an address, not everything at once."""
    said = [(ours[name], theirs[name]) for name in ("email", "name", "phone") if ours[name] and theirs[name]]
    return not said or any(_plain(one) == _plain(other) for one, other in said)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _who(person: Person) -> tuple[str, str]:
    return person["email"].casefold(), " ".join(person["name"].casefold().split())


def _cust_ids(desk: Desk, numbers: list[int]) -> dict[int, str]:
    def fetch(some: list[int]) -> dict[int, str]:
        linked = crosswalk.epicor_ids(desk.store, "customer", map(str, some))
        return {one: linked.get(str(one)) or mapping.cust_id(one) for one in some}

    known = desk.look_up("links", numbers, fetch)
    return {number: str(known[number]) for number in numbers}


def _by_cust_id(desk: Desk, cust_ids: Iterable[str]) -> Mapping[str, Person | None]:
    return desk.look_up("erp customers", cust_ids, lambda some: _asked(desk.systems, "CustID", some))


def _asked(systems: Systems, column: str, values: list[str]) -> dict[str, Person]:
    rows = systems.epicor.read_any(*ERP_CUSTOMERS, column, values, select=FIELDS)
    return {
        row["link"]: {**row, "address": mapping.address_in(document)}
        for document in rows
        for _, row in epicor.customer(document)
    }


def _by_email(desk: Desk, emails: Iterable[str]) -> dict[tuple[str, str], Person]:
    """ERP customers by e-mail and name; several of one name are one too many to choose, the lowest CustID is taken."""
    asked = [email for email in emails if email]
    known = desk.look_up("erp customers by e-mail", asked, lambda some: _grouped(desk.systems, some))
    found: dict[tuple[str, str], Person] = {}
    for email in asked:
        for row in known[email] or ():
            found.setdefault(_who(row), row)
    return found


def _grouped(systems: Systems, emails: list[str]) -> dict[str, list[Person]]:
    """Rows by the e-mail that was asked for; most databases compare without regard to case, not all."""
    asked = dict.fromkeys(spelling for email in emails for spelling in (email, email.lower(), email.upper()))
    rows = sorted(_asked(systems, "EMailAddress", list(asked)).values(), key=lambda row: str(row["link"]))
    return {email: [row for row in rows if row["email"].casefold() == email.casefold()] for email in emails}


def required(case: Case, buyer: Buyer) -> Case:
    """The case with the effect that its customer waits for, if any."""
    if buyer.created is None:
        return case
    return replace(case, effects=(buyer.created, *case.effects))


STEPS = Steps(matchers={"link": link, "email_and_name": email_and_name})
