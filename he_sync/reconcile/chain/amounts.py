"""How one amount became another: the slips that people and programs make, and nothing vaguer."""

from __future__ import annotations

NINE = 9
TWO = 2

SIGN, ROUNDING, TRANSPOSED = "wrong_amount_sign", "currency_rounding", "wrong_amount_transposed"


def slips_of(true: int, posted: int) -> list[tuple[str, int]] | None:
    """The slips, with the cents each explains, that turn `true` into `posted`; None where no one or two of them do."""
    if true == posted:
        return []
    single = _single(true, posted)
    if single:
        return [(single, posted - true)]
    second = _single(-true, posted)
    if second:
        return [(SIGN, -TWO * true), (second, posted + true)]
    for cent in (1, -1):
        if is_transposed(true + cent, posted):
            return [(ROUNDING, cent), (TRANSPOSED, posted - true - cent)]
    return None


def _single(true: int, posted: int) -> str:
    if posted == -true:
        return SIGN
    if abs(posted - true) == 1:
        return ROUNDING
    return TRANSPOSED if is_transposed(true, posted) else ""


def is_transposed(true: int, posted: int) -> bool:
    """Whether exactly two digits changed places; leading zeros count (120 posted as 12)."""
    if (posted - true) % NINE or (true < 0) != (posted < 0):
        return False
    one, other = str(abs(true)), str(abs(posted))
    width = max(len(one), len(other))
    one, other = one.zfill(width), other.zfill(width)
    places = [i for i in range(width) if one[i] != other[i]]
    return len(places) == TWO and one[places[0]] == other[places[1]] and one[places[1]] == other[places[0]]
