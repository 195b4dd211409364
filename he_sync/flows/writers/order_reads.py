"""Sales orders as Epicor has them: found by their sale, read with lines and charges, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_query import equals
from he_sync.flows.writers.bench import Asked, Bench, number_of
from he_sync.model.errors import BrokenPromise, Refused
from he_sync.model.money import show, to_minor

SERVICE = "Erp.BO.SalesOrderSvc"
ORDERS = (SERVICE, "SalesOrders")
LIVING = "VoidOrder eq false"
HEAD = ("OrderNum", "PONum", "OrderAmt", "TotalTax", "VoidOrder", "OpenOrder")
CHARGES = "OHOrderMscs($select=MiscCode,DocMiscAmt,Description,SeqNum)"
LINES = "OrderDtls($select=OrderLine,PartNum,OpenLine,DocExtPriceDtl,DocDiscount)"
RELEASES = "OrderRels($select=OurStockShippedQty,OurJobShippedQty)"
WHOLE_LINES = f"OrderDtls($expand={RELEASES})"

Order = dict[str, Any]


def of_sales(bench: Bench, asked: Asked) -> dict[str, list[Order]]:
    """Living orders by effect key: those that carry the sale's PONum, and those that carry the key itself.

    SQL Server compares texts without regard to case, so an answer is matched the same way.
    """
    by_po = _grouped(bench, "PONum", [body["header"]["PONum"] for _, body in asked])
    by_key = _grouped(bench, bench.key_column, [key for key, _ in asked]) if bench.key_column else {}
    found = {}
    for key, body in asked:
        both = [*by_po.get(body["header"]["PONum"].casefold(), ()), *by_key.get(key, ())]
        found[key] = list({int(order["OrderNum"]): order for order in both}.values())
    return found


def _grouped(bench: Bench, column: str, values: Iterable[str]) -> dict[str, list[Order]]:
    rows = bench.systems.epicor.read_any(
        *ORDERS,
        column,
        values,
        filter=LIVING,
        select=tuple(dict.fromkeys((*HEAD, column))),
        expand=f"{CHARGES},{LINES}",
    )
    grouped: dict[str, list[Order]] = {}
    for row in rows:
        grouped.setdefault(str(row[column]).casefold(), []).append(row)
    return grouped


def only(orders: list[Order]) -> Order | None:
    """The one order, or None. Raises BrokenPromise that names them where there are several."""
    if len(orders) > 1:
        numbers = ", ".join(str(number) for number in sorted(int(order["OrderNum"]) for order in orders))
        raise BrokenPromise(f"sales orders {numbers} carry the same {orders[0]['PONum']}; void all but one")
    return orders[0] if orders else None


def numbered(bench: Bench, order_num: int) -> Order:
    """A living order by its number. Raises BrokenPromise where it is gone or void."""
    asked = f"{equals('OrderNum', order_num)} and {LIVING}"
    rows = bench.systems.epicor.read(*ORDERS, filter=asked, select=HEAD, expand=f"{CHARGES},{LINES}")
    if not rows:
        raise BrokenPromise(f"sales order {order_num} is gone or void")
    return rows[0]


def whole(bench: Bench, owner: str) -> Order:
    """The order of a sale with every column, its lines with their releases, its charges; void or not.

    Raises Refused where the sale has none, or where it is gone.
    """
    number = number_of(bench, owner)
    rows = bench.systems.epicor.read(*ORDERS, filter=equals("OrderNum", number), expand=f"OHOrderMscs,{WHOLE_LINES}")
    if not rows:
        raise Refused(f"sales order {number} of {owner} is gone from Epicor; create it anew or withdraw this change")
    return rows[0]


def lines(order: Order) -> list[Order]:
    """The order's lines."""
    return order.get("OrderDtls") or []


def charges(order: Order) -> list[Order]:
    """The order's own charges."""
    return order.get("OHOrderMscs") or []


def shipped(line: Order) -> Decimal:
    """How much of a line has left, in stock units; TotalShipped reads 0 through OData (reference epicor 2.1)."""
    parts = ("OurStockShippedQty", "OurJobShippedQty")
    return sum((Decimal(one.get(part) or 0) for one in line.get("OrderRels") or [] for part in parts), Decimal(0))


def total(bench: Bench, order: Order) -> int:
    """What the order comes to, in minor units, by its own word."""
    return to_minor(order["OrderAmt"], bench.retailer.currency)


def worth(bench: Bench, order: Order) -> int:
    """What the order still stands for: lines that were closed before anything of them left count nothing.

    Whether the server's own total leaves them out hangs on how they were closed, so it is summed from the rows.
    """
    standing = [line for line in lines(order) if line["OpenLine"] or shipped(line)]
    if len(standing) == len(lines(order)):
        return total(bench, order)
    goods = sum((Decimal(line["DocExtPriceDtl"]) - Decimal(line["DocDiscount"]) for line in standing), Decimal(0))
    extra = sum((Decimal(row["DocMiscAmt"]) for row in charges(order)), Decimal(order["TotalTax"]))
    return to_minor(goods + extra, bench.retailer.currency)


def expect(order_num: int, amount: int, wanted: int) -> None:
    """Raises BrokenPromise for an order that is not, or would not become, what was planned: it may not be ours."""
    if amount != wanted:
        raise BrokenPromise(
            f"sales order {order_num} comes to {show(amount)} instead of {show(wanted)}; a person must look at it"
        )
