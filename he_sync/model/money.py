"""Money as int64 minor units plus currency; Decimal at the edges; never a float.

Minor-unit exponents are ISO 4217's. Allocation uses the largest remainder, so that parts always sum to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from he_sync.model.errors import BadRecord

EXPONENTS = {"USD": 2, "CAD": 2, "EUR": 2, "GBP": 2, "MXN": 2, "AUD": 2, "JPY": 0, "KWD": 3, "BHD": 3}
INT64_MAX = 2**63 - 1


def exponent(currency: str) -> int:
    """Digits after the point of a currency. Raises BadRecord for a currency nobody declared."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise BadRecord(f"currency {currency!r} has no known minor unit; add it to model/money.py") from None


def to_minor(amount: Decimal | int | str, currency: str = "USD") -> int:
    """Exact minor units of an amount in major units. Raises BadRecord where a fraction of one would be lost."""
    try:
        value = Decimal(amount).scaleb(exponent(currency))
    except ArithmeticError:
        raise BadRecord(f"{amount!r} is not an amount") from None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > INT64_MAX:
        raise BadRecord(f"{amount} {currency} is not a whole number of minor units in range")
    return int(value)


def to_major(minor: int, currency: str = "USD") -> Decimal:
    """The amount in major units, with the currency's own number of decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def show(minor: int, currency: str = "USD") -> str:
    """Readable amount, thousands grouped: 412055 -> '4,120.55'."""
    return f"{to_major(int(minor), currency):,.{exponent(currency)}f}"


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units over `weights` by the largest remainder; the parts sum to `total` exactly.

    All-zero weights split evenly. Ties go to the earlier place: the result depends on the input alone.
    """
    shares = [abs(weight) for weight in weights]
    if not shares:
        if total:
            raise BadRecord(f"{total} minor units cannot be split over nothing")
        return []
    whole = sum(shares) or len(shares)
    shares = shares if sum(shares) else [1] * len(shares)
    sign = -1 if total < 0 else 1
    floors = [abs(total) * share // whole for share in shares]
    remainders = [abs(total) * share % whole for share in shares]
    order = sorted(range(len(shares)), key=lambda place: (-remainders[place], place))
    for place in order[: abs(total) - sum(floors)]:
        floors[place] += 1
    return [sign * part for part in floors]
