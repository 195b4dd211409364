"""One Heartland invoice for every Epicor pack, line by line: what left is invoiced, what did not stays open.

An ERP line may stand for several lines of the shop's order (same part, same price), so a pack's pieces are laid on the
shop's lines: those of the same price first, then by line number, and never more than no earlier invoice took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_query import wire_date
from he_sync.flows import plan
from he_sync.flows.case import Case, Desk
from he_sync.flows.fulfilment import parts, stock
from he_sync.flows.fulfilment.reading import Row, Work
from he_sync.flows.steps.documents import lines_of
from he_sync.flows.steps.standing import NEVER_SENT, Standing
from he_sync.flows.steps.waiting import NOT_OPEN, not_open
from he_sync.mapping.statuses import DEAD, PENDING
from he_sync.model.errors import BadRecord
from he_sync.model.quantity import from_milli, to_milli
from he_sync.store.effects import Effect, Status

KIND = "invoice_order"


def is_shipped(pack: Row) -> bool:
    """Whether a pack counts as shipped: ReadyToInvoice is what moves the stock (reference epicor 3.5)."""
    return bool(pack.get("ReadyToInvoice")) and not pack.get("Voided")


def plan_packs(case: Case, work: Work, order: Mapping[str, Any], desk: Desk) -> Case:
    """The case with an invoice for each pack that left and has none, and without those of packs that came back."""
    standing: Standing = case.facts["standings"][work.owner]
    shelf = _Shelf(order, _alive(standing))
    for pack in work.packs:
        there = _invoice_of(standing, int(pack["PackNum"]))
        if there is not None and not is_shipped(pack):
            case = _taken_back(case, there, pack, desk)
        elif there is None and is_shipped(pack):
            if wrong := _not_open(order, work, pack):
                return case.fail("status", NOT_OPEN, wrong, str(order.get("status")), notice="the shop")
            try:
                lines = list(shelf.take(work, pack, desk))
                made = tuple(shelf.made_to_order(work, pack, desk))
            except BadRecord as error:
                return case.fail("ShipDtl", "fits the shop's order", str(error), str(pack["PackNum"]))
            effect = _effect(work, pack, lines, standing, desk)
            case = replace(case, effects=(*case.effects, *made, effect)).told("decided", effect.summary, desk)
    return case


def _not_open(order: Mapping[str, Any], work: Work, pack: Row) -> str:
    """Why Heartland would take no invoice, and what to do; "" where it does (only an open order, heartland 1.7).

    It is not opened from here: an order that the shop keeps pending may be unpaid, and that is the shop's to say.
    """
    status = str(order.get("status") or "").lower()
    left = f"pack {pack['PackNum']} of sales order {work.order_num} has left, but {not_open(work.owner, status)}"
    if status == PENDING:
        return f"{left}: open it there, and the pack is invoiced by itself; or take the pack back in Epicor"
    if status in DEAD:
        return f"{left}: take the pack back in Epicor, or the goods back from the customer; it is not invoiced"
    return ""


def _alive(standing: Standing) -> Iterator[Effect]:
    return (one.effect for one in standing.effects if one.effect.kind == KIND and one.state != "withdrawn")


def _of_pack(standing: Standing, pack: int) -> list[Status]:
    return [one for one in standing.effects if one.effect.kind == KIND and int(one.effect.body["pack"]) == pack]


def _invoice_of(standing: Standing, pack: int) -> Status | None:
    """The invoice that was planned for a pack; a pack has one however many events tell of it."""
    return next((one for one in _of_pack(standing, pack) if one.state != "withdrawn"), None)


class _Shelf:
    """The lines of the shop's order with what no invoice took yet, in thousandths of a piece."""

    def __init__(self, order: Mapping[str, Any], invoices: Iterable[Effect]) -> None:
        taken: Counter[int] = Counter()
        for invoice in invoices:
            for line in invoice.body["lines"]:
                taken[int(line["order_line_id"])] += to_milli(line["qty"])
        self._place = order.get("source_location_id")
        self._lines = sorted(lines_of(order), key=lambda line: int(line["id"]))
        self._left = {int(line["id"]): to_milli(line["qty"]) - taken[int(line["id"])] for line in self._lines}

    def take(self, work: Work, pack: Row, desk: Desk) -> Iterator[dict[str, Any]]:
        """Invoice lines for a pack. Raises BadRecord for a part, or a quantity of it, that the shop did not sell."""
        rows = [row for row in pack.get("ShipDtls") or () if int(row.get("OrderNum") or 0) == work.order_num]
        factors = parts.factors(
            desk, [str(row["PartNum"]) for row in rows if row.get("IUM") != desk.retailer.units.base]
        )
        prices = {line["OrderLine"]: line.get("DocUnitPrice") for line in work.lines}
        for row in rows:
            sku = str(row["PartNum"])
            quantity = Decimal(row.get("OurInventoryShipQty") or 0) + Decimal(row.get("OurJobShipQty") or 0)
            wanted = parts.milli(sku, quantity, factors.get(sku))
            for line in self._by_price(sku, prices.get(row["OrderLine"])):
                number = int(line["id"])
                some = min(wanted, self._left[number])
                if some > 0:
                    self._left[number] -= some
                    wanted -= some
                    yield {"order_line_id": number, "item_id": int(line["item_id"]), "qty": from_milli(some)}
            if wanted > 0:
                raise BadRecord(
                    f"pack {pack['PackNum']} ships {from_milli(wanted):f} x {sku} more than {work.owner} has left; "
                    "correct the order in Heartland or the pack in Epicor"
                )

    def made_to_order(self, work: Work, pack: Row, desk: Desk) -> Iterator[Effect]:
        """Receipts of goods that went from the job to the customer: the invoice takes them from a shelf they never saw.

        At places of the ERP only; what a place of the shop holds is the shop's own figure.
        """
        for row in pack.get("ShipDtls") or ():
            sku, quantity = str(row["PartNum"]), Decimal(row.get("OurJobShipQty") or 0)
            mine = self._by_price(sku, None) if int(row.get("OrderNum") or 0) == work.order_num and quantity else []
            if mine:
                milli = parts.milli(sku, quantity, parts.factors(desk, [sku])[sku])
                yield from stock.made_to_order(self._location(mine[0]), (pack, row), mine[0], milli, desk)

    def _location(self, line: Mapping[str, Any]) -> int:
        return int(line.get("ship_from_location_id") or self._place or 0)

    def _by_price(self, sku: str, price: Any) -> list[Mapping[str, Any]]:
        mine = [line for line in self._lines if str(line.get("item_public_id")) == sku]
        return sorted(mine, key=lambda line: price is None or _price(line) != Decimal(price))


def _price(line: Mapping[str, Any]) -> Decimal:
    adjusted = line.get("adjusted_unit_price")
    return Decimal(line.get("unit_price") or 0) if adjusted is None else Decimal(adjusted)


def _effect(work: Work, pack: Row, lines: list[dict[str, Any]], standing: Standing, desk: Desk) -> Effect:
    """Keyed by the pack, and by how often its invoice was withdrawn before it left."""
    number, order = int(pack["PackNum"]), int(work.owner.partition(" ")[2])
    again = len(_of_pack(standing, number))
    key = plan.key(desk.retailer, KIND, work.owner, f"{number}|{again}" if again else str(number))
    day = (wire_date(pack.get("ShipDate")) or desk.now.date()).isoformat()
    body = {"order_id": order, "pack": number, "lines": lines, "date": day}
    text = f"invoice {work.owner} for pack {number}: {', '.join(_said(line) for line in lines)}"
    return Effect(key, KIND, "heartland", work.owner, day, body, limit_ok=True, summary=text)


def _said(line: Mapping[str, Any]) -> str:
    return f"{line['qty']} of line {line['order_line_id']}"


def _taken_back(case: Case, there: Status, pack: Row, desk: Desk) -> Case:
    """A pack that came back in the ERP: its invoice is not sent, or a person voids it in the shop."""
    if there.state in NEVER_SENT:
        text = f"pack {pack['PackNum']} was taken back before its invoice left"
        return replace(case, withdraw=(*case.withdraw, there.effect.key)).told("decided", text, desk)
    text = f"pack {pack['PackNum']} was taken back in Epicor; void invoice {there.reference or 'of it'} in Heartland"
    return case.told("decided", text, desk)
