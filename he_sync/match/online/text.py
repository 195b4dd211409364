"""The text rules of `match/texts.py` for one value, in plain Python: polars takes 15 us an expression, of 130.

Only values whose letters this Python knows and classes as Rust does; `plain` tells, the others go the way of a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as Unicode has it; Python's own also counts four control characters."""
STRIP = WHITE.replace("\u2000-\u200a", "".join(map(chr, range(0x2000, 0x200B))))
_UNLIKE = frozenset({"Cn", "Cs", "Nl", "No", "Pc"})
"""Categories that the two classes of word characters treat differently, or that only a newer Unicode knows."""
_DROPPED = frozenset({"Mn", "Mc", "Me", "Cf"})
_APOSTROPHES = re.compile("['`\u2019]")
_APART = re.compile(r"[\W_]+")


def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the batch: white space means the same, and `$` the very end."""
    text = text.replace(r"[^@\s<>.]", f"[^@{WHITE}<>.]").replace(r"[^@\s<>]", f"[^@{WHITE}<>]")
    text = text.replace(r"[\s,]", f"[{WHITE},]").replace(r"[\s-]", f"[{WHITE}-]")
    text = text.replace(r"\S", f"[^{WHITE}]").replace(r"\s", f"[{WHITE}]")
    return re.compile(re.sub(r"\$(?=\||\Z)", r"\\Z", text))


def plain(value: str) -> bool:
    """Whether every character means the same to Python and to polars."""
    return value.isascii() or all(unicodedata.category(one) not in _UNLIKE for one in value if one > "\x7f")


def folded(value: str) -> str:
    """Small letters without accents."""
    small = value.lower()
    if small.isascii():
        return small
    apart = unicodedata.normalize("NFKD", small)
    return "".join(one for one in apart if one < "\x80" or unicodedata.category(one) not in _DROPPED)


def words(value: str) -> str:
    """Words with one blank between them; an apostrophe joins."""
    return _APART.sub(" ", _APOSTROPHES.sub("", value)).strip(" ")


def replaced(value: str, table: Mapping[str, str]) -> str:
    """Whole words replaced by a table."""
    return " ".join(table.get(word, word) for word in value.split(" "))
