"""What a field's name says, as words: parted, abbreviations written out, endings taken off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from he_sync.mapping.suggest.thesaurus import Thesaurus

PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
CUSTOM = re.compile(r"^(?:custom[@._]|cust(?:body|entity|item|col|record)_?(?=[a-z])|x_studio_|x_)|__?c$", re.IGNORECASE)
"""Marks that a field was added by the company itself: Heartland, NetSuite, Odoo, Salesforce-like suffixes."""
GLUED = 6
"""Letters from which a word is tried as several words written together."""


def parted(name: str) -> list[str]:
    """`custom@customerPO_number` -> customer, po, number. Marks of custom fields are no part of what it says."""
    bare = CUSTOM.sub("", name) or name
    plural = re.sub(r"([A-Z]{2,})s(?![a-z])", r"\1", bare)  # IDs is ID, not I and Ds
    parts = [part.lower() for part in PARTS.findall(plural)]
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] in {"un", "non"}:  # UnApplied and applied are opposites, not one word more
            parts[place : place + 2] = ["".join(parts[place : place + 2])]
    return parts


class Wording:
    """Names as words by a thesaurus' abbreviations and the words of the tables at hand."""

    def __init__(self, thesaurus: Thesaurus, names: Iterable[str]) -> None:
        """`names` are the fields of both tables: a word that stands alone in one may be glued in another."""
        self.short = thesaurus.abbreviations
        alone = {part for name in names for part in parted(name) if len(part) < GLUED}
        self.known = thesaurus.vocabulary | {one for one in alone if len(one) > 3}
        self.unglued = lru_cache(maxsize=None)(self._unglued)

    def words(self, name: str) -> tuple[str, ...]:
        """Words of a name in order, each in its base form."""
        found: list[str] = []
        for part in parted(name):
            for piece in self.unglued(part):
                found += [stem(word) for word in self.short.get(piece, piece).split()]
        return tuple(found) or (name.lower(),)

    def _unglued(self, part: str) -> tuple[str, ...]:
        if len(part) < GLUED or part in self.short or part in self.known or stem(part) in self.known:
            return (part,)
        best: list[tuple[str, ...] | None] = [()] + [None] * len(part)
        for end in range(1, len(part) + 1):
            for start in range(max(0, end - 14), end - 1):
                head, tail = best[start], part[start:end]
                if head is not None and self._is_word(tail) and (best[end] is None or len(head) + 1 < len(best[end])):  # type: ignore[arg-type]
                    best[end] = (*head, tail)
        return best[-1] or (part,)

    def _is_word(self, piece: str) -> bool:
        return piece in self.known or piece in self.short or (len(piece) > 3 and stem(piece) in self.known)


def stem(word: str) -> str:
    """A word without the ending of its number or of a verb: taxes, shipping and ordered are tax, ship and order."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith("ied"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith("ing") and word != "string":
        return _undoubled(word[:-3])
    if len(word) > 5 and word.endswith("ed"):
        return _undoubled(word[:-2])
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _undoubled(word: str) -> str:
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        return word[:-1]
    return word + "e" if word.endswith(("at", "iv", "eiv", "voic", "pric", "clos", "charg", "cr")) else word
