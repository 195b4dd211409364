"""What people decided about pairs: it holds for these pairs, whatever they score; `teaching` learns from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs
from he_sync.match.clusters import Steward
from he_sync.match.codes import Bools, Ints
from he_sync.match.reading import table as read
from he_sync.model.errors import FixInput

COLUMNS = ("left_id", "right_id", "label")
YES, NO = ("match", "1", "true", "yes"), ("no", "0", "false", "no match")


@dataclass(frozen=True)
class Labels:
    """Answered pairs by position, the lower one left, in order, and whether they are one customer.

    `asked` are those that somebody was asked about without knowing the answer. The others (links that a flow made)
    hold, and teach nothing: of doubtful pairs they show only those that came out as one customer.
    """

    left: Ints
    right: Ints
    same: Bools
    asked: Bools

    @property
    def said(self) -> Steward:
        """The answers as rules for clusters."""
        pairs = list(zip(self.left.tolist(), self.right.tolist(), self.same.tolist(), strict=True))
        return Steward(
            [(one, other) for one, other, same in pairs if same],
            [(one, other) for one, other, same in pairs if not same],
        )


def labels(path: Path, records: pl.DataFrame) -> Labels:
    """The answers of a file with columns COLUMNS, in any order.

    Raises FixInput, by row, for an unknown id or answer, and for a pair that has both answers.
    """
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
    return _ordered(path, np.minimum(*ends), np.maximum(*ends), same)


def _ordered(path: Path, left: Ints, right: Ints, same: Bools) -> Labels:
    """Each pair once."""
    order = np.lexsort((right, left))
    again = np.flatnonzero((np.diff(left[order]) == 0) & (np.diff(right[order]) == 0))
    if len(torn := again[same[order[again]] != same[order[again + 1]]]):
        first, second = sorted(order[[torn[0], torn[0] + 1]].tolist())
        raise FixInput(f"{path.name}: rows {first + 2} and {second + 2} answer one pair with match and with no")
    kept = np.delete(order, again + 1)
    return Labels(left[kept], right[kept], same[kept], np.ones(len(kept), bool))


def _positions(path: Path, records: pl.DataFrame, ids: pl.Series, side: int) -> Ints:
    of_side = records.with_row_index("place").filter(pl.col("side") == side).select("place", "id")
    asked = ids.cast(pl.String).str.strip_chars().to_frame("id")
    found = asked.join(of_side, on="id", how="left", maintain_order="left")["place"]
    if found.null_count():
        row = int(found.is_null().arg_max() or 0)
        raise FixInput(f"{path.name}: row {row + 2}: there is no customer {ids[row]!r} on that side")
    return found.cast(pl.Int64).to_numpy()


def places(pairs: Pairs, known: Labels) -> Ints:
    """The candidate of each answer, -1 where it was none."""
    width = int(max(pairs.right.max(initial=0), known.right.max(initial=0))) + 1
    keys, asked = pairs.left.astype(np.int64) * width + pairs.right, known.left.astype(np.int64) * width + known.right
    at = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
    return np.where(keys[at] == asked, at, -1) if len(keys) else np.full(len(asked), -1)
