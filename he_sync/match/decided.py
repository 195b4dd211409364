"""Decisions of people about pairs of any two records, for the next run: they hold whatever the model says.

Beside the labels of a file, which are about pairs across the sides. A decision about a record that is not in this run
says nothing in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from he_sync.match.blocking import Pairs
from he_sync.match.decide import MATCH, NO, Decisions
from he_sync.match.labels import NO as SAYS_NO
from he_sync.match.labels import YES, Labels, places
from he_sync.match.reading import table
from he_sync.model.errors import FixInput

COLUMNS = ("left_side", "left_id", "right_side", "right_id", "label")
SIDES = ("left", "right")


class Decided(NamedTuple):
    """One decision: two records by side (0 left, 1 right) and id, and whether they are one customer.

    `asked` is false where nobody was asked, as of a link that a flow made.
    """

    side: int
    id: str
    other_side: int
    other_id: str
    same: bool
    asked: bool = True


def decided_in(path: Path, sides: Mapping[str, int]) -> list[Decided]:
    """The decisions of a file with columns COLUMNS; sides are `left`, `right` or the names in `sides`.

    Raises FixInput for a missing column, an unknown side or answer, by row.
    """
    frame = table(path)
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise FixInput(f"{path.name}: lacks {', '.join(missing)}; decisions need {', '.join(COLUMNS)}")
    known = {**dict(zip(SIDES, (0, 1), strict=True)), **sides}
    found = []
    for row, told in enumerate(frame.select(pl.col(COLUMNS).cast(pl.String).str.strip_chars()).rows(), 2):
        one, number, other, other_number, label = (text or "" for text in told)
        if wrong := [side for side in (one, other) if side not in known]:
            raise FixInput(f"{path.name}: row {row}: side {wrong[0]!r} is none of {', '.join(known)}")
        if label.lower() not in YES + SAYS_NO:
            raise FixInput(f"{path.name}: row {row}: label {label!r} is neither match nor no")
        found.append(Decided(known[one], number, known[other], other_number, label.lower() in YES))
    return found


def with_decided(known: Labels | None, said: Sequence[Decided], records: pl.DataFrame) -> Labels | None:
    """Labels and decisions as one; of one pair the decision counts. None where nobody said anything."""
    if not said:
        return known
    ids = zip(records["side"].to_list(), records["id"].to_list(), strict=True)
    at = {record: place for place, record in enumerate(ids)}
    pairs: dict[tuple[int, int], tuple[bool, bool]] = {}
    if known is not None:
        ends = zip(known.left.tolist(), known.right.tolist(), known.same.tolist(), known.asked.tolist(), strict=True)
        pairs |= {(left, right): (same, asked) for left, right, same, asked in ends}
    for one in said:
        ends_of = at.get((one.side, one.id)), at.get((one.other_side, one.other_id))
        if ends_of[0] is not None and ends_of[1] is not None and ends_of[0] != ends_of[1]:
            pairs[min(ends_of[0], ends_of[1]), max(ends_of[0], ends_of[1])] = one.same, one.asked
    if not pairs:
        return None
    left, right = np.array(sorted(pairs), np.int64).T
    same, asked = np.array([pairs[pair] for pair in sorted(pairs)], bool).T
    return Labels(left, right, same, asked)


def told(known: Labels | None, records: pl.DataFrame) -> list[Decided]:
    """Answers by the names of their records, for another run."""
    if known is None:
        return []
    side, ids = records["side"].to_list(), records["id"].to_list()
    rows = zip(known.left.tolist(), known.right.tolist(), known.same.tolist(), known.asked.tolist(), strict=True)
    return [Decided(side[one], ids[one], side[other], ids[other], same, asked) for one, other, same, asked in rows]


def obeyed(decision: Decisions, pairs: Pairs, known: Labels | None) -> Decisions:
    """Decisions of a run after the word of people: what was decided is not asked again."""
    if known is None:
        return decision
    place = places(pairs, known)
    there = place >= 0
    found = decision.copy()
    found[place[there]] = np.where(known.same[there], MATCH, NO)
    return found
