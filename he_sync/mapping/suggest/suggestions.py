"""`suggest`: candidates for every field of a source table, what may be taken unseen, and what has no counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from he_sync.mapping.suggest.memory import EMPTY, Memory
from he_sync.mapping.suggest.reasons import reason
from he_sync.mapping.suggest.scoring import Scored, fitting, scored
from he_sync.mapping.suggest.signs import Signs, signs
from he_sync.mapping.suggest.tables import Table
from he_sync.mapping.suggest.thesaurus import Thesaurus

SURE = 0.9
"""Chance from which the first candidate is taken unseen: those above it were right 98 of 100 times, systems left out."""
NONE = 0.4
"""Chance below which a field is said to have no counterpart; its candidates stay, for a person."""
TOP = 5


@dataclass(frozen=True)
class Candidate:
    """A target, the chance that it is the right one, and why it is a candidate."""

    target: str
    score: float
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """One source field. `auto` is the target that may be taken unseen; `none` says that there is no counterpart."""

    source: str
    candidates: tuple[Candidate, ...]
    auto: str | None
    none: bool

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        rows = [{"target": one.target, "score": one.score, "reason": one.reason} for one in self.candidates]
        return {"source": self.source, "candidates": rows, "auto": self.auto, "none": self.none}


def suggest(
    source: Table, target: Table, *, memory: Memory = EMPTY, top: int = TOP, known: Thesaurus | None = None
) -> list[Suggestion]:
    """One suggestion a source field, in the source's order; the same whatever the order of rows and columns."""
    left, right = (Table(one.where, tuple(sorted(one.fields, key=lambda field: field.name))) for one in (source, target))
    found = signs(left, right, known)
    ranks = scored(found, fitting(found))
    free = {
        name: _suggestion(found, ranks, row, name, right.names(), memory, top) for row, name in enumerate(left.names())
    }
    return [_decided(free[name], memory, right.names()) for name in source.names()]


def _suggestion(  # noqa: PLR0913, PLR0917 - a row of two arrays with what names it
    found: Signs, ranks: Scored, row: int, name: str, targets: list[str], memory: Memory, top: int
) -> Suggestion:
    chance, first = float(ranks.chance[row]), int(ranks.order[row, 0])
    order = [int(place) for place in ranks.order[row] if (name, targets[place]) not in memory.rejected]
    scores = {place: _score(ranks, row, place, first) for place in order[:top]}
    candidates = tuple(
        Candidate(targets[place], round(scores[place], 4), reason(found, row, place)) for place in order[:top]
    )
    untouched = bool(order) and order[0] == first
    auto = targets[first] if untouched and chance >= SURE else None
    return Suggestion(name, candidates, auto, none=not untouched or chance < NONE)


def _score(ranks: Scored, row: int, place: int, first: int) -> float:
    """The first one's chance; of what that leaves, the others' parts, never more than the first has."""
    chance = float(ranks.chance[row])
    if place == first:
        return chance
    rest = 1 - float(ranks.share[row, first])
    return min(chance, (1 - chance) * float(ranks.share[row, place]) / max(rest, 1e-9))


def _decided(one: Suggestion, memory: Memory, targets: list[str]) -> Suggestion:
    """What was accepted stands first and alone is sure; a target that the table has no more decides nothing."""
    if one.source not in memory.accepted:
        return one
    chosen = memory.accepted[one.source]
    if chosen is None:
        return Suggestion(one.source, (), None, none=True)
    if chosen not in targets:
        return one
    others = tuple(other for other in one.candidates if other.target != chosen)
    first = Candidate(chosen, 1.0, "accepted before")
    return Suggestion(one.source, (first, *others[: max(0, len(one.candidates) - 1)]), chosen, none=False)
