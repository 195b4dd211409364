"""Sales of the POS against sales orders of the ERP, by order id: compared as arrays, only what differs is joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from he_sync.reconcile.chain.arrays import Reader, day
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints, find

ROUNDING = 2  # cents; tax is rounded per order on one side and per line on the other

DIFFERENCES = """
select coalesce(p.order_id, e.order_id), p.order_id is null, e.order_id is null,
  p.subtotal_cents, p.discount_cents, p.tax_cents, p.total_cents,
  e.subtotal_cents, e.discount_cents, e.tax_cents, e.total_cents, e.erp_doc,
  {day}
from (from pos_orders semi join odd using (order_id)) p
full outer join (from erp_orders semi join odd using (order_id)) e on p.order_id = e.order_id
where p.order_id is null or e.order_id is null or e.total_cents <> p.total_cents
  or e.subtotal_cents <> p.subtotal_cents or e.discount_cents <> p.discount_cents or e.tax_cents <> p.tax_cents
order by 1, e.erp_doc
"""


@dataclass(frozen=True)
class Amounts:
    """An order's amounts, minor units."""

    subtotal: int
    discount: int
    tax: int
    total: int


class OrderBreak(NamedTuple):
    """One difference of an order, in cents; `day` since 1970."""

    kind: str
    order: int
    cents: int
    evidence: str
    day: int


def match_orders(reader: Reader, found: Found) -> None:
    """Add the breaks of orders: missing, pushed twice, rounding, dropped discount."""
    if not reader.has("pos_orders") or not reader.has("erp_orders"):
        return
    breaks: list[OrderBreak] = []
    odd, repeated = _odd(reader)
    spare = _repeated(reader, repeated, breaks)
    when = day("coalesce(p.business_date, e.business_date)")
    for row in reader.rows(DIFFERENCES.format(day=when), odd=odd):
        order, alien, absent, when = row[0], row[1], row[2], row[12]
        if (order, row[11]) in spare:
            continue
        if alien:
            breaks.append(
                OrderBreak(UNRESOLVED, order, row[10], f"sales order {row[11]} names no sale that exists", when)
            )
        elif absent:
            breaks.append(OrderBreak("order_missing_in_erp", order, -row[6], "no sales order", when))
        else:
            for kind, cents, text in explain(Amounts(*row[3:7]), Amounts(*row[7:11])):
                breaks.append(OrderBreak(kind, order, cents, f"sales order {row[11]}: {text}", when))
    for kind in sorted({one.kind for one in breaks}):
        _book([one for one in breaks if one.kind == kind], found)


def explain(sale: Amounts, order: Amounts) -> list[tuple[str, int, str]]:
    """Classes with the cents each explains and the evidence, sales order against sale."""
    delta = order.total - sale.total
    result: list[tuple[str, int, str]] = []
    if order.discount == 0 and sale.discount and order.subtotal == sale.subtotal:
        dropped = sale.discount
        if abs(delta - dropped) <= ROUNDING:
            result.append(("order_discount_dropped", dropped, f"discount {sale.discount} is not on it"))
            delta -= dropped
    if delta and abs(delta) <= ROUNDING and order.tax - sale.tax == delta:
        result.append(("order_tax_rounding", delta, f"tax {order.tax} instead of {sale.tax}"))
        delta = 0
    if delta or not result:
        result.append((UNRESOLVED, delta, f"total {order.total} instead of {sale.total}"))
    return result


def _odd(reader: Reader) -> tuple[Ints, Ints]:
    """Orders that only one side has or whose amounts differ, and orders of several documents.

    A column at a time takes a third of the processor and of the memory of DuckDB's join over all columns.
    """
    (sales,) = reader.fetch("pos_orders", ["order_id::bigint"], short=True)
    (orders,) = reader.fetch("erp_orders", ["order_id::bigint"], short=True)
    place = find(sales, orders)
    alien = orders[place < 0]
    count = np.bincount(place[place >= 0], minlength=len(sales))
    off = place < 0
    for column in ("total_cents", "subtotal_cents", "discount_cents", "tax_cents"):
        (mine,), (theirs,) = (reader.fetch(table, [f"{column}::bigint"]) for table in ("pos_orders", "erp_orders"))
        off |= (mine[place] if len(mine) else 0) != theirs
    distinct, times = np.unique(alien, return_counts=True)
    odd = np.unique(np.concatenate((orders[off], sales[count == 0])))
    repeated = np.union1d(sales[count > 1], distinct[times > 1])
    return odd.astype(np.int64), repeated.astype(np.int64)


def _repeated(reader: Reader, second: Ints, breaks: list[OrderBreak]) -> set[tuple[int, int]]:
    """Of several documents of an order the one that equals the sale stands, else the lowest; the others are pushes."""
    spare: set[tuple[int, int]] = set()
    last = None
    totals = {row[0]: row[1] for row in reader.lookup("pos_orders", "order_id", ["total_cents"], second)}
    docs = reader.lookup("erp_orders", "order_id", ["erp_doc", "total_cents", day("business_date")], second)
    ranked = sorted((place, total != totals.get(place, total), doc, total, when) for place, doc, total, when in docs)
    for place, _, doc, total, when in ranked:
        order = int(second[place])
        if order == last:
            spare.add((order, doc))
            breaks.append(OrderBreak("order_duplicate_push", order, total, f"second sales order {doc}", when))
        last = order
    return spare


def _book(breaks: list[OrderBreak], found: Found) -> None:
    found.add(
        "orders",
        breaks[0].kind,
        np.array([one.order for one in breaks], np.int64),
        related=np.zeros(len(breaks), np.int64),
        delta=np.array([one.cents for one in breaks], np.int64),
        evidence=[one.evidence for one in breaks],
        days=np.array([one.day for one in breaks], np.int64),
        currency=np.zeros(len(breaks), np.int64),
        confidence=0.5 if breaks[0].kind == UNRESOLVED else 1.0,
    )
