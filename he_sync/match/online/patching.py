"""CSV results of a run that joined another one: rows that nothing touched are copied from its files byte by byte.

Where a file is no CSV, is not as the run of the index wrote it, or has other lines than rows (a text may hold a line
end), the table is written whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from he_sync.match.codes import Bools, Ints, taken
from he_sync.match.columns import columns_of
from he_sync.match.decide import settled
from he_sync.match.golden import golden
from he_sync.match.online.change import Change
from he_sync.match.online.keeping import Joined
from he_sync.match.online.stored import stamped
from he_sync.match.run import CUSTOMER
from he_sync.match.writing import SIDES, WORTH, lines_of, pair_rows

LINE = 10
BLOCK = 1 << 24
"""Bytes looked through for line ends at a time."""


class Rows(NamedTuple):
    """A table as it is now: which rows of the old one stay, and new ones with the number of kept rows before each."""

    stay: Bools
    at: Ints
    fresh: Callable[[], Iterator[pl.DataFrame]]


def patched(outcome: Joined, earlier: Path, folder: Path) -> set[str]:
    """Write what can be patched as `.NAME.csv.part` into the folder; returns the tables that are there."""
    own = stamped(earlier)
    if not own:
        return set()
    return {
        name
        for name, rows in _tables(outcome)
        if f"{name}.csv" in own and _patch(earlier / f"{name}.csv", folder / f".{name}.csv.part", rows)
    }


def _tables(outcome: Joined) -> Iterator[tuple[str, Rows]]:
    change, found = outcome.change, outcome.found
    if change is None or found is None:
        return
    some, gone = found.touched, change.now < 0
    torn = np.where(gone, True, some[change.now])
    if outcome.scores.correction is None:
        yield from _pairs(outcome, change, some, torn)
    yield "clusters", _of_records(outcome, some, torn, ("C-",))
    home = some | (change.renamed(change.before.household) != outcome.household)
    yield "households", _of_records(outcome, home, np.where(gone, True, home[change.now]), ("H-", "C-"))
    yield "golden", _golden(outcome, change, some, torn)


def _of_records(outcome: Joined, some: Bools, torn: Bools, groups: tuple[str, ...]) -> Rows:
    """A row a record, with the names of its groups."""
    place = np.flatnonzero(some)

    def fresh() -> Iterator[pl.DataFrame]:
        ids = outcome.records[place].select("id", pl.Series("side", SIDES).gather(outcome.table.side[place]))
        named = {"C-": (outcome.cluster, "cluster_id"), "H-": (outcome.household, "household_id")}
        columns = [(outcome.names(named[prefix][0][place], prefix), named[prefix][1]) for prefix in groups]
        yield ids.with_columns(names.alias(column) for names, column in columns)

    return Rows(~torn, place - np.arange(len(place)), fresh)


def _golden(outcome: Joined, change: Change, some: Bools, torn: Bools) -> Rows:
    lead, old = (np.flatnonzero(np.bincount(one)) for one in (outcome.cluster, change.before.cluster))
    at, place = np.flatnonzero(some[lead]), np.flatnonzero(some)

    def fresh() -> Iterator[pl.DataFrame]:
        standard = columns_of([change.standard(place)])
        own = np.searchsorted(place, outcome.cluster[place])
        return golden(outcome.records[place], standard, own, outcome.names(place, CUSTOMER))

    return Rows(~torn[old], at - np.arange(len(at)), fresh)


def _pairs(outcome: Joined, change: Change, some: Bools, torn: Bools) -> Iterator[tuple[str, Rows]]:
    before, pairs = change.before, outcome.scores.pairs
    together = taken(before.cluster, before.left) == taken(before.cluster, before.right)
    was = np.flatnonzero(settled(before.probability, together) >= WORTH)
    now = np.flatnonzero(outcome.score >= WORTH)
    side = before.records["side"].to_numpy()
    left, right = before.left[was], before.right[was]
    stays, across = ~(torn[left] | torn[right]), side[left] != side[right]
    ends = pairs.left[now], pairs.right[now]
    fresh, over = some[ends[0]] | some[ends[1]], change.side[ends[0]] != change.side[ends[1]]
    lines = lines_of(outcome, now[fresh])
    kinds = {"pairs": (across, over), "duplicates": (~across, ~over)}
    for name, (then, here) in kinds.items() if outcome.linked else [("pairs", (across | True, over | True))]:
        mine = np.flatnonzero(fresh[here])
        take, sides = now[here][mine], pl.Series("side", SIDES) if name == "duplicates" else None

        def rows(take: Ints = take, sides: pl.Series | None = sides) -> Iterator[pl.DataFrame]:
            return pair_rows(outcome, take, lines, sides)

        yield name, Rows(stays[then], mine - np.arange(len(mine)), rows)


def _patch(old: Path, new: Path, rows: Rows) -> bool:
    data = np.memmap(old, np.uint8, "r")
    ends = np.concatenate(
        [[0], *(at + 1 + np.flatnonzero(data[at : at + BLOCK] == LINE) for at in range(0, len(data), BLOCK))]
    )
    if len(ends) != len(rows.stay) + 2 or ends[-1] != len(data):
        return False
    fresh = [line for part in rows.fresh() for line in _lines(part)]
    with new.open("wb") as out:
        out.write(data[: ends[1]].data)
        for start, end, row in _runs(rows):
            out.write(data[ends[start + 1] : ends[end + 1]].data)
            out.write(fresh[row] if row < len(fresh) else b"")
    return True


def _runs(rows: Rows) -> Iterator[tuple[int, int, int]]:
    """Old rows from and to that are copied, and the new row behind them."""
    kept = np.flatnonzero(rows.stay)
    breaks = np.flatnonzero(np.diff(kept) > 1) + 1
    nothing = len(rows.at)
    cut = np.r_[rows.at, breaks, len(kept)]
    row = np.r_[np.arange(nothing), np.full(len(breaks) + 1, nothing)]
    order = np.lexsort((row, cut))
    start = 0
    for place, which in zip(cut[order].tolist(), row[order].tolist(), strict=True):
        first, last = (int(kept[start]), int(kept[place - 1]) + 1) if place > start else (0, 0)
        yield first, last, which
        start = max(start, place)


def _lines(part: pl.DataFrame) -> list[bytes]:
    """A CSV's rows, each with its end."""
    text = part.write_csv(include_header=False).encode()
    lines = text.splitlines(keepends=True) if text.count(b"\n") == len(part) and b"\r" not in text else None
    return lines or [row.write_csv(include_header=False).encode() for row in part.iter_slices(1)]
