"""What words and whole names mean by the thesaurus: how alike two words are, and whether two names name one thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from he_sync.mapping.suggest.profiles import Floats
from he_sync.mapping.suggest.spelling import spelling
from he_sync.mapping.suggest.thesaurus import Thesaurus
from he_sync.mapping.suggest.words import stem

Words = tuple[str, ...]
SYNONYM = 0.85
"""What a word of the same line counts against the word itself."""
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
        self.names = [[_stems(name) for name in line] for line in given.fields]

    def alike(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """1 for the same word, SYNONYM for words of one line, else how alike they are spelt."""
        found = spelling(left, right)
        for row, one in enumerate(left):
            for column, other in enumerate(right):
                if self.lines.get(one, set()) & self.lines.get(other, set()):
                    found[row, column] = max(found[row, column], SYNONYM)
        return found

    def fields(self, source: Sequence[Words], target: Sequence[Words]) -> Floats:
        """How sure it is that two names are names of one thing: 1 where both stand in one line as they are."""
        left, right = self._standing(source), self._standing(target)
        found = np.zeros((len(source), len(target)))
        for line in range(len(self.names)):
            a, b = left[:, line], right[:, line]
            rows, columns = np.flatnonzero(a), np.flatnonzero(b)
            if len(rows) and len(columns):
                here = np.ix_(rows, columns)
                found[here] = np.maximum(found[here], np.outer(a[rows], b[columns]))
        return found

    def _standing(self, side: Sequence[Words]) -> Floats:
        found = np.zeros((len(side), max(1, len(self.names))))
        for row, words in enumerate(side):
            have = set(words)
            for line, names in enumerate(self.names):
                stray = [len(have) - len(name) for name in names if name <= have]
                if stray:
                    found[row, line] = STRAY ** min(stray)
        return found


def _stems(name: str) -> set[str]:
    return {stem(word) for word in name.split()}
