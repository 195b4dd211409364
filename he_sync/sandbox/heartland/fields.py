"""What a field holds, told by its name, and how a value from the wire becomes the stored one.

Heartland's names are regular (`..._id`, `..._at`, `local_..._at`, `...?`, `qty...`), so one rule serves every resource.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from he_sync.sandbox.state import State

Kind = Literal["boolean", "number", "time", "local", "any"]

NUMBER_ENDS = (
    "qty",
    "price",
    "cost",
    "total",
    "tax",
    "rate",
    "paid",
    "discounts",
    "balance",
    "amount",
    "value",
    "charge",
    "_committed",
)
NUMBER_STARTS = ("qty_", "delta_", "total_", "loyalty_points")
NOT_NUMBERS = frozenset({"group_id", "public_id", "item_public_id"})
TEXTS = frozenset({"public_id", "number"})
OBJECTS = frozenset({"custom", "item_custom", "metadata"})
STRUCTURED = frozenset({*OBJECTS, "metadata_private", "events", "price_adjustments", "body"})
LARGEST = 10**15
NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?")
BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
CENT = Decimal("0.01")


def kind(name: str) -> Kind:
    """The kind of a field; `any` compares a value in whatever type it was stored."""
    if "@" in name:
        return "any"
    if name.endswith("?"):
        return "boolean"
    if name.endswith("_at"):
        return "local" if name.startswith("local_") else "time"
    if name not in NOT_NUMBERS and (
        name == "id" or name.endswith(("_id", *NUMBER_ENDS)) or name.startswith(NUMBER_STARTS)
    ):
        return "number"
    return "any"


def stored(name: str, value: Any) -> Any:
    """A value in the type the field is kept in. Raises ValueError with the complaint."""
    if value is None:
        return None
    match kind(name):
        case "number":
            return key(value) if name == "id" or name.endswith("_id") else number(value)
        case "boolean":
            return boolean(value)
        case "time":
            return utc(value)
        case "local":
            return wall(value)
        case _:
            return _text(name, value)


def _text(name: str, value: Any) -> Any:
    """Structured fields and custom values as they are; elsewhere no lists or objects."""
    if isinstance(value, dict | list) and name not in STRUCTURED and "@" not in name:
        raise ValueError("is not a text")
    if name in OBJECTS and not isinstance(value, dict):
        raise ValueError("is not an object")
    return str(value) if name in TEXTS else value


def key(value: Any) -> int:
    """An id."""
    found = number(value)
    if not isinstance(found, int):
        raise ValueError("is not an id")  # noqa: TRY004 - every complaint is a ValueError
    return found


def number(value: Any) -> int | Decimal:
    """An exact number from a number or its text (clients send ids as strings)."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if not -LARGEST < value < LARGEST:
            raise ValueError("is too large")
        return value
    if not isinstance(value, str) or not NUMBER.fullmatch(value.strip()):
        raise ValueError("is not a number")
    return Decimal(value.strip()) if "." in value else int(value)


def boolean(value: Any) -> bool:
    """A truth value from JSON or from a query string."""
    found = BOOLEANS.get(str(value).lower())
    if found is None:
        raise ValueError("is not true or false")
    return found


def moment(value: Any) -> datetime:
    """A time from ISO text; a bare date is its midnight."""
    if not isinstance(value, str):
        raise ValueError("is not a time")  # noqa: TRY004 - every complaint is a ValueError
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise ValueError("is not an ISO 8601 time") from error


def utc(value: Any) -> str:
    """UTC with offset, as the wire shows it; a time without offset is taken as UTC."""
    parsed = moment(value)
    try:
        return (parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)).isoformat()
    except OverflowError as error:
        raise ValueError("is not a time of our calendar") from error


def wall(value: Any) -> str:
    """Wall time without offset."""
    return moment(value).replace(tzinfo=None).isoformat()


def stamp(state: State) -> str:
    """The sandbox's time on the wire: UTC, whole seconds."""
    return state.now().astimezone(UTC).isoformat(timespec="seconds")


def money(value: Any) -> Decimal:
    """An amount to the cent, half up (half away from zero); nothing is zero."""
    return Decimal(value or 0).quantize(CENT, rounding="ROUND_HALF_UP")
