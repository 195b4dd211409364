"""What a field's name says, as words: parted, abbreviations written out, endings taken off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from he_sync.mapping.suggest.thesaurus import Thesaurus

PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
CUSTOM = re.compile(
    r"^(?:custom[@._]|cust(?:body|entity|item|col|record)_?(?=[a-z])|x_studio_|x_)|__?c$", re.IGNORECASE
)
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


LONGEST = 14
"""Letters of a word at most; authorization has 13."""
SHORTEST = 3
"""Letters a word has at least: what is shorter is an abbreviation or a part of another word."""
ENDINGS = (
    ("string", 6, "string"),
    ("ies", 5, "y"),
    ("ied", 6, "y"),
    ("ing", 6, ""),
    ("ed", 6, ""),
    ("sses", 5, "ss"),
    ("xes", 5, "x"),
    ("ches", 5, "ch"),
    ("shes", 5, "sh"),
)
"""Ending, letters of the whole word from which it is one, what stands there without it."""
VERBAL = {"ing", "ed"}
NO_PLURAL = ("ss", "us", "is")
WITH_E = ("at", "iv", "voic", "pric", "clos", "charg", "cr")


class Wording:
    """Names as words by a thesaurus' abbreviations and the words of the tables at hand."""

    def __init__(self, thesaurus: Thesaurus, names: Iterable[str]) -> None:
        """`names` are the fields of both tables: a word that stands alone in one may be glued in another."""
        self.short = thesaurus.abbreviations
        alone = {part for name in names for part in parted(name) if len(part) < GLUED}
        self.known = thesaurus.vocabulary | {one for one in alone if len(one) > SHORTEST}
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
        best: dict[int, tuple[str, ...]] = {0: ()}
        for end in range(1, len(part) + 1):
            ways = [
                (*best[start], part[start:end])
                for start in range(max(0, end - LONGEST), end - 1)
                if start in best and self._is_word(part[start:end])
            ]
            if ways:
                best[end] = min(ways, key=len)
        return best.get(len(part)) or (part,)

    def _is_word(self, piece: str) -> bool:
        return piece in self.known or piece in self.short or (len(piece) > SHORTEST and stem(piece) in self.known)


def stem(word: str) -> str:
    """A word without the ending of its number or of a verb: taxes, shipping and ordered are tax, ship and order."""
    for ending, least, instead in ENDINGS:
        if word.endswith(ending) and len(word) >= least:
            bare = word[: -len(ending)] + instead
            return bare if ending not in VERBAL else _whole(bare)
    if len(word) > SHORTEST and word.endswith("s") and not word.endswith(NO_PLURAL):
        return word[:-1]
    return word


def _whole(bare: str) -> str:
    """What a verb's ending was put to: shipp is ship, creat is create."""
    if len(bare) > SHORTEST and bare[-1] == bare[-2] and bare[-1] not in "ls":
        return bare[:-1]
    return bare + "e" if bare.endswith(WITH_E) else bare
