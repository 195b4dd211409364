"""One item line of a Heartland document: what was sold, at which price, for how much (reference heartland 1.5)."""

from __future__ import annotations

from decimal import Decimal

from he_sync.mapping.fields import Fields
from he_sync.model.errors import BadRecord
from he_sync.model.money import show, to_major, to_minor
from he_sync.model.quantity import MILLI
from he_sync.model.sale import SaleLine
from he_sync.model.texts import bad_characters

PRICE_DECIMALS = 5
"""What Epicor keeps of a unit price; a finer one would be rounded there unseen."""


def item_line(line: Fields, currency: str) -> SaleLine | None:
    """One item line; None for a line of nothing that costs nothing."""
    quantity = line.milli("qty")
    price = _price(line, "adjusted_unit_price" if line.has("adjusted_unit_price") else "unit_price", currency)
    amount = _amount(line, price, quantity, currency)
    if not quantity and not amount:
        return None
    sku = _sku(line)
    if not quantity:
        raise BadRecord(f"{line.where} ({sku}): {show(amount, currency)} for a quantity of 0")
    listed = _price(line, "original_unit_price", currency) if line.has("original_unit_price") else price
    return SaleLine(
        line_id=line.whole("id"),
        sku=sku,
        description=line.text("item_description") or line.text("description"),
        quantity_milli=quantity,
        list_price=max(listed, price),
        price=price,
        amount_minor=amount,
        fractional=_fractional(line),
    )


def _sku(line: Fields) -> str:
    """The item number. A line without one is never left out: the whole sale waits (F91)."""
    raw = line.document.get("item_public_id")
    text = line.text("item_public_id")
    if not text:
        name = line.text("item_description") or line.text("description") or "no description"
        raise BadRecord(f"{line.where} ({name[:40]}): no item number; link the line to an item in Heartland")
    if bad_characters(str(raw)):
        raise BadRecord(f"{line.where}: item number {text[:40]!r} holds a control character; correct it in Heartland")
    return text


def _price(line: Fields, name: str, currency: str) -> Decimal:
    value = Decimal(line.number(name))
    exponent = value.normalize().as_tuple().exponent
    if value < 0 or not isinstance(exponent, int) or -exponent > PRICE_DECIMALS:
        raise line.wrong(name, f"not a price of at most {PRICE_DECIMALS} decimals")
    whole = to_major(0, currency)
    return value.quantize(whole) if value == value.quantize(whole) else value.normalize()


def _amount(line: Fields, price: Decimal, quantity: int, currency: str) -> int:
    """What the POS asked for the line; it may differ from price x quantity by a cent of rounding and no more."""
    exact = price * quantity / MILLI
    if not line.has("value"):
        return to_minor(exact.quantize(to_major(0, currency)), currency)
    amount = line.minor("value", currency)
    if abs(to_major(amount, currency) - exact) > to_major(1, currency):
        figures = f"{price} x {Decimal(quantity) / MILLI:f} is not its value {show(amount, currency)}"
        raise BadRecord(f"{line.where} ({line.text('item_public_id')}): {figures}")
    return amount


def _fractional(line: Fields) -> bool | None:
    item = line.inner("item")
    return item.flag("allow_fractional_qty?", default=False) if item and item.has("allow_fractional_qty?") else None
