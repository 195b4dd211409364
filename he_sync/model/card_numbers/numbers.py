"""What a card number is: 13 to 19 digits of a known issuer range with a right check digit, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

SHORTEST, LONGEST = 13, 19
GROUPS = 7
"""More groups than that are no way to write a card number, unless each is one digit."""
GAP = 3
SWITCHES = 6
"""A word that goes back and forth between letters and digits that often is a hash, an id or base64."""
ISSUERS = {
    "Visa": r"4\d{12}(?:\d{3}){0,2}",
    "Mastercard": r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}",
    "American Express": r"3[47]\d{13}",
    "Discover": r"(?:6011|64[4-9]\d|65\d\d)\d{12,15}",
    "Diners Club": r"3(?:0[0-59]|[689]\d)\d{11,16}",
    "JCB": r"35(?:2[89]|[3-8]\d)\d{12,15}",
    "UnionPay": r"(?:62\d\d|81[0-6]\d|817[01])\d{12,15}",
    "Maestro": r"(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}",
    "Mir": r"220[0-4]\d{12,15}",
    "RuPay": r"(?:60\d\d|82\d\d|508[5-9])\d{12}",
    "Verve": r"506(?:099|1[0-8]\d|19[0-8])\d{10,13}",
    "Troy": r"9792\d{12}",
    "Elo and InstaPayment": r"63[6-9]\d{13}",
}
ISSUED = re.compile("|".join(ISSUERS.values()))
RUN = re.compile(r"[0-9][0-9 .\-]{11,}[0-9]")
GROUP = re.compile(r"[0-9]+")
WORD = re.compile(r"[A-Za-z0-9]{0,38}")
WORD_BEFORE = re.compile(r"[A-Za-z0-9]*\Z")
FOREIGN = re.compile(r"[^\x00-\x7f]")
LIKE = {"\u2212": "-", "\u00b7": ".", "\u2022": "."}
CATEGORIES = {"Pd": "-", "Zs": " ", "Cf": ""}

Place = tuple[int, int, str]
"""Where a card number begins and ends in a text, and its digits."""


def is_card_number(digits: str) -> bool:
    """Whether these digits are a card number: length and range of an issuer, check digit right."""
    return ISSUED.fullmatch(digits) is not None and _luhn(digits)


def groups_of(plain: str) -> Iterator[list[re.Match[str]]]:
    """Runs of digit groups long enough to be card numbers, those inside a hash left out."""
    for run in RUN.finditer(plain):
        if not _in_a_hash(plain, run):
            yield list(GROUP.finditer(plain, run.start(), run.end()))


def among(groups: list[re.Match[str]]) -> Iterator[Place]:
    """Card numbers made of whole neighbouring groups, no group in two of them."""
    first = 0
    while first < len(groups):
        last, digits = _beginning_at(groups, first)
        if digits:
            yield groups[first].start(), groups[last].end(), digits
        first = last + 1


def plain_text(text: str) -> str:
    """Digits, dashes and spaces of every script as ASCII, invisible letters gone."""
    return text if text.isascii() else FOREIGN.sub(_plain_letter, unicodedata.normalize("NFKC", text))


def _beginning_at(groups: list[re.Match[str]], first: int) -> tuple[int, str]:
    """The last group of the card number that begins at `first`, and its digits; `first` and no digits for none."""
    digits = ""
    for last in range(first, min(first + LONGEST, len(groups))):
        if last > first and groups[last].start() - groups[last - 1].end() > GAP:
            break
        digits += groups[last].group()
        if len(digits) > LONGEST:
            break
        count = last - first + 1
        if len(digits) >= SHORTEST and (count <= GROUPS or count == len(digits)) and is_card_number(digits):
            return last, digits
    return first, ""


def _luhn(digits: str) -> bool:
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def _in_a_hash(plain: str, run: re.Match[str]) -> bool:
    """Whether the run is cut out of a word such as a hash, where digits stand side by side by chance."""
    before = WORD_BEFORE.search(plain[max(0, run.start() - 2 * LONGEST) : run.start()])
    after = WORD.match(plain, run.end())
    word = f"{before.group() if before else ''}0{after.group() if after else ''}"
    return sum(one.isdigit() != other.isdigit() for one, other in pairwise(word)) >= SWITCHES


def _plain_letter(found: re.Match[str]) -> str:
    return _letter(found.group())


@lru_cache(4096)
def _letter(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    return CATEGORIES.get(unicodedata.category(letter), LIKE.get(letter, letter))
