"""What words and whole names mean by the thesaurus: how alike two words are, and whether two names name one thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from he_sync.mapping.suggest.profiles import Floats
from he_sync.mapping.suggest.thesaurus import Thesaurus
from he_sync.mapping.suggest.words import stem

Words = tuple[str, ...]
SYNONYM = 0.85
"""What a word of the same line counts against the word itself."""
ABOUT = ("customer", "order", "item", "part", "product", "invoice", "payment", "vendor", "warehouse", "address")
"""What a table may be about; a bare `id` or `name` in it is that thing's."""
STRAY = 0.6
"""What is left of a name's line for each further word that the name has."""


class Meanings:
    """A thesaurus ready for look-ups."""

    def __init__(self, given: Thesaurus) -> None:
        self.lines: dict[str, set[int]] = {}
        for number, line in enumerate(given.words):
            for name in line:
                words = name.split()
                if len(words) == 1:
                    self.lines.setdefault(stem(words[0]), set()).add(number)
        self.count = max(1, len(given.fields))
        self.names: dict[str, list[tuple[int, set[str]]]] = {}
        for number, line in enumerate(given.fields):
            for one in line:
                stems = {stem(word) for word in one.split()}
                self.names.setdefault(min(stems), []).append((number, stems))

    def alike(self, left: Sequence[str], right: Sequence[str], spelt: Floats) -> Floats:
        """1 for the same word, SYNONYM for words of one line, else how alike they are `spelt`."""
        found = spelt.copy()
        lines = [(column, self.lines[other]) for column, other in enumerate(right) if other in self.lines]
        for row, one in enumerate(left):
            mine = self.lines.get(one, set())
            for column in (column for column, other in lines if mine & other):
                found[row, column] = max(found[row, column], SYNONYM)
        return found

    def fields(self, source: Sequence[Words], target: Sequence[Words]) -> Floats:
        """How sure it is that two names are names of one thing: 1 where both stand in one line as they are."""
        left, right = self._standing(source), self._standing(target)
        found = np.zeros((len(source), len(target)))
        for line in range(self.count):
            a, b = left[:, line], right[:, line]
            rows, columns = np.flatnonzero(a), np.flatnonzero(b)
            if len(rows) and len(columns):
                here = np.ix_(rows, columns)
                found[here] = np.maximum(found[here], np.outer(a[rows], b[columns]))
        return found

    def about(self, sides: Sequence[Sequence[Words]]) -> str:
        """What both tables are about: the one of ABOUT that most of their fields name, or nothing."""
        counts = {one: sum(one in words for side in sides for words in side) for one in ABOUT}
        best = max(ABOUT, key=lambda one: counts[one])
        return best if counts[best] > 1 else ""

    def _standing(self, side: Sequence[Words]) -> Floats:
        found = np.zeros((len(side), self.count))
        for row, words in enumerate(side):
            have = set(words)
            for line, name in (one for word in have for one in self.names.get(word, ())):
                if name <= have:
                    found[row, line] = max(found[row, line], STRAY ** (len(have) - len(name)))
        return found
