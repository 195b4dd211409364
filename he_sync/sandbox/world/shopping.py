"""What customers do in one store on one day: purchases, coupons, returns, exchanges, orders to be shipped.

Sales fall between 09:30 and 21:00 local time; two in a hundred after midnight, before 01:45, and still belong to the
day before. Returns and exchanges bring back a line bought the day before, on the very first day one bought that day.
A coupon is spread over the lines of quantity one by price, so that every line keeps a unit price of whole cents.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from he_sync.model.money import allocate
from he_sync.sandbox.world.furniture import staff
from he_sync.sandbox.world.randomness import MILLI, at_local, half_up, weighted
from he_sync.sandbox.world.sale import Kind, Line, Sale
from he_sync.sandbox.world.tender import WAYS, Wallets, deposit, pay, refund

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from random import Random

    from he_sync.sandbox.world.catalogue import Item
    from he_sync.sandbox.world.people import Customer
    from he_sync.sandbox.world.places import Place

LINES = {"1": 30, "2": 30, "3": 18, "4": 11, "5": 7, "6": 4}
COUPON = 500
CHANGE_OF_MIND = timedelta(minutes=20)
GIFT_VALUES = (2500, 5000, 10000)
CHARGES = (0, 750, 1295)
SHARES = {
    "known": 0.35,
    "discount": 0.12,
    "coupon": 0.04,
    "gift": 0.015,
    "tip": 0.3,
    "void": 0.01,
    "late": 0.02,
    "made": 0.3,
}
STAFF = staff()


@dataclass(frozen=True)
class Bought:
    """A line that may come back, with the ticket it was on and, if that was today, when it was bought."""

    ticket: int
    line: Line
    at: datetime | None = None


@dataclass
class Floor:
    """One store on one day: what is on the shelves, who comes in, and the chance of it all."""

    rng: Random
    place: Place
    day: date
    shelf: Sequence[Item]
    people: Sequence[Customer]
    to_ship: Sequence[Item]
    to_make: Sequence[Item]
    wallets: Wallets
    guests: list[Customer] = field(default_factory=list)

    def happens(self, what: str) -> bool:
        """Whether something of a known share happens now."""
        return self.rng.random() < SHARES[what]

    def moment(self) -> datetime:
        """An instant of the store day at which somebody pays."""
        if self.happens("late"):
            return at_local(self.day + timedelta(days=1), self.rng.randrange(300, 6300), self.place.store.timezone)
        return at_local(self.day, self.rng.randrange(34200, 75600), self.place.store.timezone)

    def draft(self, kind: Kind, lines: tuple[Line, ...], charge: int = 0) -> Sale:
        """A sale nobody has paid yet."""
        taxable = sum(line.value for line in lines)
        taxes = tuple((name, half_up(taxable * rate, 10000)) for name, rate in self.place.city.taxes)
        station, rep = self.rng.choice(self.place.stations), self.rng.choice(STAFF)
        return Sale(0, kind, self.place, self.moment(), station, rep, lines, taxes, charge=charge)


def purchases(floor: Floor, count: int) -> list[Sale]:
    """Around `count` tickets; the floor's guests take the first ones that nobody else is known to have made."""
    return [_purchase(floor) for _ in range(floor.rng.randrange(count * 9 // 10, count * 11 // 10 + 1))]


def _purchase(floor: Floor) -> Sale:
    rng = floor.rng
    items = rng.sample(floor.shelf, min(int(weighted(rng, LINES)), len(floor.shelf)))
    sale = floor.draft("Ticket", _coupon(floor, tuple(_line(floor, item) for item in items)))
    customer = rng.choice(floor.people) if floor.happens("known") else floor.guests.pop(0) if floor.guests else None
    gift = rng.choice(GIFT_VALUES) if floor.happens("gift") else 0
    way = "house" if customer and customer.company else weighted(rng, WAYS)
    tip = (
        half_up(sale.subtotal * rng.randrange(8, 21), 100)
        if floor.place.tips and way == "card" and floor.happens("tip")
        else 0
    )
    number = f"GC{rng.randrange(10**15):015d}" if gift else ""
    sale = replace(sale, customer=customer, gift=gift, gift_number=number, tip=tip)
    guest = customer is not None and not customer.street
    voided = not (gift or guest or way == "gift card") and floor.happens("void")
    return replace(sale, voided=voided, payments=pay(rng, floor.wallets, way, sale.total, sale.at))


def _line(floor: Floor, item: Item) -> Line:
    rng = floor.rng
    if item.cloth:
        return Line(item, rng.randrange(2, 20) * 250, item.price, item.price)
    each = 3 if item.factor > 1 else 1
    milli = each * rng.choice((1, 1, 1, 1, 2, 3)) * MILLI
    sold = (
        item.price - half_up(item.price * rng.choice((10, 15, 20, 30)), 100)
        if floor.happens("discount")
        else item.price
    )
    return Line(item, milli, item.price, sold)


def _coupon(floor: Floor, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    ones = [line.sold if line.milli == MILLI else 0 for line in lines]
    if sum(ones) < 2 * COUPON or not floor.happens("coupon"):
        return lines
    shares = allocate(COUPON, ones)
    return tuple(replace(line, sold=line.sold - share) for line, share in zip(lines, shares, strict=True))


def comebacks(floor: Floor, bought: Sequence[Bought], count: int) -> list[Sale]:
    """Returns and exchanges of lines bought before; every third is an exchange for something dearer."""
    fresh = [one for one in bought if one.line.item in floor.shelf and one.line.milli > 0]
    chosen = floor.rng.sample(fresh, min(count, len(fresh)))
    return [_exchange(floor, one) if turn % 3 == 1 else _return(floor, one) for turn, one in enumerate(chosen)]


def _back(line: Line) -> Line:
    """Goods come back at what was paid for them; the discount is history."""
    return replace(line, milli=-line.milli, price=line.sold)


def _after(one: Bought, sale: Sale) -> Sale:
    """The sale with its parent, twenty minutes after it at the earliest."""
    return replace(sale, parent=one.ticket, at=max(sale.at, one.at + CHANGE_OF_MIND) if one.at else sale.at)


def _return(floor: Floor, one: Bought) -> Sale:
    sale = _after(one, floor.draft("Return", (_back(one.line),)))
    return replace(sale, payments=refund(floor.rng, sale.total, sale.at))


def _exchange(floor: Floor, one: Bought) -> Sale:
    lines = [_back(one.line)]
    others = [
        item
        for item in floor.rng.sample(floor.shelf, min(40, len(floor.shelf)))
        if item != one.line.item and not item.cloth
    ]
    while sum(line.value for line in lines) < 100:  # noqa: PLR2004 - an exchange leaves at least a dollar to pay
        item = others.pop()
        lines.append(Line(item, (3 if item.factor > 1 else 1) * MILLI, item.price, item.price))
    sale = _after(one, floor.draft("Ticket", tuple(lines)))
    return replace(sale, payments=pay(floor.rng, floor.wallets, "card", sale.total, sale.at))


def orders(floor: Floor, count: int) -> list[Sale]:
    """Sales orders to be shipped from the distribution centre; some carry one line that has to be made."""
    return [_order(floor) for _ in range(count)]


def _order(floor: Floor) -> Sale:
    rng = floor.rng
    items = rng.sample(floor.to_ship, rng.randrange(1, 4))
    if floor.to_make and floor.happens("made"):
        items.append(rng.choice(floor.to_make))
    sale = floor.draft("Order", tuple(_line(floor, item) for item in items), rng.choice(CHARGES))
    customers = [customer for customer in rng.sample(floor.people, 8) if not customer.company]
    return replace(sale, customer=customers[0], payments=deposit(rng, sale.total, sale.at))
