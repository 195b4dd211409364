"""A batch of pairs with the codes of both records, and questions about texts that are answered for all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from he_sync.match.codes import Bools, Codes, Ints, Places, Small, Texts, by_distinct_pair
from he_sync.match.letters import Letters, letters
from he_sync.match.table import Table

Levels = npt.NDArray[np.uint8]
CODES = (
    "first", "last", "name", "user", "host", "digits", "number", "road", "unit", "zip5", "place", "region", "firm",
    "middle",
)  # fmt: skip
STATS = ("root", "last")
_PLACES = {name: place for place, name in enumerate((*CODES, *(f"{name} seen" for name in STATS)))}


class Known:
    """All records as rows of one matrix (codes, and how common the names are), and facts of each vocabulary.

    A row is 64 bytes: one line of the processor's cache, so that a record costs one look into memory and not sixteen.
    """

    def __init__(self, records: Table) -> None:
        self.records = records
        self.rows = np.empty((len(records), len(_PLACES)), np.int32)
        for name in CODES:
            self.rows[:, _PLACES[name]] = records.codes[name].at
        for name in STATS:
            self.rows[:, _PLACES[f"{name} seen"]] = records.stats[name]
        self._letters: dict[str, Letters] = {}
        self.side = records.side.astype(np.uint8)

    def codes(self, name: str) -> Codes:
        """The codes of a column."""
        return self.records.codes[name]

    def letters(self, name: str) -> Letters:
        """What the texts of a column are made of."""
        if name not in self._letters:
            self._letters[name] = letters(self.codes(name).texts)
        return self._letters[name]


class Couples:
    """Some pairs: `one(name)` and `other(name)` are the codes of the left and of the right record."""

    def __init__(self, known: Known, left: Places, right: Places) -> None:
        self.known, self.left, self.right = known, left, right

    @cached_property
    def _one(self) -> Small:
        return self.known.rows[self.left]

    @cached_property
    def _other(self) -> Small:
        return self.known.rows[self.right]

    def __len__(self) -> int:
        """Pairs."""
        return len(self.left)

    def one(self, name: str) -> Small:
        """Of the left records."""
        return self._one[:, _PLACES[name]]

    def other(self, name: str) -> Small:
        """Of the right records."""
        return self._other[:, _PLACES[name]]

    @cached_property
    def _equal(self) -> Bools:
        equal: Bools = self._one == self._other
        return equal

    @cached_property
    def _filled(self) -> Bools:
        filled: Bools = np.minimum(self._one, self._other) > 0
        return filled

    def equal(self, name: str) -> Bools:
        """Both have the same text, or none."""
        equal: Bools = self._equal[:, _PLACES[name]]
        return equal

    def both(self, name: str) -> Bools:
        """Both have one."""
        both: Bools = self._filled[:, _PLACES[name]]
        return both

    def same(self, name: str) -> Bools:
        """Both have the same one."""
        return self.equal(name) & self.both(name)


@dataclass(frozen=True)
class Question:
    """What is asked about two texts of a column, and the level that a yes gives a field."""

    field: str
    level: int
    column: str
    score: Callable[[Texts, Texts], Bools]


@dataclass(frozen=True)
class Ask:
    """Pairs (positions in the batch) that wait for an answer, with the codes of their texts."""

    question: Question
    at: Ints
    one: Small
    other: Small


def first_of(cases: Sequence[Bools], levels: Sequence[int], otherwise: int) -> Levels:
    """The level of the first case that holds, pair by pair."""
    found = np.full(len(cases[0]), otherwise, np.uint8)
    for case, level in zip(reversed(cases), reversed(levels), strict=True):
        np.copyto(found, np.uint8(level), where=case)
    return found


def answered(known: Known, levels: Mapping[str, Levels], asks: Iterable[tuple[Ask, int]]) -> None:
    """Set the levels of the pairs whose texts are what was asked; each distinct pair of texts is scored once.

    Each ask comes with the place of its batch among all pairs. A later question overrules an earlier one.
    """
    by_question: dict[Question, list[tuple[Ask, int]]] = {}
    for ask, start in asks:
        by_question.setdefault(ask.question, []).append((ask, start))
    for question, mine in by_question.items():
        at = np.concatenate([ask.at + start for ask, start in mine])
        one, other = (
            np.concatenate([getattr(ask, end) for ask, _ in mine]).astype(np.int64) for end in ("one", "other")
        )
        yes = by_distinct_pair(one, other, known.codes(question.column).texts, question.score)
        levels[question.field][at[yes]] = question.level
