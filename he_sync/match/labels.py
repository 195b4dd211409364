"""What people decided about pairs: it holds for these pairs, and from some hundreds on it corrects doubtful others.

The correction is a logistic regression on top of the model's own log odds, drawn towards changing nothing and
fitted where there is doubt: a few hundred answers shift levels that the model weighs wrongly, and leave the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs
from he_sync.match.clusters import Steward
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.compare import Levels
from he_sync.match.levels import FIELDS
from he_sync.match.reading import table as read
from he_sync.model.errors import FixInput

ENOUGH = 300
"""Answers from which other pairs are re-scored."""
CAUTION = 10.0
"""Strength of the pull towards the unlabelled score (ridge, in answers)."""
STEPS = 12
DOUBT = (0.02, 0.98)
"""Scores that answers correct; outside, the few answers that there are would speak for thousands of pairs."""
COLUMNS = ("left_id", "right_id", "label")
YES, NO = ("match", "1", "true", "yes"), ("no", "0", "false", "no match")


@dataclass(frozen=True)
class Labels:
    """Answered pairs by position, the lower one left, and whether they are one customer."""

    left: Ints
    right: Ints
    same: Bools

    @property
    def said(self) -> Steward:
        """The answers as rules for clusters."""
        pairs = list(zip(self.left.tolist(), self.right.tolist(), self.same.tolist(), strict=True))
        return Steward(
            [(one, other) for one, other, same in pairs if same],
            [(one, other) for one, other, same in pairs if not same],
        )


def labels(path: Path, records: pl.DataFrame) -> Labels:
    """The answers of a file with columns COLUMNS. Raises FixInput for an unknown id or answer, by row."""
    frame = read(path)
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise FixInput(f"{path.name}: lacks {', '.join(missing)}; labels need {', '.join(COLUMNS)}")
    answers = frame["label"].cast(pl.String).str.to_lowercase().str.strip_chars().to_list()
    wrong = [row for row, answer in enumerate(answers, 2) if answer not in YES + NO]
    if wrong:
        raise FixInput(f"{path.name}: row {wrong[0]}: label {answers[wrong[0] - 2]!r} is neither match nor no")
    last = int(records["side"].to_numpy()[-1])
    ends = [_positions(path, records, frame[name], side) for name, side in (("left_id", 0), ("right_id", last))]
    same = np.array([answer in YES for answer in answers], bool)
    return Labels(np.minimum(*ends), np.maximum(*ends), same)


def _positions(path: Path, records: pl.DataFrame, ids: pl.Series, side: int) -> Ints:
    of_side = records.with_row_index("place").filter(pl.col("side") == side).select("place", "id")
    asked = ids.cast(pl.String).str.strip_chars().to_frame("id")
    found = asked.join(of_side, on="id", how="left", maintain_order="left")["place"]
    if found.null_count():
        row = int(found.is_null().arg_max() or 0)
        raise FixInput(f"{path.name}: row {row + 2}: there is no customer {ids[row]!r} on that side")
    return found.cast(pl.Int64).to_numpy()


def rescored(probability: Floats, levels: Mapping[str, Levels], pairs: Pairs, known: Labels) -> Floats:
    """Probabilities after the answers: theirs for answered pairs, corrected for doubtful others if they are enough."""
    place = places(pairs, known)
    there = place >= 0
    doubtful = (probability > DOUBT[0]) & (probability < DOUBT[1])
    used = there & doubtful[place]
    found = probability.copy()
    if there.sum() >= ENOUGH:
        found[doubtful] = _corrected(probability, levels, place[used], known.same[used])[doubtful]
    found[place[there]] = np.where(known.same[there], 1.0, 0.0)
    return found


def places(pairs: Pairs, known: Labels) -> Ints:
    """The candidate of each answer, -1 where it was none."""
    width = int(max(pairs.right.max(initial=0), known.right.max(initial=0))) + 1
    keys, asked = pairs.left.astype(np.int64) * width + pairs.right, known.left.astype(np.int64) * width + known.right
    at = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
    return np.where(keys[at] == asked, at, -1) if len(keys) else np.full(len(asked), -1)


def _corrected(probability: Floats, levels: Mapping[str, Levels], place: Ints, same: Bools) -> Floats:
    names = [field.name for field in FIELDS]
    offsets = np.concatenate([[0], np.cumsum([len(field) for field in FIELDS])])
    likely = np.clip(probability, *DOUBT)
    logit = np.log(likely / (1 - likely))
    answered = [levels[name][place].astype(np.int64) for name in names]
    weights = _fitted(logit[place], answered, offsets, same)
    total = (1 + weights[-2]) * logit + weights[-1]
    for number, name in enumerate(names):
        total += weights[offsets[number] + levels[name].astype(np.int64)]
    odds: Floats = 1 / (1 + np.exp(-total))
    return odds


def _fitted(logit: Floats, levels: Sequence[Ints], offsets: Ints, same: Bools) -> Floats:
    """Weights by level, then of the log odds beyond 1, then the constant: Newton's steps on the ridge likelihood."""
    rows = np.arange(len(logit))
    design = np.zeros((len(logit), int(offsets[-1]) + 2))
    for start, level in zip(offsets[:-1], levels, strict=True):
        design[rows, start + level] = 1.0
    design[:, -2], design[:, -1] = logit, 1.0
    pull = np.full(design.shape[1], CAUTION)
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(logit + design @ weights, -30, 30)))
        slope = design.T @ (same - chance) - pull * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(pull)
        weights = weights + np.linalg.solve(curve, slope)
    return weights
