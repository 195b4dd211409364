"""What may not be kept after authorisation, in no form: verification codes, PIN blocks, magnetic tracks (PCI 3.3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from he_sync.model.card_numbers.numbers import plain_text

TRACK = re.compile(r"%?[Bb][0-9]{13,19}\^|;[0-9]{13,19}=[0-9]{4}")
SPOKEN = re.compile(
    r"(?:\b|_)(?:cvv2?|cvc2?|cav2|csc|cid|security[ _-]?code)\b[^0-9A-Za-z]{0,4}[0-9]{3,4}(?![0-9])", re.IGNORECASE
)
"""A verification code with its name beside it, as people write it into a note and as JSON inside a text has it."""
STEMS = ("cvv", "cvc", "cav2", "csc", "cid", "security")
"""One of them stands in every match of SPOKEN; looking for them costs a twentieth."""
CODES = frozenset({
    *("cvv", "cvc", "cvv2", "cvc2", "cid", "csc", "cav2", "cvn", "cvvcode", "cvccode", "cvvnumber", "cvcnumber"),
    *("cardcvv", "cardcvc", "securitycode", "cardsecuritycode", "verificationcode", "cardverificationcode"),
    "cardverificationvalue",
})  # fmt: skip
BLOCKS = frozenset({
    *("track1", "track2", "track3", "track1data", "track2data", "track3data", "trackdata", "pin", "pinblock"),
    *("pindata", "cardpin", "encryptedpin", "encryptedpinblock", "magstripe", "magstripedata", "magneticstripe"),
})  # fmt: skip
MOST_NAMES = 8_192
CODE = re.compile(r"\s*[0-9]{3,4}\s*")
SOME_DIGITS = re.compile(r"(?:[0-9][^0-9]*){3}")
_harmless: set[str] = set()


def says_a_secret(plain: str) -> bool:
    """Whether a text holds a track or a verification code beside its name."""
    return may_say_a_secret(plain) and (TRACK.search(plain) is not None or SPOKEN.search(plain) is not None)


def may_say_a_secret(plain: str) -> bool:
    """A quicker look that is False only where `says_a_secret` is."""
    if "^" in plain or ("=" in plain and ";" in plain):
        return True
    lowered = plain.lower()
    return any(stem in lowered for stem in STEMS)


def names_no_secret(keys: Mapping[str, Any]) -> bool:
    """Whether these names were all seen before and are no secret's: most documents of a sender have the same names."""
    if keys.keys() <= _harmless:
        return True
    if len(_harmless) > MOST_NAMES:
        _harmless.clear()
    _harmless.update(key for key in keys if not _kind(key))
    return keys.keys() <= _harmless


def is_secret(key: str, value: Any) -> bool:
    """Whether a field is named as a secret and holds one: a result code ("M") or a masked value is none."""
    kind = _kind(key)
    if not kind:
        return False
    shape = CODE.fullmatch if kind == "code" else SOME_DIGITS.search
    return any(shape(text) for text in _texts(value))


@lru_cache(MOST_NAMES)
def _kind(key: str) -> str:
    name = "".join(filter(str.isalnum, plain_text(key))).lower()
    return "code" if name in CODES else "block" if name in BLOCKS else ""


def _texts(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
        elif isinstance(one, (str, int, Decimal)) and not isinstance(one, bool):
            yield plain_text(str(one))
