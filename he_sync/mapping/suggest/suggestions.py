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
"""Chance from which the first candidate is taken unseen; of those above 97 in 100 were right, systems left out."""
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
    left, right = (
        Table(one.where, tuple(sorted(one.fields, key=lambda field: field.name))) for one in (source, target)
    )
    found = signs(left, right, known)
    ranks = scored(found, fitting(found), _places(memory, left.names(), right.names()))
    asked = Asked(found, ranks, right.names(), memory, top)
    each = {name: _suggestion(asked, row, name) for row, name in enumerate(left.names())}
    return [each[name] for name in source.names()]


@dataclass(frozen=True)
class Asked:
    """What a field's suggestion is made of: signs and ranks by place, the targets' names, decisions, how many."""

    signs: Signs
    ranks: Scored
    targets: list[str]
    memory: Memory
    top: int


def _places(memory: Memory, sources: list[str], targets: list[str]) -> dict[tuple[int, int], bool]:
    """Decisions about fields that both tables still have."""
    accepted = [(source, target, True) for source, target in memory.accepted.items() if target is not None]
    said = [*accepted, *((source, target, False) for source, target in memory.rejected)]
    return {
        (sources.index(source), targets.index(target)): right
        for source, target, right in said
        if source in sources and target in targets
    }


def _suggestion(asked: Asked, row: int, name: str) -> Suggestion:
    chosen = asked.memory.accepted.get(name, "")
    if chosen is None:
        return Suggestion(name, (), None, none=True)
    refused = {target for source, target in asked.memory.rejected if source == name}
    order = [int(place) for place in asked.ranks.order[row] if asked.targets[place] not in refused][: asked.top]
    candidates = tuple(_candidate(asked, row, place, chosen) for place in order)
    if chosen in asked.targets:
        return Suggestion(name, candidates, chosen, none=False)
    chance = float(asked.ranks.chance[row])
    auto = asked.targets[order[0]] if order and chance >= SURE and not refused else None
    return Suggestion(name, candidates, auto, none=not order or chance < NONE)


def _candidate(asked: Asked, row: int, place: int, chosen: str) -> Candidate:
    target = asked.targets[place]
    if target == chosen:
        return Candidate(target, 1.0, "accepted before")
    score = _score(asked.ranks, row, place, int(asked.ranks.order[row, 0]))
    return Candidate(target, round(score, 4), reason(asked.signs, row, place))


def _score(ranks: Scored, row: int, place: int, first: int) -> float:
    """The first one's chance; of what that leaves, the others' parts, never more than the first has."""
    chance = float(ranks.chance[row])
    if place == first:
        return chance
    rest = 1 - float(ranks.share[row, first])
    return min(chance, (1 - chance) * float(ranks.share[row, place]) / max(rest, 1e-9))
