"""One business day in all three systems, made in memory and written inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from he_sync.sandbox.world.deposits import fund
from he_sync.sandbox.world.diary import Diary, close_diary, record_truth
from he_sync.sandbox.world.erp_orders import FIRST_ORDER, Push, push_rows
from he_sync.sandbox.world.fulfil import ship
from he_sync.sandbox.world.ledger import journal_rows, journals
from he_sync.sandbox.world.plant import paid, plant_ledger, plant_orders, plant_settlements
from he_sync.sandbox.world.plants import Plants
from he_sync.sandbox.world.processor import settle_rows, settlements
from he_sync.sandbox.world.randomness import stamp
from he_sync.sandbox.world.rows import Numbers
from he_sync.sandbox.world.stock import Moves, refill, sale_moves
from he_sync.sandbox.world.stock_plants import frozen, plant_stock
from he_sync.sandbox.world.stock_rows import moved_rows
from he_sync.sandbox.world.tills import ring_up, to_come_back
from he_sync.sandbox.world.today import Today
from he_sync.sandbox.world.visitors import Visitors, visit

if TYPE_CHECKING:
    from collections import Counter
    from datetime import date

    from he_sync.sandbox.state import State
    from he_sync.sandbox.world.fulfil import Backlog
    from he_sync.sandbox.world.rows import Rows
    from he_sync.sandbox.world.sale import Sale
    from he_sync.sandbox.world.whole import World

CLOSE_HOUR = 6


def make_day(state: State, world: World, diary: Diary, day: date, rows: Rows) -> dict[str, int]:
    """Everything that happens on a day. Returns how much of what happened."""
    today = Today(state, world, rows, Numbers(state), Plants(day), frozen(state))
    visitors = visit(today, frozenset(diary.settled))
    sales = ring_up(today, diary, visitors)
    _plant(today, sales, visitors)
    backlog = _push(today, sales)
    diary.backlog = _move(today, diary.backlog, sales) + backlog
    diary.journal = _book(today, sales, diary.journal)
    pending = fund(today, diary.batches()) + settle_rows(today, settlements(today, paid(sales)))
    today.rows.flush(state)
    plant_stock(today)
    record_truth(today.rows, state, today.plants)
    today.rows.flush(state)
    diary.days.append(day.isoformat())
    diary.settled += visitors.settled
    diary.remember(to_come_back(today, sales), pending)
    close_diary(state, diary)
    _set_clock(today)
    return _tally(today.rows.counts, sales, today.plants)


def _plant(today: Today, sales: list[Sale], visitors: Visitors) -> None:
    rng, payments = today.chance("plants"), paid(sales)
    plant_orders(today.plants, rng, sales, [sale for sale in sales if sale.customer == visitors.stranger])
    plant_settlements(today.plants, rng, payments)
    plant_ledger(today.plants, rng, payments)


def _push(today: Today, sales: list[Sale]) -> Backlog:
    """Push to Epicor what the legacy integration pushed; returns the orders that wait to be shipped."""
    backlog = []
    for sale in sales:
        klass = today.plants.klass(sale.subject)
        if sale.kind == "Return" or sale.voided or klass == "order_missing_in_erp":
            continue
        tax_off = today.plants.minor(sale.subject) if klass == "order_tax_rounding" else 0
        for _ in range(2 if klass == "order_duplicate_push" else 1):
            number = today.numbers.epicor("epicor/OrderHed", "OrderNum", FIRST_ORDER)
            push = Push(sale, number, tax_off, no_discount=klass == "order_discount_dropped")
            push_rows(today.rows, push, today.day, today.world.centre)
            today.rows.spill(today.state)
            if sale.kind == "Order" and not klass:
                backlog.append([sale.id, number])
    return backlog


def _move(today: Today, backlog: Backlog, sales: list[Sale]) -> Backlog:
    """Goods in motion; returns the orders that still wait."""
    moves = Moves(today.world)
    for sale in sales:
        sale_moves(today, moves, sale)
        today.rows.spill(today.state)
    waiting = ship(today, moves, backlog)
    moved_rows(today, moves, refill(today, moves))
    return waiting


def _book(today: Today, sales: list[Sale], number: int) -> int:
    """One journal a store, and one in the next period where needed; returns the next free number."""
    for place in today.world.stores:
        there = [sale for sale in sales if sale.place is place and not sale.voided]
        for journal in journals(today, place, there, number):
            journal_rows(today.rows, journal)
            number = journal.number + 1
    return number


def _set_clock(today: Today) -> None:
    """Six in the morning after, in the retailer's zone."""
    zone = ZoneInfo(today.world.retailer.timezone)
    morning = datetime.combine(today.day + timedelta(days=1), time(CLOSE_HOUR), zone)
    today.state.set_setting("clock.frozen", stamp(morning))
    today.state.set_setting("clock.offset", "0")


def _tally(counts: Counter[str], sales: list[Sale], plants: Plants) -> dict[str, int]:
    kinds = [sale.kind for sale in sales]
    return {
        "tickets": kinds.count("Ticket"),
        "returns": kinds.count("Return"),
        "orders": kinds.count("Order"),
        "payments": counts["heartland/payments"],
        "deposits": counts["processor/deposits"],
        "ERP orders": counts["epicor/OrderHed"] - counts["epicor/ShipHead"],
        "GL lines": counts["epicor/GLJrnDtl"],
        "shipments": counts["epicor/ShipHead"],
        "planted differences": len(plants.rows()),
    }
