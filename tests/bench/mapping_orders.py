"""A mapping of an order's twenty fields, as a file, as plain Python and as JSONata, and the orders that it maps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from he_sync.mapping.spec.applying import apply, evaluated, framed
from he_sync.mapping.spec.compiled import engine

SEED, SINGLES, ROUNDS = 8, 300, 3
ZONE = ZoneInfo("America/New_York")
TERMS = {"N30": "30", "N60": "60", "COD": "C"}
CENT, SHARE = Decimal("0.01"), Decimal("0.0001")
FILE = """
mapping: orders
version: 1
source:
  record: heartland/order
  fields:
    id: integer
    status: text
    first: text
    last: text
    email: text
    city: text
    state: text
    zip: text
    total: decimal(2)
    tax: decimal(2)
    shipping: decimal(2)
    discount: decimal(2)
    created_at: instant
    due: date
    terms: text
    qty: decimal(3)
    note: text
    lines: list
    lines.qty: decimal(3)
    lines.price: decimal(2)
target:
  record: epicor/OrderHed
  fields: {PONum: text(50), CustName: text(60), EMail: text, City: text(30), State: text(2), ZIP: text(10),
    OrderAmt: decimal(2), Tax: decimal(2), Net: decimal(2), Misc: decimal(2), OrderDate: date, NeedBy: date,
    Terms: text(4), Qty: decimal(3), Hold: boolean, Band: text, Comment: text(30), Goods: decimal(2),
    TaxShare: decimal(4), Status: text}
tables:
  terms: {N30: "30", N60: "60", COD: C}
map:
  PONum: {sql: "'WEB-' || id"}
  CustName: {sql: "trim(first) || ' ' || trim(last)"}
  EMail: {from: email, steps: [trim, lower]}
  City: {from: city, steps: [trim, upper, {cut: 30}]}
  State: {from: state, steps: [upper, {cut: 2}]}
  ZIP: {from: zip, steps: [{cut: 10}]}
  OrderAmt: {from: total}
  Tax: {from: tax}
  Net: {sql: total - tax - shipping}
  Misc: {from: discount, steps: [{default: 0}]}
  OrderDate: {from: created_at, steps: [{local_date: America/New_York}]}
  NeedBy: {from: due, steps: [{add_days: 3}]}
  Terms: {from: terms, steps: [{lookup: terms}]}
  Qty: {from: qty}
  Hold: {sql: total > 500 and status <> 'void'}
  Band: {sql: "case when total > 800 then 'A' when total > 300 then 'B' else 'C' end"}
  Comment: {from: note, steps: [{cut: 30}], only: status = 'open', otherwise: "-"}
  Goods: {lines: {of: lines, take: sum, sql: qty * price}, steps: [{round: 2}]}
  TaxShare: {sql: "case when total = 0 then 0 else round(tax / total, 4) end"}
  Status: {from: status, steps: [upper]}
"""
JSONATA = """{
  "PONum": "WEB-" & $string(id),
  "CustName": $trim(first) & " " & $trim(last),
  "EMail": $lowercase($trim(email)),
  "City": $substring($uppercase($trim(city)), 0, 30),
  "State": $substring($uppercase(state), 0, 2),
  "ZIP": $substring(zip, 0, 10),
  "OrderAmt": total,
  "Tax": tax,
  "Net": total - tax - shipping,
  "Misc": discount ? discount : 0,
  "OrderDate": $substring($fromMillis($toMillis(created_at) - 18000000), 0, 10),
  "NeedBy": $substring($fromMillis($toMillis(due) + 259200000), 0, 10),
  "Terms": $lookup({"N30": "30", "N60": "60", "COD": "C"}, terms),
  "Qty": qty,
  "Hold": total > 500 and status != "void",
  "Band": total > 800 ? "A" : total > 300 ? "B" : "C",
  "Comment": status = "open" ? $substring(note, 0, 30) : "-",
  "Goods": $round($sum(lines.(qty * price)), 2),
  "TaxShare": total = 0 ? 0 : $round(tax / total, 4),
  "Status": $uppercase(status)
}"""


def orders(number: int) -> list[dict[str, Any]]:
    """Orders with exact amounts, as the readers of JSON give them."""
    dice = random.Random(SEED)  # noqa: S311 - examples
    noon = datetime(2026, 11, 30, 17, tzinfo=UTC)
    return [_order(dice, place, noon) for place in range(number)]


def _order(dice: random.Random, place: int, noon: datetime) -> dict[str, Any]:
    lines = [
        {"qty": Decimal(dice.randint(1, 9)), "price": Decimal(dice.randint(100, 9_999)) / 100}
        for _ in range(dice.randint(1, 3))
    ]
    return {
        "id": 100_000 + place,
        "status": dice.choice(("open", "pending", "void")),
        "first": dice.choice(("Ada ", "Grace", "Edsger")),
        "last": dice.choice(("Byron", "Hopper", " Dijkstra")),
        "email": f"Person{place}@Example.com ",
        "city": dice.choice((" new york", "Austin", "Salem ")),
        "state": dice.choice(("ny", "tx", "or")),
        "zip": f"{dice.randint(10_000, 99_999)}-1234",
        "total": Decimal(dice.randint(0, 100_000)) / 100,
        "tax": Decimal(dice.randint(0, 9_000)) / 100,
        "shipping": Decimal(dice.choice((0, 590, 1_290))) / 100,
        "discount": dice.choice((None, Decimal("5.00"))),
        "created_at": (noon - timedelta(minutes=dice.randint(0, 9_000))).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "due": f"2026-12-{dice.randint(1, 28):02}",
        "terms": dice.choice(("N30", "N60", "COD")),
        "qty": sum((line["qty"] for line in lines), Decimal(0)),
        "note": dice.choice(("leave at the door, ring twice please", "", "call first")),
        "lines": lines,
    }


def plain(order: dict[str, Any]) -> dict[str, Any]:
    """The same mapping as a person would write it in Python."""
    total, tax = order["total"], order["tax"]
    goods = sum((line["qty"] * line["price"] for line in order["lines"]), Decimal(0))
    when = datetime.fromisoformat(order["created_at"])
    return {
        "PONum": f"WEB-{order['id']}",
        "CustName": f"{order['first'].strip()} {order['last'].strip()}",
        "EMail": order["email"].strip().lower(),
        "City": order["city"].strip().upper()[:30],
        "State": order["state"].upper()[:2],
        "ZIP": order["zip"][:10],
        "OrderAmt": total,
        "Tax": tax,
        "Net": total - tax - order["shipping"],
        "Misc": order["discount"] if order["discount"] is not None else Decimal(0),
        "OrderDate": when.astimezone(ZONE).date().isoformat(),
        "NeedBy": (date.fromisoformat(order["due"]) + timedelta(days=3)).isoformat(),
        "Terms": TERMS[order["terms"]],
        "Qty": order["qty"],
        "Hold": total > 500 and order["status"] != "void",
        "Band": "A" if total > 800 else "B" if total > 300 else "C",
        "Comment": order["note"][:30] if order["status"] == "open" else "-",
        "Goods": goods.quantize(CENT, ROUND_HALF_UP),
        "TaxShare": (tax / total).quantize(SHARE, ROUND_HALF_UP) if total else Decimal(0),
        "Status": order["status"].upper(),
    }


@contextmanager
def dict_to_dict(number: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Records in, records out."""
    given, work = orders(int(number)), engine(FILE)
    apply(work, given[:10])

    def run() -> dict[str, Any]:
        made = apply(work, given)
        return {"rows": len(made.records), "failed": len(made.failures)}

    yield run


@contextmanager
def in_python(number: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """The same in plain Python."""
    given = orders(int(number))
    yield lambda: {"rows": len([plain(one) for one in given])}


@contextmanager
def expressions(number: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """The expressions alone, over columns; the fastest of some rounds, and one record as a preview shows it."""
    given, work = orders(int(number)), engine(FILE)
    columns = framed(work, given).columns
    apply(work, given[:1])

    def run() -> dict[str, Any]:
        rounds, singles = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            evaluated(work, columns)
            rounds.append(time.perf_counter() - started)
        for one in given[:SINGLES]:
            started = time.perf_counter()
            apply(work, [one])
            singles.append(time.perf_counter() - started)
        return {"rows": len(given), "expressions": min(rounds), "single": median(singles)}

    yield run
