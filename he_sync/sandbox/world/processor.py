"""The card processor's side of a day: transactions as they settle, and the batches that close that night.

A transaction's reference is the ticket's public id; three in a hundred are blank, and those have an amount that nobody
else paid by card in that store that day. Batches close around 04:30 local time, one a store and funding group.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from he_sync.model.calendar import add_bank_days
from he_sync.sandbox.world.plant import Paid, lonely
from he_sync.sandbox.world.plants import some
from he_sync.sandbox.world.randomness import at_local, half_up, local, uid, zulu

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from he_sync.model.retailer import Terms
    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.today import Today

BLANK = 0.03
GROUPS = ("VMDD", "AMEX")
ENTRY = ("CHIP", "CONTACTLESS_CHIP", "SWIPE", "CONTACTLESS_SWIPE")
FIRST6 = {"VISA": "411111", "MASTERCARD": "545454", "DISCOVER": "601100", "AMEX": "371449"}


@dataclass(frozen=True)
class Settled:
    """One card movement as the processor knows it; `amount` signed, negative for a refund."""

    id: str
    place: Place
    at: datetime
    amount: int
    brand: str
    group: str
    reference: str

    def fee(self, terms: Terms) -> int:
        """What the contract says this one costs; a refund costs nothing and gives nothing back."""
        price = terms.fees[self.brand]
        return half_up(self.amount * price.basis_points, 10000) + price.per_item_minor if self.amount > 0 else 0


@dataclass(frozen=True)
class Batch:
    """A closed batch that waits for its deposit."""

    id: str
    code: str
    group: str
    funding: str
    sales: int
    sales_amount: int
    refunds: int
    refunds_amount: int
    fees: int


def settlements(today: Today, payments: Sequence[Paid]) -> list[Settled]:
    """What reached the processor of the day's card payments, errors included, and refunds nobody rang up."""
    rng, world, plants = today.chance("processor"), today.world, today.plants
    cards = [one for one in payments if one.payment.brand]
    alone = lonely(cards)
    found = []
    for one in cards:
        klass = plants.klass(one.subject)
        blank = not klass and (one.code, abs(one.amount)) in alone and rng.random() < BLANK
        if klass != "unsettled_payment":
            amount = one.amount + (plants.minor(one.subject) if klass == "tip_adjust_lost" else 0)
            reference = "" if blank else str(one.sale.id)
            identity = f"TRN_{uid(world.seed, 'transaction', one.payment.id).replace('-', '')[:24]}"
            payment = one.payment
            found.append(Settled(identity, one.sale.place, payment.at, amount, payment.brand, payment.group, reference))
    return found + _orphans(today, rng, cards)


def _orphans(today: Today, rng: Random, cards: Sequence[Paid]) -> list[Settled]:
    """Refunds keyed into the terminal without a ticket; no card payment of that store and day has the amount."""
    world, plants = today.world, today.plants
    taken = {(one.code, abs(one.amount)) for one in cards}
    found = []
    for turn in range(some(len(cards), 3)):
        place = rng.choice(world.stores)
        amount = next(cents for cents in iter(lambda: rng.randrange(1501, 9999), 0) if (place.code, cents) not in taken)
        taken.add((place.code, amount))
        identity = f"TRN_{uid(world.seed, 'orphan', plants.day, turn).replace('-', '')[:24]}"
        at = at_local(plants.day, rng.randrange(39600, 68400), place.store.timezone)
        plants.add("orphan_refund", f"transaction {identity}", place.code, minor=-amount)
        found.append(Settled(identity, place, at, -amount, "VISA", "VMDD", ""))
    return found


def settle_rows(today: Today, settled: Sequence[Settled]) -> list[Batch]:
    """Transactions and batches of the night."""
    by_batch: dict[tuple[int, str], list[Settled]] = {}
    for one in sorted(settled, key=lambda one: (one.place.number, one.group, one.at, one.id)):
        by_batch.setdefault((one.place.number, one.group), []).append(one)
    return [_batch(today, group, members) for (_, group), members in by_batch.items()]


def _batch(today: Today, group: str, members: list[Settled]) -> Batch:
    rows, world, day = today.rows, today.world, today.day
    terms, place = world.retailer.terms, members[0].place
    rng = today.chance(f"batch:{place.code}:{group}")
    closed = at_local(day + timedelta(days=1), 16200 + rng.randrange(0, 180), place.store.timezone)
    key = f"BAT_{place.number:03d}{day:%y%m%d}-{GROUPS.index(group) + 1}"
    sales = [one.amount for one in members if one.amount > 0]
    refunds = [one.amount for one in members if one.amount < 0]
    head = {"id": key, "mid": place.store.mid, "brand_group": group, "status": "CLOSED"}
    times = {"time_created": zulu(min(one.at for one in members)), "time_closed": zulu(closed)}
    total = {"transaction_count": len(members), "amount": str(sum(sales) + sum(refunds)), "currency": "USD"}
    rows.add("processor/batches", key, {**head, **times, **total, "business_date": day.isoformat(), "deposit_id": ""})
    for one in members:
        rows.add("processor/transactions", one.id, _transaction(rng, one, key, closed), parent=key)
    funding = add_bank_days(day, terms.funding_bank_days[group], terms.bank_holidays).isoformat()
    fees = sum(one.fee(terms) for one in members) if place.store.funding == "net" else 0
    return Batch(key, place.code, group, funding, len(sales), sum(sales), len(refunds), sum(refunds), fees)


def system(place: Place) -> Document:
    """The merchant as the processor names it."""
    hierarchy = f"055-70-024-{place.number:03d}-019"
    return {"mid": place.store.mid, "hierarchy": hierarchy, "name": place.store.name.upper(), "dba": place.code}


def _transaction(rng: Random, one: Settled, batch: str, closed: datetime) -> Document:
    return {
        "id": one.id,
        "time_created": zulu(one.at),
        "time_created_reference": f"{local(one.at, one.place.store.timezone)}.000Z",
        "status": "BATCHED",
        "type": "SALE" if one.amount > 0 else "REFUND",
        "channel": "CP",
        "amount": str(abs(one.amount)),
        "currency": "USD",
        "country": "US",
        "reference": one.reference,
        "order_reference": one.reference,
        "description": "",
        "batch_id": batch,
        "batch_time_created": zulu(closed),
        "parent_resource_id": "",
        "deposit_id": "",
        "deposit_status": "",
        "deposit_time_created": "",
        "system": system(one.place),
        "payment_method": {
            "result": "00",
            "message": "APPROVAL",
            "entry_mode": rng.choice(ENTRY),
            "name": "",
            "card": _card(rng, one),
        },
    }


def _card(rng: Random, one: Settled) -> Document:
    first, last = FIRST6[one.brand], f"{rng.randrange(10000):04d}"
    mask = "X" * (5 if one.brand == "AMEX" else 6)
    return {
        "brand": one.brand,
        "authcode": f"{rng.randrange(10**6):06d}",
        "brand_reference": f"TQ{rng.randrange(10**8):08d}",
        "arn": f"7{rng.randrange(10**22):022d}",
        "masked_number_first6last4": f"{first}{mask}{last}",
    }
