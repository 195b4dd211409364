"""Street lines in their one form: capitals, unit words, and what is too long on the next line."""

from __future__ import annotations

import re
from dataclasses import replace

from he_sync.model.address import Address
from he_sync.model.unit_words import SHORT

UNIT_LINE = re.compile(rf"^({'|'.join(SHORT)})\.? *#? *([\w-]+)$", re.IGNORECASE)
NUMBER_LINE = re.compile(r"^# *([\w-]+)$")
UNIT_AT_END = re.compile(
    r"^(.*\d.*?[^,\s])(?:, *|\s+)((?:apartment|apt|suite|ste|unit)\.? *#? *[\w-]*\d[\w-]*|# *[\w-]+)$", re.IGNORECASE
)
LONGEST = 200
"""Characters of a line that are searched for a unit: the pattern takes the square of them."""
UPPER_WORDS = frozenset({"n", "s", "e", "w", "ne", "nw", "se", "sw", "po", "p.o.", "us", "ii", "iii", "iv"})


def cased(text: str) -> str:
    """English text all in capitals or all in small letters with a capital a word; anything else as it was written."""
    if not text.isascii() or not (text.isupper() or text.islower()):
        return text
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    if word.lower() in UPPER_WORDS or word.startswith("#"):
        return word.upper()
    small = word.lower()
    return small if small[:1].isdigit() else "-".join(part[:1].upper() + part[1:] for part in small.split("-"))


def unit_apart(address: Address) -> Address:
    """Apartment and suite on a line of their own, where one is free."""
    first, second = address.line_1, address.line_2
    if not second and len(first) <= LONGEST and (found := UNIT_AT_END.match(first)):
        first, second = found[1], found[2]
    return replace(address, line_1=first, line_2=second)


def unit_form(line: str) -> str:
    """A line that is a unit and its number in its short form; any other line as it is."""
    if found := UNIT_LINE.match(line):
        return f"{SHORT[found[1].lower()]} {found[2].upper()}"
    found = NUMBER_LINE.match(line)
    return f"#{found[1].upper()}" if found else line


def wrapped(lines: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Lines of at most `limit` characters, broken between words; a single longer word stays whole, to be refused."""
    found: list[str] = []
    for line in lines:
        rest = line
        while len(rest) > limit and (place := rest.rfind(" ", 0, limit + 1)) > 0:
            found.append(rest[:place])
            rest = rest[place + 1 :]
        found.append(rest)
    return tuple(found)
