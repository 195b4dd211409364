"""Figures of suggestions on labelled pairs: `python -m tests.suggest_world.evaluate [FOLDER OF SAMPLES]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from he_sync.mapping.suggest.suggestions import Suggestion, suggest
from he_sync.mapping.suggest.thesaurus import thesaurus
from tests.suggest_world.labelled import Labelled, names_only, own, samples, scrambled, untouched

Rank = Callable[[Labelled], dict[str, list[str]]]


@dataclass(frozen=True)
class Outcome:
    """Counts over source fields. `matched` have a counterpart; `auto` were taken unseen, `wrong` of them wrongly."""

    fields: int
    matched: int
    first: int
    five: int
    reciprocal: float
    auto: int = 0
    wrong: int = 0
    said_none: int = 0
    rightly_none: int = 0
    calibration: float = 0.0

    @property
    def top1(self) -> float:
        """Share of matched fields whose first candidate is right."""
        return self.first / self.matched

    @property
    def top5(self) -> float:
        """Share of matched fields with a right one among five."""
        return self.five / self.matched

    @property
    def precision(self) -> float:
        """Of what was taken unseen; taking a target for a field without a counterpart is wrong."""
        return 1 - self.wrong / max(1, self.auto)

    def line(self) -> str:
        """All figures as one line."""
        return (
            f"top-1 {self.top1:.3f}  top-5 {self.top5:.3f}  MRR {self.reciprocal / self.matched:.3f}  "
            f"auto {self.auto} of {self.fields} fields ({self.matched} matched) at {self.precision:.3f}  "
            f"none {self.rightly_none} right of {self.said_none} said, {self.fields - self.matched} are  "
            f"calibration error {self.calibration:.3f}"
        )


def ranked(labels: Iterable[Labelled], rank: Rank) -> Outcome:
    """Top figures of any matcher that gives targets by source field."""
    places, fields = [], 0
    for label in labels:
        found = rank(label)
        fields += len(label.right)
        for source, accepted in label.right.items():
            if accepted:
                targets = found.get(source, [])
                places.append(next((place for place, one in enumerate(targets) if one in accepted), 10**9))
    near = sum(place < 5 for place in places)
    return Outcome(fields, len(places), places.count(0), near, sum(1 / (1 + place) for place in places))


def outcome(labels: Iterable[Labelled], **options) -> Outcome:
    """Ours, with what it takes unseen."""
    labels = list(labels)
    found = {label.name: suggest(label.source, label.target, **{"top": 20, **options}) for label in labels}
    top = ranked(labels, lambda label: {one.source: [c.target for c in one.candidates] for one in found[label.name]})
    pairs = [(one, label.right[one.source]) for label in labels for one in found[label.name]]
    return replace(
        top,
        auto=sum(one.auto is not None for one, _ in pairs),
        wrong=sum(one.auto is not None and one.auto not in right for one, right in pairs),
        said_none=sum(one.none for one, _ in pairs),
        rightly_none=sum(one.none and not right for one, right in pairs),
        calibration=_calibration(pairs),
    )


def _calibration(pairs: list[tuple[Suggestion, frozenset[str]]]) -> float:
    """Mean distance of chance and share that was right, over ten bands."""
    bands: dict[int, list[tuple[float, bool]]] = {}
    for one, right in pairs:
        first = one.candidates[0]
        bands.setdefault(min(9, int(first.score * 10)), []).append((first.score, first.target in right))
    apart = (abs(sum(score for score, _ in band) - sum(good for _, good in band)) for band in bands.values())
    return sum(apart) / len(pairs)


def main() -> None:
    """Our pairs (learned from), the second domain, and samples where a folder is given."""
    sets = {"own, learned from": own(), "Shopify to ERPNext": untouched()}
    if len(sys.argv) > 1:
        sets["samples"] = list(samples(Path(sys.argv[1])))
    for name, labels in sets.items():
        print(f"{name}: {outcome(labels).line()}")  # noqa: T201 - its output
        print(f"  scrambled: {outcome(map(scrambled, labels)).line()}")  # noqa: T201
        print(f"  thesaurus off: {outcome(labels, known=thesaurus().without_meanings()).line()}")  # noqa: T201
        print(f"  names only: {outcome(map(names_only, labels)).line()}")  # noqa: T201


if __name__ == "__main__":
    main()
