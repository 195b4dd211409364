"""Orders: every sale of the POS is one sales order of the ERP with the same total."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.money import show
from he_sync.model.retailer import Epicor
from he_sync.model.sale import order_amount

ROUNDING_MINOR = 2
"""Tax computed per line and once per ticket differs by a cent or two; more is no rounding."""
DEAD = frozenset({"void", "voided", "canceled", "cancelled"})


@dataclass(frozen=True)
class Sale:
    """What the ERP should have for one sale."""

    subject: str
    store: str
    amount_minor: int
    discount_minor: int


def sales(tickets: pd.DataFrame, orders: pd.DataFrame, codes: Epicor) -> dict[str, Sale]:
    """The day's sales by subject. Returns travel as RMAs and are not compared here."""
    found = {}
    for row in records(tickets[(tickets["kind"] == "Ticket") & ~tickets["voided"]]):
        amount = order_amount(row.total_minor, row.tip_minor, row.gift_card_minor, codes)
        if row.subtotal_minor or row.tax_minor or amount:
            found[f"ticket {row.ticket_id}"] = Sale(f"ticket {row.ticket_id}", row.store, amount, row.discount_minor)
    for row in records(orders[~orders["status"].isin(DEAD)]):
        found[f"order {row.order_id}"] = Sale(f"order {row.order_id}", row.store, row.total_minor, row.discount_minor)
    return found


def compare(
    day: str, tickets: pd.DataFrame, orders: pd.DataFrame, erp_orders: pd.DataFrame, codes: Epicor
) -> list[Difference]:
    """Differences of one business date; ERP frames are `ErpOrders` of that date."""
    ours = sales(tickets, orders, codes)
    theirs: dict[str, list[tuple[int, int, int]]] = {}
    for row in records(erp_orders[(erp_orders["source"] != "") & ~erp_orders["voided"]]):
        theirs.setdefault(row.source, []).append((row.order_num, row.total_minor, row.discount_minor))
    found = [difference for sale in ours.values() for difference in _one(day, sale, theirs.get(sale.subject, []))]
    for subject in sorted(theirs.keys() - ours.keys()):
        for number, total, _ in theirs[subject]:
            found.append(
                Difference(
                    day, "order_not_in_pos", subject, "", total, 0, f"sales order {number} has no such sale", "review"
                )
            )
    return found


def _one(day: str, sale: Sale, documents: list[tuple[int, int, int]]) -> Iterator[Difference]:
    if not documents:
        text = f"{sale.subject} over {show(sale.amount_minor)} has no sales order"
        yield Difference(
            day, "order_missing_in_erp", sale.subject, sale.store, -sale.amount_minor, 0, text, "create_sales_order"
        )
        return
    kept, *extra = sorted(documents, key=lambda document: (document[1] != sale.amount_minor, document[0]))
    for number, total, _ in extra:
        text = f"sales order {number} repeats {kept[0]}"
        yield Difference(day, "order_duplicate_push", sale.subject, sale.store, total, 0, text, "review")
    delta = kept[1] - sale.amount_minor
    if delta:
        yield _amount(day, sale, kept, delta)


def _amount(day: str, sale: Sale, document: tuple[int, int, int], delta: int) -> Difference:
    number, total, discount = document
    text = f"sales order {number}: {show(total)}, sale {show(sale.amount_minor)}"
    if sale.discount_minor and delta == sale.discount_minor and not discount:
        return Difference(day, "order_discount_dropped", sale.subject, sale.store, delta, 0, text, "add_order_charge")
    if abs(delta) <= ROUNDING_MINOR:
        return Difference(day, "order_tax_rounding", sale.subject, sale.store, delta, 0, text, "add_order_charge")
    return Difference(day, "order_unexplained", sale.subject, sale.store, delta, 0, text, "review")
