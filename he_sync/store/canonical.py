"""One text for one value: JSON with sorted keys, exact numbers and no spaces. Equal content has an equal hash."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import simplejson

from he_sync.model.errors import FixInput


def canonical_json(value: Any) -> str:
    """The text. Raises FixInput for a float, a NaN or anything else that has no exact text."""
    _refuse_inexact(value)
    try:
        return simplejson.dumps(
            value, sort_keys=True, use_decimal=True, allow_nan=False, ensure_ascii=True, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise FixInput(f"{value!r} cannot be stored: {error}") from None


def read_json(text: str) -> Any:
    """The value of a canonical text; numbers with a point are Decimal."""
    return simplejson.loads(text, use_decimal=True)


def content_hash(value: Any) -> str:
    """Sha-256 of the canonical text, as hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, Decimal) and not value.is_finite():
        raise FixInput(f"{value} is not a number that can be stored")
    if isinstance(value, float):
        raise FixInput(f"{value!r} is a float: amounts and quantities are Decimal or int")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for each in inner:
        _refuse_inexact(each)
