"""Facts about other documents that several writes need: which item, which location, which time zone, which tax."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from he_sync.sandbox.heartland import fields
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.resources import RESOURCES, Resource
from he_sync.sandbox.state import Document, Key, State, field

TRANSACTIONS = ("sales/tickets", "sales/orders", "sales/invoices")


def document(state: State, path: str, key: Any) -> Document:
    """A document by id, empty when there is none."""
    return {} if key is None else state.get(RESOURCES[path].store, key) or {}


def transaction_key(state: State, _: Resource) -> Key:
    """Tickets, orders and invoices share one id sequence, so that a payment's `transaction_id` names one of them."""
    return max(state.next_id(RESOURCES[path].store) for path in TRANSACTIONS)


def item_of(state: State, asked: Document) -> Document:
    """The item a body names by `item_id` or `item_lookup` (number, barcode or UPC). Raises a validation error."""
    if (key := asked.get("item_id")) is not None:
        try:
            return document(state, "items", fields.key(key)) or _unknown("item_id")
        except ValueError:
            return _unknown("item_id")
    if (text := asked.get("item_lookup")) is None:
        return {}
    for name in ("public_id", "primary_barcode", "custom.upc"):
        if rows := state.select(RESOURCES["items"].store, f"{field(name)} = ?", (str(text),), limit=1):
            return rows[0]
    return _unknown("item_lookup")


def _unknown(name: str) -> Document:
    raise validation_error({name: "does not exist"})


def location_of_station(state: State, station_id: Any) -> Key | None:
    """The place a station stands in."""
    location: Key | None = document(state, "stations", station_id).get("location_id")
    return location


def local_time(state: State, location_id: Any, utc: str | None) -> str | None:
    """Wall time of a UTC stamp at a location, without offset."""
    if utc is None:
        return None
    place = document(state, "locations", location_id)
    try:
        zone = ZoneInfo(str(place.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        zone = ZoneInfo("UTC")
    try:
        there = datetime.fromisoformat(utc).astimezone(UTC).astimezone(zone)
    except OverflowError as error:
        raise validation_error({"completed_at": "is not a time of our calendar"}) from error
    return there.replace(tzinfo=None).isoformat(timespec="seconds")


def tax_rate(state: State, location_id: Any) -> Decimal:
    """The rate the server itself applies at a location: the first active tax rule that fits (0 without rules)."""
    for rule in state.select(RESOURCES["tax_rules"].store):
        if (
            rule.get("active?", True)
            and rule.get("rate") is not None
            and rule.get("location_id") in {None, location_id}
        ):
            return Decimal(rule["rate"])
    return Decimal(0)
