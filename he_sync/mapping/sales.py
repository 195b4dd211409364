"""A Heartland ticket or order document as one Sale. Wire facts: reference heartland 1.3 and 1.5.

The document carries its `lines` and, where the flow has read them, `payments`, `taxes`, `discounts`, `shipping_address`
and `billing_address`. Every part of the total is named here, so that nothing but cents of rounding is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from he_sync.mapping.fields import Fields
from he_sync.mapping.sale_lines import item_line
from he_sync.model.address import Address, Person
from he_sync.model.calendar import business_date, read_instant
from he_sync.model.errors import BadRecord
from he_sync.model.money import show, to_major, to_minor
from he_sync.model.quantity import MILLI
from he_sync.model.retailer import Retailer, Store
from he_sync.model.sale import Part, Sale, SaleLine, Tendered, kind_of

VALUES = {"TaxLine": "tax", "ShippingLine": "shipping", "TipLine": "tip", "GiftCardLine": "gift_card"}


def read_sale(document: Mapping[str, Any], retailer: Retailer, tender_names: Mapping[int, str]) -> Sale:
    """The sale a document is about. Raises BadRecord naming the line, the SKU or the field that is wrong."""
    head = _head(document)
    store = _store(head, retailer)
    lines = tuple(_item_lines(head, retailer.currency))
    counter = head.where.startswith("ticket")
    sale = Sale(
        owner=head.where,
        public_id=head.needed("public_id"),
        kind=kind_of(tuple(line.quantity_milli for line in lines)),
        status=_status(head),
        business_date=_day(head, store, counter),
        customer_id=head.identity("customer_id"),
        counter_sale=counter,
        currency=retailer.currency,
        lines=lines,
        total_minor=head.minor("total", retailer.currency),
        store=store.code,
        shipping_method=head.identity("shipping_method_id"),
        bill_to=_address(head.inner("billing_address")),
        ship_to=_address(head.inner("shipping_address")),
        payments=tuple(_payments(head, retailer, tender_names)),
        parent=head.identity("parent_transaction_id"),
        updated_at=_version(head),
        **_parts(head, retailer.currency),
    )
    return with_discount(sale, _total_discounts(head, retailer.currency))


def _head(document: Mapping[str, Any]) -> Fields:
    """The document, named "ticket 5" or "order 5" by its type; only sales orders are ever written without one."""
    if not isinstance(document, Mapping):
        raise BadRecord("a sale is a JSON object; this is none")
    bare = Fields(document, "sale")
    number, kind = bare.whole("id"), bare.text("type") or "Order"
    if number <= 0:
        raise bare.wrong("id", "not the id of a sale")
    if kind in {"Ticket", "Return"}:
        return Fields(document, f"ticket {number}")
    if kind == "Order":
        return Fields(document, f"order {number}")
    raise BadRecord(f"sale {number}: type is {kind[:20]!r}; known are Ticket, Return and Order")


def _store(head: Fields, retailer: Retailer) -> Store:
    number = head.whole("source_location_id")
    if store := retailer.by_location.get(number):
        return store
    raise BadRecord(f"{head.where}: location {number} is in no store of the profile; add it to profile.yaml")


def _status(head: Fields) -> str:
    return "voided" if head.flag("voided?", default=False) else head.needed("status").lower()


def _day(head: Fields, store: Store, counter: bool) -> str:
    name = "completed_at" if counter and head.has("completed_at") else "created_at"
    try:
        made = read_instant(head.needed(name))
    except BadRecord as error:
        raise BadRecord(f"{head.where}: {name}: {error}") from None
    return business_date(made, store.timezone, store.rollover_hour).isoformat()


def _version(head: Fields) -> str:
    text = head.text("updated_at")
    try:
        return read_instant(text).isoformat() if text else ""
    except BadRecord as error:
        raise BadRecord(f"{head.where}: updated_at: {error}") from None


# lines


def _lines(head: Fields) -> Iterator[tuple[str, Fields]]:
    for line in head.rows("lines", "line", required=True):
        yield line.text("type") or "ItemLine", line


def _item_lines(head: Fields, currency: str) -> Iterator[SaleLine]:
    for kind, line in _lines(head):
        if kind == "ItemLine":
            if found := item_line(line, currency):
                yield found
        elif kind not in VALUES and kind != "DiscountLine":
            raise BadRecord(f"{line.where} is a {kind[:20]}, which has no place in a sales order; say what it is")


# what is no item


def _parts(head: Fields, currency: str) -> dict[str, Any]:
    """Taxes, order discounts, shipping, tips and gift cards of a document, as fields of a Sale."""
    sums = dict.fromkeys(("shipping", "tip", "gift_card"), 0)
    taxes: list[Part] = []
    discounts: list[Part] = []
    for kind, line in _lines(head):
        name = VALUES.get(kind)
        if name == "tax":
            taxes.append(Part(line.text("description"), line.minor("value", currency)))
        elif name:
            sums[name] += line.minor("value", currency)
        elif kind == "DiscountLine":
            discounts.append(Part(line.text("description") or "Discount", -line.minor("value", currency)))
    taxes += [Part(row.text("description"), row.minor("value", currency)) for row in head.rows("taxes", "tax")]
    discounts += [
        Part(row.text("description") or "Discount", row.minor("amount", currency))
        for row in head.rows("discounts", "discount")
    ]
    sums["shipping"] += head.minor_or_zero("shipping_charge", currency)
    amounts = {f"{name}_minor": amount for name, amount in sums.items()}
    return {"taxes": _taxes(head, taxes, currency), "order_discounts": tuple(discounts), **amounts}


def _taxes(head: Fields, rows: list[Part], currency: str) -> tuple[Part, ...]:
    """Tax by jurisdiction; rows that cancel out (a connector's "tax reset") are gone; without rows it is one."""
    name = "total_tax" if head.has("total_tax") else "tax_total"
    total = head.minor(name, currency) if head.has(name) else sum(row.amount_minor for row in rows)
    found: dict[str, int] = {}
    for row in rows or (Part("", total),):
        found[row.text or "Sales tax"] = found.get(row.text or "Sales tax", 0) + row.amount_minor
    if sum(found.values()) != total:
        said = show(sum(found.values()), currency)
        raise BadRecord(f"{head.where}: its tax rows come to {said}, its {name} to {show(total, currency)}")
    return tuple(Part(text, amount) for text, amount in found.items() if amount)


def _total_discounts(head: Fields, currency: str) -> int | None:
    return abs(head.minor("total_discounts", currency)) if head.has("total_discounts") else None


def with_discount(sale: Sale, told: int | None) -> Sale:
    """The sale with the discount that only its total shows. Raises BadRecord where its parts miss the total otherwise.

    `told` is what the document says was taken off in all, lines included; None where it does not say.
    """
    cents, rest = max(len(sale.lines), 1), sale.rest_minor
    if abs(rest) <= cents:
        return sale
    reduces = rest < 0 if sale.goods_minor >= 0 else rest > 0
    off = abs(_line_discounts(sale.lines, sale.currency) + sale.order_discount_minor - rest)
    if reduces and (told is None or abs(off - told) <= cents):
        return replace(sale, order_discounts=(*sale.order_discounts, Part("Discount", -rest)))
    side = "too much" if rest > 0 else "too little"
    text = f"{show(abs(rest), sale.currency)} {side} for its lines, discounts, tax, shipping, tips and gift cards"
    raise BadRecord(f"{sale.owner}: its total {show(sale.total_minor, sale.currency)} is {text}")


def _line_discounts(lines: Iterable[SaleLine], currency: str) -> int:
    exact = sum((line.list_price * line.quantity_milli / MILLI for line in lines), Decimal(0))
    whole = to_minor(exact.quantize(to_major(0, currency)), currency)
    return whole - sum(line.amount_minor for line in lines)


# addresses and payments


def read_address(found: Fields) -> Address:
    """An address as Heartland writes it; nothing of it is required here, `addresses.problems` says what is missing."""
    person = Person(found.text("first_name"), found.text("last_name"), found.text("company"))
    names = ("line_1", "line_2", "line_3", "city", "state", "postal_code", "country", "phone")
    return Address(person=person, **{name: found.text(name) for name in names})  # type: ignore[arg-type] # all are texts


def _address(found: Fields | None) -> Address | None:
    address = read_address(found) if found else None
    return None if address is None or address.empty else address


@dataclass(frozen=True)
class _Tenders:
    names: Mapping[int, str]
    retailer: Retailer

    def of(self, payment: Fields) -> tuple[str, str]:
        """Name and kind of a payment's tender."""
        number = payment.whole("payment_type_id")
        name = self.names.get(number, f"id {number}")
        if tender := self.retailer.by_payment_type.get(name):
            return name, tender.kind
        raise BadRecord(
            f"{payment.where}: payment type {name[:40]!r} is no tender of the profile; add it under tenders"
        )


def _payments(head: Fields, retailer: Retailer, tender_names: Mapping[int, str]) -> Iterator[Tendered]:
    tenders, dead = _Tenders(tender_names, retailer), head.flag("voided?", default=False)
    for payment in head.rows("payments", "payment"):
        name, kind = tenders.of(payment)
        amount = payment.minor("amount", retailer.currency)
        voided = dead or payment.text("status") == "voided"
        yield Tendered(payment.whole("id"), name, kind, amount, voided)
