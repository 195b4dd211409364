"""From differences to a push plan: what would change in which system, old -> new, and whether it needs a person.

A plan is only rows; nothing is sent here. The key of every effect is derived from what it is about, so that planning
the same differences again yields the same effects (reference reliability 3.3, R5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from he_sync.flows.ownership import Owner, owners
from he_sync.mapping import customers, to_epicor
from he_sync.mapping.sales import with_discount
from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.errors import BadRecord
from he_sync.model.journal import Journal, JournalLine
from he_sync.model.money import show, to_major
from he_sync.model.quantity import MILLI, from_milli
from he_sync.model.retailer import Retailer, Store
from he_sync.model.sale import Part, Sale, SaleLine, kind_of
from he_sync.reconcile.customers import Known
from he_sync.store.effects import Effect, effect_key


@dataclass(frozen=True)
class Facts:
    """The day's canonical frames by name, the profile, accounts a payment belongs on.

    `under_way` are keys of customers that an earlier plan creates and no push has confirmed yet; `owners` is whose the
    fields of a customer are.
    """

    day: str
    retailer: Retailer
    frames: dict[str, pd.DataFrame]
    accounts: dict[int, frozenset[str]] = field(default_factory=dict)
    under_way: frozenset[str] = frozenset()
    owners: Mapping[str, Owner] = field(default_factory=owners)

    @cached_property
    def erp_customers(self) -> Known:
        """Who the ERP knows."""
        customers = self.frames["customers"]
        return Known(customers[customers["side"] == "epicor"])

    def rows(self, name: str, **where: Any) -> Iterator[Any]:
        """Rows of a frame where columns have these values."""
        found = self.frames[name]
        for column, value in where.items():
            found = found[found[column] == value]
        return records(found)

    def one(self, name: str, **where: Any) -> Any:
        """The first such row. Raises BadRecord where there is none."""
        if row := next(self.rows(name, **where), None):
            return row
        asked = ", ".join(f"{column} {value}" for column, value in where.items())
        raise BadRecord(f"{name} of {self.day} hold nothing with {asked}; pull the day again")

    def store(self, code: str) -> Store:
        """A store by its code. Raises BadRecord for one that the profile does not name."""
        if store := next((store for store in self.retailer.stores if store.code == code), None):
            return store
        raise BadRecord(f"the profile names no store {code}")


@dataclass(frozen=True)
class Plan:
    """Effects to send, and differences that no effect can settle with the reason."""

    effects: tuple[Effect, ...]
    refused: tuple[tuple[Difference, str], ...]


Planner = Callable[[Difference, Facts], Iterable[Effect]]


def make(differences: Iterable[Difference], facts: Facts) -> Plan:
    """Plan every difference that names an action; customers first, because orders wait for theirs."""
    effects: dict[str, Effect] = {}
    refused = []
    for difference in sorted(differences, key=lambda one: (one.leg != "customers", one.leg, one.subject)):
        planner = PLANNERS.get(difference.action)
        if planner is None:
            continue
        try:
            for effect in planner(difference, facts):
                effects.setdefault(effect.key, effect)
        except BadRecord as error:
            refused.append((difference, str(error)))
    return Plan(tuple(effects.values()), tuple(refused))


def _number(subject: str) -> int:
    return int(subject.split(" ")[1])


def key(retailer: Retailer, kind: str, entity: str, version: str = "1") -> str:
    """The key of an effect about an entity ("ticket 117060"); `version` tells apart what may happen to it again."""
    return effect_key(retailer.name, "heartland", entity.split(" ", maxsplit=1)[0], entity, kind, version)


def _create_customer(difference: Difference, facts: Facts) -> Iterator[Effect]:
    row = facts.one("customers", side="heartland", customer_id=_number(difference.subject))
    yield _new_customer(row, facts)


def _new_customer(row: Any, facts: Facts) -> Effect:
    body = customers.customer(row.customer_id, row.name, row.email, row.phone, facts.retailer)
    entity, text = f"customer {row.customer_id}", f"create customer {row.name}"
    name = key(facts.retailer, "create_customer", entity)
    return Effect(name, "create_customer", "epicor", entity, facts.day, body, True, text, 0, None)


@dataclass(frozen=True)
class Buyer:
    """Whose order it is in the ERP: a CustID, the effect that creates it where it is new, the key to wait for."""

    cust_id: str
    created: Effect | None = None
    waits_for: str | None = None


def _buyer(customer_id: int, store: str, facts: Facts) -> Buyer:
    """Raises BadRecord for a customer whom the ERP does not know and nobody is creating: no walk-in takes its order."""
    if not customer_id:
        return Buyer(customers.walk_in(store, facts.retailer))
    link, known = customers.cust_id(customer_id), facts.erp_customers
    if link in known.by_link:
        return Buyer(link)
    if row := next(facts.rows("customers", side="heartland", customer_id=customer_id), None):
        if twin := known.twin(row):
            return Buyer(twin)
        created = _new_customer(row, facts)
        return Buyer(link, created, created.key)
    name = key(facts.retailer, "create_customer", f"customer {customer_id}")
    if name in facts.under_way:
        return Buyer(link, None, name)
    raise BadRecord(f"customer {customer_id} is not in the ERP; close the date on which it was made, or create {link}")


PERSON = {"name": "Name", "email": "EMailAddress", "phone": "PhoneNum"}


def _update_customer(difference: Difference, facts: Facts) -> Iterator[Effect]:
    number = _number(difference.subject)
    row = facts.one("customers", side="heartland", customer_id=number)
    theirs = facts.one("customers", side="epicor", link=row.link)
    mine = {name: column for name, column in PERSON.items() if facts.owners[name] == "heartland"}
    ours, was = ({column: getattr(side, name) for name, column in mine.items()} for side in (row, theirs))
    if ours == was:
        return  # what differs is Epicor's; its own flow shows it in the shop
    body = {"CustNum": theirs.customer_id, **ours, "was": was}
    version = f"{facts.day}|{row.name}|{row.email}|{row.phone}"
    name = key(facts.retailer, "update_customer", difference.subject, version)
    yield Effect(
        name, "update_customer", "epicor", difference.subject, facts.day, body, True, difference.evidence, 0, None
    )


def _create_order(difference: Difference, facts: Facts) -> Iterator[Effect]:
    sale = _sale(difference.subject, facts)
    buyer = _buyer(sale.customer_id, sale.store, facts)
    if buyer.created:
        yield buyer.created
    body = to_epicor.sales_order(sale, buyer.cust_id, facts.retailer)
    name = key(facts.retailer, "create_sales_order", difference.subject)
    amount = int(body["amount_minor"])
    under = abs(amount) <= facts.retailer.limits.order_minor
    text = f"create sales order for {difference.subject} over {show(amount)}"
    yield Effect(
        name,
        "create_sales_order",
        "epicor",
        difference.subject,
        facts.day,
        body,
        under,
        text,
        amount,
        buyer.waits_for,
    )
    if not sale.counter_sale:
        told = key(facts.retailer, "confirm_order", difference.subject)
        back = {"order_id": _number(difference.subject), "owner": difference.subject}
        yield Effect(
            told,
            "confirm_order",
            "heartland",
            difference.subject,
            facts.day,
            back,
            True,
            "write the ERP number back",
            0,
            name,
        )


def _sale(subject: str, facts: Facts) -> Sale:
    """The sale as the day's frames have it: prices after discount, tax in one sum, no addresses, no payments."""
    counter, currency = subject.startswith("ticket"), facts.retailer.currency
    frame, column = ("tickets", "ticket_id") if counter else ("orders", "order_id")
    row = facts.one(frame, **{column: _number(subject)})
    lines = tuple(_sale_line(line, currency) for line in facts.rows("sale_lines", owner=subject))
    sale = Sale(
        owner=subject,
        public_id=row.public_id,
        kind=kind_of(tuple(line.quantity_milli for line in lines)),
        status="complete" if counter else row.status,
        business_date=row.business_date,
        customer_id=row.customer_id,
        counter_sale=counter,
        currency=currency,
        lines=lines,
        total_minor=row.total_minor,
        store=row.store,
        taxes=(Part("Sales tax", row.tax_minor),),
        tip_minor=row.tip_minor if counter else 0,
        gift_card_minor=row.gift_card_minor if counter else 0,
        shipping_minor=0 if counter else row.shipping_minor,
    )
    return with_discount(sale, None)


def _sale_line(row: Any, currency: str) -> SaleLine:
    price = to_major(row.unit_price_minor, currency)
    return SaleLine(1, row.sku, row.description, row.quantity_milli, price, price, row.amount_minor)


def _order_charge(difference: Difference, facts: Facts) -> Iterator[Effect]:
    order = facts.one("erp_orders", source=difference.subject, voided=False)
    codes = facts.retailer.epicor
    code = codes.discount_charge if difference.klass == "order_discount_dropped" else codes.rounding_charge
    target = order.total_minor - difference.delta_minor
    body = {
        "order_num": order.order_num,
        "code": code,
        "amount": to_major(-difference.delta_minor, facts.retailer.currency),
        "text": difference.klass,
        "target_minor": target,
    }
    name = key(
        facts.retailer, "add_order_charge", difference.subject, f"{order.order_num}|{order.total_minor}|{target}"
    )
    under = abs(difference.delta_minor) <= facts.retailer.limits.order_minor
    text = f"sales order {order.order_num}: {show(order.total_minor)} -> {show(target)}"
    yield Effect(
        name,
        "add_order_charge",
        "epicor",
        difference.subject,
        facts.day,
        body,
        under,
        text,
        -difference.delta_minor,
        None,
    )


def _place(subject: str) -> tuple[str, str]:
    sku, _, store = subject.removeprefix("item ").partition(" @ ")
    return sku, store


def _within_stock_limit(difference: Difference, facts: Facts) -> bool:
    return abs(difference.delta_milli) <= facts.retailer.limits.stock_units * MILLI


def _erp_stock(difference: Difference, facts: Facts) -> Iterator[Effect]:
    """In pieces, never in cases: a difference need not be a whole number of cases."""
    sku, code = _place(difference.subject)
    store, pieces = facts.store(code), from_milli(difference.delta_milli)
    if next(iter(facts.rows("products", side="epicor", sku=sku)), None) is None:
        raise BadRecord(f"item {sku} is no part of the ERP; create the part before its stock")
    place = {"part": sku, "warehouse": store.warehouse, "bin": store.bin}
    body = {**place, "delta": pieces, "unit": facts.retailer.units.base, "date": facts.day}
    version = f"{facts.day}|{difference.delta_milli}|{difference.evidence}"
    name = key(facts.retailer, "adjust_erp_stock", difference.subject, version)
    under, text = _within_stock_limit(difference, facts), f"{difference.evidence}; ERP {pieces:+f}"
    yield Effect(name, "adjust_erp_stock", "epicor", difference.subject, facts.day, body, under, text, 0, None)


def _pos_stock(difference: Difference, facts: Facts) -> Iterator[Effect]:
    sku, code = _place(difference.subject)
    store = facts.store(code)
    item = next(iter(facts.rows("products", side="heartland", sku=sku)), None)
    if item is None:
        raise BadRecord(f"part {sku} is no item of the POS; create the item before its stock")
    delta = from_milli(-difference.delta_milli)
    body = {
        "location_id": store.location_id,
        "item_id": item.item_id,
        "delta": delta,
        "reason_id": facts.retailer.heartland_adjustment_reason_id,
    }
    name = key(
        facts.retailer,
        "adjust_pos_stock",
        difference.subject,
        f"{facts.day}|{difference.delta_milli}|{difference.evidence}",
    )
    under, text = _within_stock_limit(difference, facts), f"{difference.subject}: {difference.evidence}, POS {delta:+f}"
    yield Effect(name, "adjust_pos_stock", "heartland", difference.subject, facts.day, body, under, text, 0, None)


def _journal(difference: Difference, facts: Facts) -> Iterator[Effect]:
    """Correct one payment's postings to what they should be, against the accounts it stands on and suspense.

    Nothing where the close posts store-days: its journals bring the same cents, and would bring them twice.
    """
    if facts.retailer.epicor.ledger == "store_days":
        return
    number = _number(difference.subject)
    payment = facts.one("payments", payment_id=number)
    standing: dict[str, int] = {}
    for line in facts.rows("ledger_lines", payment_id=number):
        standing[line.account] = standing.get(line.account, 0) + int(line.amount_minor)
    moves = _moves(payment.amount_minor, sorted(facts.accounts[number]), standing)
    rest = facts.retailer.accounts.suspense
    lines = [JournalLine(account, payment.store, amount, f"HR PAY {number} COR") for account, amount in moves]
    if sum(amount for _, amount in moves):
        lines.append(JournalLine(rest, payment.store, -sum(amount for _, amount in moves), f"HR COR {number} COR"))
    journal = Journal(payment.store, facts.day, f"{difference.klass} payment {number}", tuple(lines))
    version = f"{facts.day}|{difference.klass}|{difference.delta_minor}|{sorted(standing.items())}"
    name = key(facts.retailer, "post_journal", difference.subject, version)
    under = abs(difference.delta_minor) <= facts.retailer.limits.journal_minor
    text, cents = difference.evidence, difference.delta_minor
    yield Effect(name, "post_journal", "epicor", difference.subject, facts.day, _posting(journal), under, text, cents)


def _moves(amount: int, accounts: list[str], standing: dict[str, int]) -> list[tuple[str, int]]:
    """(account, cents) that bring a payment to its amount on one right account and to nothing on every other."""
    right = next((account for account in accounts if account in standing), accounts[0])
    moves = {account: -cents for account, cents in standing.items() if account not in accounts}
    moves[right] = amount - standing.get(right, 0)
    return [(account, cents) for account, cents in sorted(moves.items()) if cents]


def _posting(journal: Journal) -> dict[str, Any]:
    """The body of a journal's effect. The suspense line's text names no payment: it belongs to the day's summary."""
    lines = [
        {"account": f"{line.account}|{line.store}", "amount_minor": line.amount_minor, "text": line.text}
        for line in journal.lines
    ]
    return {"store": journal.store, "date": journal.business_date, "lines": lines, "text": journal.text}


PLANNERS: dict[str, Planner] = {
    "create_customer": _create_customer,
    "update_customer": _update_customer,
    "create_sales_order": _create_order,
    "add_order_charge": _order_charge,
    "adjust_erp_stock": _erp_stock,
    "adjust_pos_stock": _pos_stock,
    "post_journal": _journal,
}
