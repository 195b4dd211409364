"""All tills of a day: what every store rang up, in Heartland's own order of ids, and what may come back tomorrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from he_sync.sandbox.state import field
from he_sync.sandbox.world.shopping import Bought, Floor, comebacks, orders, purchases
from he_sync.sandbox.world.tender import Wallets
from he_sync.sandbox.world.tickets import card_rows, sale_rows

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.diary import Diary
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.rows import Numbers
    from he_sync.sandbox.world.sale import Sale
    from he_sync.sandbox.world.today import Today
    from he_sync.sandbox.world.visitors import Visitors

CARDS = "heartland/gift_cards"
CARDS_IN_HAND = 500
PERCENT_BACK, FEWEST_BACK = 4, 4
PERCENT_ORDERS, FEWEST_ORDERS = 3, 3
ONE_IN = 8
"""Every eighth ticket's first line may come back tomorrow."""


def ring_up(today: Today, diary: Diary, visitors: Visitors) -> list[Sale]:
    """Purchases and orders in the order of time, then what came back; their Heartland documents are written."""
    cards = {card["id"]: card for card in today.state.select(CARDS, f"{field('balance')} > 0", limit=CARDS_IN_HAND)}
    wallets, tickets = _wallets(cards), today.world.size.tickets
    floors = [_floor(today, place, wallets) for place in today.world.stores]
    for turn, guest in enumerate((visitors.stranger, *visitors.shoppers)):
        floors[turn % len(floors)].guests.append(guest)
    wanted = max(FEWEST_ORDERS, tickets * PERCENT_ORDERS // 100)
    drafts = [sale for floor in floors for sale in (*purchases(floor, tickets), *orders(floor, wanted))]
    first = _numbered(today.numbers, drafts)
    sales = first + _numbered(today.numbers, _back(today, diary, floors, first))
    for sale in sales:
        sale_rows(today, sale)
        today.rows.spill(today.state)
    card_rows(today, sales, cards)
    return sales


def _wallets(cards: dict[int, Document]) -> Wallets:
    credit = frozenset(key for key, card in cards.items() if card["number"].startswith("SC"))
    return Wallets({key: int(card["balance"] * 100) for key, card in cards.items()}, credit)


def _floor(today: Today, place: Place, wallets: Wallets) -> Floor:
    """The store's shelf: what it stocks and may move, and the sets it can put together from that."""
    world, centre, stuck = today.world, today.world.centre, today.stuck
    shelf = [item for item in world.stocked(place) if (place.number, item.index) not in stuck]
    there = {item.index for item in shelf}
    shelf += [item for item in world.items if item.kind == "kit" and there.issuperset(item.components)]
    to_ship = [one for one in world.stocked(centre) if (centre.number, one.index) not in stuck and not one.cloth]
    to_make = [item for item in world.items if item.kind == "made"]
    return Floor(today.chance(f"floor:{place.code}"), place, today.day, shelf, world.people, to_ship, to_make, wallets)


def _back(today: Today, diary: Diary, floors: list[Floor], sold: list[Sale]) -> list[Sale]:
    count = max(FEWEST_BACK, today.world.size.tickets * PERCENT_BACK // 100)
    found = []
    for floor in floors:
        code = floor.place.code
        found += comebacks(floor, diary.returnable(today.world, code) or first_lines(code, sold), count)
    return found


def first_lines(code: str, sales: list[Sale]) -> list[Bought]:
    """The first line of each of a store's tickets; one that sold only a gift card has none."""
    tickets = [sale for sale in sales if sale.place.code == code and sale.kind == "Ticket" and not sale.voided]
    return [Bought(sale.id, sale.lines[0], sale.at) for sale in tickets if sale.lines and sale.lines[0].milli > 0]


def to_come_back(today: Today, sales: list[Sale]) -> dict[str, list[Bought]]:
    """Lines by store that may come back tomorrow."""
    found = {}
    for place in today.world.stores:
        lines = first_lines(place.code, sales)
        found[place.code] = today.chance(f"bought:{place.code}").sample(lines, len(lines) // ONE_IN)
    return found


def _numbered(numbers: Numbers, drafts: list[Sale]) -> list[Sale]:
    """Ids in the order of time, of sales and of their payments."""
    found = []
    for sale in sorted(drafts, key=lambda sale: sale.at):
        path = "heartland/sales/orders" if sale.kind == "Order" else "heartland/sales/tickets"
        payments = tuple(replace(payment, id=numbers.take("heartland/payments")) for payment in sale.payments)
        found.append(sale.numbered(numbers.take(path), payments=payments))
    return found
