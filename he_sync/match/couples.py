"""A batch of pairs with the codes of both records, and questions about texts that are answered for all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from he_sync.match.codes import Bools, Codes, Ints, Places, Small, Texts, by_distinct_pair, taken
from he_sync.match.letters import Letters, letters
from he_sync.match.side_by_side import side_by_side
from he_sync.match.table import Table

Levels = npt.NDArray[np.uint8]
CODES = (
    "first", "last", "name", "user", "host", "digits", "number", "road", "unit", "zip5", "place", "region", "firm",
    "middle",
)  # fmt: skip
STATS = ("root", "last")


class Known:
    """All records by column (codes, and how common the names are), and facts of each vocabulary."""

    def __init__(self, records: Table) -> None:
        self.records = records
        self.columns = {name: records.codes[name].at for name in CODES}
        self.columns |= {f"{name} seen": records.stats[name].astype(np.int32, copy=False) for name in STATS}
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
    """Some pairs: `one(name)` and `other(name)` are the codes of the left and of the right record.

    Each column is looked up when it is first asked for, and once.
    """

    def __init__(self, known: Known, left: Places, right: Places) -> None:
        self.known, self.left, self.right = known, left.astype(np.intp), right.astype(np.intp)
        self._one: dict[str, Small] = {}
        self._other: dict[str, Small] = {}
        self._equal: dict[str, Bools] = {}
        self._both: dict[str, Bools] = {}

    def __len__(self) -> int:
        """Pairs."""
        return len(self.left)

    def one(self, name: str) -> Small:
        """Of the left records."""
        if name not in self._one:
            self._one[name] = taken(self.known.columns[name], self.left)
        return self._one[name]

    def other(self, name: str) -> Small:
        """Of the right records."""
        if name not in self._other:
            self._other[name] = taken(self.known.columns[name], self.right)
        return self._other[name]

    def equal(self, name: str) -> Bools:
        """Both have the same text, or none."""
        if name not in self._equal:
            self._equal[name] = self.one(name) == self.other(name)
        return self._equal[name]

    def both(self, name: str) -> Bools:
        """Both have one."""
        if name not in self._both:
            self._both[name] = np.minimum(self.one(name), self.other(name)) > 0
        return self._both[name]

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


def first_of(cases: Sequence[Bools], levels: Sequence[int], otherwise: int | Levels) -> Levels:
    """The level of the first case that holds, pair by pair; by bits, many pairs an instruction."""
    found = np.full(len(cases[0]), otherwise, np.uint8)
    for case, level in zip(reversed(cases), reversed(levels), strict=True):
        changed = found ^ np.uint8(level)
        changed &= -case.view(np.uint8)
        found ^= changed
    return found


def answered(known: Known, levels: Mapping[str, Levels], asks: Iterable[tuple[Ask, int]]) -> None:
    """Set the levels of the pairs whose texts are what was asked; each distinct pair of texts is scored once.

    Each ask comes with the place of its batch among all pairs. A later question overrules an earlier one.
    """
    by_question: dict[Question, list[tuple[Ask, int]]] = {}
    for ask, start in asks:
        by_question.setdefault(ask.question, []).append((ask, start))

    def yes(question: Question) -> Ints:
        mine = by_question[question]
        at = np.concatenate([ask.at + start for ask, start in mine])
        one, other = (
            np.concatenate([getattr(ask, end) for ask, _ in mine]).astype(np.int64) for end in ("one", "other")
        )
        return at[by_distinct_pair(one, other, known.codes(question.column).texts, question.score)]

    for question, at in zip(by_question, side_by_side(yes, by_question, len(known.records)), strict=True):
        levels[question.field][at] = question.level
