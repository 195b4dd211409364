"""Texts as both systems can keep them: no NUL, no lone surrogate, no control or direction-changing character."""

from __future__ import annotations

import unicodedata

JOINERS = frozenset("\u200c\u200d")
"""They hold an emoji or a Persian word together, and are kept; every other format character is invisible mischief."""
DROPPED = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})


def plain(text: str) -> str:
    """The text on one line: every kind of blank is one space, what no field may hold is gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    kept = (
        " " if mark.isspace() else mark
        for mark in text
        if mark.isspace() or mark in JOINERS or unicodedata.category(mark) not in DROPPED
    )
    return " ".join("".join(kept).split())


def bad_characters(text: str) -> bool:
    """Whether a text holds what `plain` would drop; a key that does is refused, because a cleaned key is another."""
    return any(unicodedata.category(mark) in DROPPED for mark in text)


def shortened(text: str, limit: int) -> str:
    """The text within a limit, cut at a word where that keeps half of it. Never for a key."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    word = cut.rfind(" ") if text[limit] != " " else limit
    return cut[:word].rstrip() if word >= limit // 2 else cut.rstrip()
