"""Many rows fast, for the bench: plain tickets with lines and payments, and parts with their warehouse rows.

No planted differences, no settlement, no ledger; one day, so that a pull by date has to page. Ids follow on from what
the state holds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from he_sync.sandbox.world.furniture import PAYMENT_TYPES
from he_sync.sandbox.world.places import CITIES, FIRST_ID
from he_sync.sandbox.world.randomness import local, money, stamp, uid
from he_sync.sandbox.world.rows import COMPANY, PLANT, TRANSACTIONS, epicor_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from he_sync.sandbox.state import Document, Key, State

    Row = tuple[Key, Key | None, Document]

NOON = datetime(2026, 11, 19, 17, 0, tzinfo=UTC)
SEED = 0


def bulk(state: State, *, tickets: int, parts: int) -> dict[str, int]:
    """Load tickets with two item lines, a tax line and a payment each, parts with a PartWhse row; returns counts."""
    first = max(state.next_id(name) for name in TRANSACTIONS)
    line, payment = state.next_id("heartland/sales/tickets.lines"), state.next_id("heartland/payments")
    with state.transaction("world"):
        state.load(TRANSACTIONS[0], (_ticket(first + n, n) for n in range(tickets)))
        state.load("heartland/sales/tickets.lines", _lines(first, line, tickets))
        state.load("heartland/payments", (_payment(payment + n, first + n, n) for n in range(tickets)))
        rev = state.next_rev(2 * parts) - 2 * parts + 1
        state.load("epicor/Part", (_part(n, rev + n) for n in range(parts)))
        state.load("epicor/PartWhse", (_part_whse(n, rev + parts + n) for n in range(parts)))
    return {"tickets": tickets, "lines": 3 * tickets, "payments": tickets, "parts": parts}


def _cents(n: int) -> tuple[int, int, int]:
    """Two prices and the tax of the n-th ticket."""
    one, two = 199 + n * 37 % 9000, 499 + n * 53 % 12000
    return one, two, (one + two) * 8 // 100


def _at(n: int) -> datetime:
    return NOON + timedelta(seconds=n % 36000)


def _ticket(key: int, n: int) -> Row:
    one, two, tax = _cents(n)
    at = stamp(_at(n))
    document = {
        "id": key,
        "public_id": str(key),
        "type": "Ticket",
        "status": "complete",
        "station_id": FIRST_ID,
        "source_location_id": FIRST_ID,
        "customer_id": None,
        "customer_name": None,
        "sales_rep": "Ana Fontaine",
        "original_subtotal": money(one + two),
        "total_discounts": money(0),
        "subtotal": money(one + two),
        "tax_total": money(tax),
        "total_tax": money(tax),
        "total": money(one + two + tax),
        "total_paid": money(one + two + tax),
        "balance": money(0),
        "parent_transaction_id": None,
        "completed?": True,
        "voided?": False,
        "created_at": at,
        "updated_at": at,
        "completed_at": at,
        "local_completed_at": local(_at(n), CITIES[0].zone),
        "custom": {},
    }
    return key, None, document


def _lines(ticket: int, line: int, tickets: int) -> Iterator[Row]:
    for n in range(tickets):
        one, two, tax = _cents(n)
        at = stamp(_at(n))
        for turn, cents in enumerate((one, two)):
            key = line + 3 * n + turn
            yield key, ticket + n, _item_line(key, FIRST_ID + (n + turn) % 100, cents, at)
        key = line + 3 * n + 2
        named = {"id": key, "type": "TaxLine", "description": "Sales Tax", "qty": 1, "value": money(tax)}
        yield key, ticket + n, {**named, "created_at": at, "updated_at": at}


def _item_line(key: int, item: int, cents: int, at: str) -> Document:
    return {
        "id": key,
        "type": "ItemLine",
        "item_id": item,
        "item_public_id": f"BK{item}",
        "item_description": "Bulk item",
        "description": "Bulk item",
        "qty": 1,
        "unit_price": money(cents),
        "original_unit_price": money(cents),
        "adjusted_unit_price": None,
        "price_adjustments": [],
        "unit_cost": money(cents // 2),
        "value": money(cents),
        "item_custom": {},
        "created_at": at,
        "updated_at": at,
    }


def _payment(key: int, ticket: int, n: int) -> Row:
    at = stamp(_at(n))
    document = {
        "id": key,
        "transaction_id": ticket,
        "type": "Payments::CashPayment",
        "status": "complete",
        "amount": money(sum(_cents(n))),
        "payment_type_id": PAYMENT_TYPES["Cash"],
        "description": "Cash",
        "deposit": False,
        "completed_at": at,
        "local_completed_at": local(_at(n), CITIES[0].zone),
        "created_at": at,
        "updated_at": at,
    }
    return key, ticket, document


def _part(n: int, rev: int) -> Row:
    number = f"BK{FIRST_ID + n}"
    key = epicor_key(number)
    units = dict.fromkeys(("IUM", "PUM", "SalesUM"), "EA")
    kind = {"ClassID": "RTL", "ProdCode": "HOME", "TypeCode": "P", "UOMClassID": "COUNT", "QtyBearing": True}
    ids = {"SysRevID": rev, "SysRowID": uid(SEED, "epicor/Part", key)}
    named = {"Company": COMPANY, "PartNum": number, "PartDescription": f"Bulk part {n + 1}"}
    return key, None, {**named, **kind, **units, "UnitPrice": money(999), "ChangedOn": "2025-08-04T14:00:00", **ids}


def _part_whse(n: int, rev: int) -> Row:
    number = f"BK{FIRST_ID + n}"
    key = epicor_key(number, PLANT, "S001")
    ids = {"SysRevID": rev, "SysRowID": uid(SEED, "epicor/PartWhse", key)}
    where = {"Company": COMPANY, "PartNum": number, "Plant": PLANT, "WarehouseCode": "S001", "PrimBinNum": "01"}
    return key, epicor_key(number), {**where, "OnHandQty": n % 500 + 1, "IUM": "EA", **ids}
