"""Customers who are new or change on a day, on both sides, and the three ways in which the customers leg goes wrong.

A newcomer signs up at the till with name, e-mail and telephone. A record that changed is one of the first evening, has
no twin, and was never planted. All times of day are the retailer's, so that the business date is the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.world.people import WALK_IN, Customer, changed, customer_rows, epicor_customer, newcomer
from he_sync.sandbox.world.plants import some
from he_sync.sandbox.world.randomness import at_local, stamp

if TYPE_CHECKING:
    from random import Random

    from he_sync.sandbox.world.today import Today

FEWEST = 6
TILL_HOURS = (36000, 72000)
TELEPHONE = 0.5


@dataclass(frozen=True)
class Visitors:
    """Newcomers that go shopping, one of them unknown to the ERP; ids of old records that may no longer change."""

    shoppers: tuple[Customer, ...]
    stranger: Customer
    settled: tuple[int, ...]


def visit(today: Today, settled: frozenset[int]) -> Visitors:
    """Sign up the day's newcomers and change some old records; plant the customers leg."""
    rng, size = today.chance("visitors"), today.world.size
    count = max(FEWEST, size.tickets * size.stores // 60)
    wrong = some(count * 3, 3)
    known = [one for one in today.world.people if not (one.twin or one.company or one.id in settled)]
    chosen = [_current(today, one) for one in rng.sample(known, min(len(known), count + wrong))]
    originals, movers = chosen[:wrong], chosen[wrong:]
    shoppers = [_sign_up(today, rng, epicor=True) for _ in range(count)]
    strangers = [_sign_up(today, rng, epicor=False) for _ in range(wrong)]
    doubles = [_double(today, rng, original) for original in originals]
    for customer in (*shoppers, *strangers, *doubles):
        customer_rows(today.rows, today.world.seed, customer)
    for customer in shoppers:
        epicor_customer(today.rows, customer)
    _plant(today, "customer_missing_in_erp", strangers)
    _plant(today, "customer_duplicate_in_pos", doubles)
    stale = _move(today, rng, movers, wrong)
    return Visitors(tuple(shoppers), strangers[0], tuple(one.id for one in (*originals, *stale)))


def _current(today: Today, customer: Customer) -> Customer:
    """The customer as the POS knows it by now."""
    now = today.state.get("heartland/customers", customer.id) or {}
    fields = {"first": "first_name", "last": "last_name", "email": "email", "phone": "phone_number"}
    return changed(customer, **{name: now[column] for name, column in fields.items() if now.get(column)})


def _plant(today: Today, klass: str, customers: list[Customer]) -> None:
    for customer in customers:
        today.plants.add(klass, f"customer {customer.id}", "")


def _now(today: Today, rng: Random) -> str:
    return stamp(at_local(today.day, rng.randrange(*TILL_HOURS), today.world.retailer.timezone))


def _sign_up(today: Today, rng: Random, *, epicor: bool) -> Customer:
    number = today.numbers.epicor("epicor/Customer", "CustNum", WALK_IN) if epicor else WALK_IN
    person = newcomer(rng, today.numbers.take("heartland/customers"), number)
    at = _now(today, rng)
    return changed(person, street="", created=at, updated=at)


def _double(today: Today, rng: Random, original: Customer) -> Customer:
    """The same person signed up again: same name, e-mail and telephone, no ERP record."""
    at, identity = _now(today, rng), today.numbers.take("heartland/customers")
    return changed(original, id=identity, number=WALK_IN, street="", created=at, updated=at)


def _move(today: Today, rng: Random, movers: list[Customer], wrong: int) -> list[Customer]:
    """New telephones and e-mails; the ERP hears of all but the last few. Returns those it did not hear of."""
    moved = [_moved(today, rng, customer) for customer in movers]
    known, stale = moved[:-wrong], moved[-wrong:]
    for customer in moved:
        customer_rows(today.rows, today.world.seed, customer)
    for customer in known:
        epicor_customer(today.rows, customer)
    _plant(today, "customer_field_differs", stale)
    return stale


def _moved(today: Today, rng: Random, customer: Customer) -> Customer:
    at, last_four = _now(today, rng), (int(customer.phone[-4:]) + rng.randrange(1, 9999)) % 10000
    if rng.random() < TELEPHONE:
        return changed(customer, phone=f"{customer.phone[:-4]}{last_four:04d}", updated=at)
    email = f"{customer.first}.{customer.id}.{today.day:%y%m%d}@example.net".lower()
    return changed(customer, email=email, updated=at)
