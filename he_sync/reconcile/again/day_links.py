"""Links as one Parquet file a day, the day of the payment, line or bank line that each link is of.

What a night does not touch stays the same file. Inside a file the order is that of a whole one: relation, left, right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.tables import Frame, as_numbers
from he_sync.reconcile.chain.found import RELATIONS, Block
from he_sync.reconcile.chain.keys import AnyInts, Ints, by_digits, find
from he_sync.reconcile.chain.write import DICTIONARY_SCHEMA, OPTIONS, ROW_GROUP, table_of

Kind = tuple[str, str, str]  # stage, rule, strength
RUNS = 64  # more are sorted faster than merged
ROW = ("left", "right", "kind", "others")


@dataclass
class DayLinks:
    """Gathers links by relation with the day of each, and writes or changes the files of days."""

    dated: dict[str, tuple[str, AnyInts, AnyInts]] = field(default_factory=dict)
    """By relation: the side whose day counts, the ids of its table in their order, and their days since 1970."""
    kinds: list[Kind] = field(default_factory=list)
    writers: dict[int, parquet.ParquetWriter] = field(default_factory=dict)
    path: Path = Path()
    kept: dict[str, Frame] = field(default_factory=dict)

    def write(self, relation: str, blocks: list[Block]) -> None:
        """Write a relation whole, as `LinkWriter` does; relations come in the order of RELATIONS."""
        frame = self.frame(relation, blocks)
        days, starts = np.unique(frame["day"], return_index=True)
        ends = [*starts[1:], len(frame["day"])][: len(days)]
        for day, start, end in zip(days.tolist(), starts.tolist(), ends, strict=True):
            part = {name: frame[name][start:end] for name in ROW}
            self._writer(day).write_table(self._table(relation, part), row_group_size=ROW_GROUP)

    def close(self) -> None:
        """Finish the files."""
        for one in self.writers.values():
            one.close()

    def frame(self, relation: str, blocks: Iterable[Block]) -> Frame:
        """Columns day, left, right, kind (place in `kinds`) and others, sorted."""
        some = list(blocks)
        left, right = (
            np.concatenate([getattr(block, side) for block in some] or [np.empty(0, np.int64)])
            for side in ("left", "right")
        )
        kinds = np.array([self.kind(block) for block in some], np.int32)  # half the room, and it is all cleared first
        kind = np.repeat(kinds, [len(block.left) for block in some])
        others = np.concatenate(
            [np.broadcast_to(np.asarray(block.alternatives, np.int32), block.left.shape) for block in some]
            or [np.empty(0, np.int32)]
        )
        side, ids, days = self.dated[relation]
        day = days[np.searchsorted(ids, left if side == "left" else right)].astype(np.int32) if len(left) else kind
        frame = {"day": day, "left": left, "right": right, "kind": kind, "others": others}
        return self.ordered(frame)

    def kind(self, block: Block) -> int:
        """The place of a block's stage, rule and strength."""
        return self.kind_of((block.stage, block.rule, block.strength))

    def kind_of(self, found: Kind) -> int:
        """The place of a block's stage, rule and strength."""
        if found not in self.kinds:
            self.kinds.append(found)
        return self.kinds.index(found)

    def change(self, before: Path, minus: Mapping[str, Frame], plus: Mapping[str, Frame]) -> None:
        """Link the files of an earlier run that stay as they are; write the others, less some rows and with others."""
        days = {int(day) for frames in (minus, plus) for one in frames.values() for day in np.unique(one["day"])}
        for path in sorted(before.glob("*.parquet")):
            if _day(path) not in days:
                tables.link(path, self._path(_day(path)))
        for day in sorted(days):
            old = before / self._path(day).name
            frames = self._read(old) if old.is_file() else {}
            for relation in RELATIONS:
                parts = [frames.get(relation), *(_of_day(some.get(relation), day) for some in (minus, plus))]
                frame = _changed(relation, *parts)
                if any(part is not None and len(part["left"]) for part in parts[1:]):
                    frame = self.ordered(frame)
                if len(frame["left"]):
                    self._writer(day).write_table(self._table(relation, frame), row_group_size=ROW_GROUP)

    def _read(self, path: Path) -> dict[str, Frame]:
        """The frames of one file."""
        names = ["rel", "stage", "rule", "strength"]
        table = parquet.ParquetFile(path, read_dictionary=names).read(use_threads=False).combine_chunks()
        codes = [table.column(name).combine_chunks() for name in names]
        values = [one.dictionary.to_pylist() for one in codes]
        rel, *place = (as_numbers(one.indices) for one in codes)
        sizes = [len(some) for some in values[1:]]
        which = np.ravel_multi_index(place, sizes)
        kind_of = np.zeros(int(np.prod(sizes)), np.int64)
        for at in np.flatnonzero(np.bincount(which, minlength=len(kind_of))).tolist():
            stage, rule, strength = (
                str(some[int(i)]) for some, i in zip(values[1:], np.unravel_index(at, sizes), strict=True)
            )
            kind_of[at] = self.kind_of((stage, rule, strength))
        columns = {
            "left": as_numbers(table.column("left_id").combine_chunks()),
            "right": as_numbers(table.column("right_id").combine_chunks()),
            "kind": kind_of[which],
            "others": as_numbers(table.column("alternatives").combine_chunks()),
        }
        starts = np.flatnonzero(np.diff(rel, prepend=-1)).tolist()  # relations follow each other
        return {
            values[0][int(rel[start])]: {name: one[start:end] for name, one in columns.items()}
            for start, end in zip(starts, [*starts[1:], len(rel)], strict=True)
        }

    def _table(self, relation: str, frame: Frame) -> Any:
        here = np.bincount(frame["kind"], minlength=len(self.kinds)) > 0
        kinds = [self.kinds[place] for place in np.flatnonzero(here).tolist()]
        code = (np.cumsum(here) - 1)[frame["kind"]]
        return table_of(relation, kinds, frame["left"], frame["right"], code, frame["others"])

    def ordered(self, frame: Frame) -> Frame:
        """By day, left and right, at last by rule; columns that are sorted already cost little."""
        left, order = frame["left"], None
        if not _ascends(left):
            order = _by_id(left)
            left = left[order]
        if not _ascends(left):  # a record with several links
            rank = np.array([sorted(self.kinds).index(one) for one in self.kinds], np.int64)[frame["kind"]]
            order = np.lexsort((frame["others"], rank, frame["right"], frame["left"]))
        if "day" in frame and len(left):
            day = frame["day"] if order is None else frame["day"][order]
            if not bool(np.all(day[1:] >= day[:-1])):
                days = day - int(day.min())
                small = np.int16 if int(days.max()) < 1 << 15 else np.int64  # of which numpy sorts by digits
                by_day = np.argsort(days.astype(small), kind="stable")
                order = by_day if order is None else order[by_day]
        return frame if order is None else {name: column[order] for name, column in frame.items()}

    def _path(self, day: int) -> Path:
        return self.path / f"{np.datetime64(day, 'D')}.parquet"

    def _writer(self, day: int) -> parquet.ParquetWriter:
        if day not in self.writers:
            self.writers[day] = parquet.ParquetWriter(self._path(day), DICTIONARY_SCHEMA, **OPTIONS)
        return self.writers[day]


def _ascends(ids: AnyInts) -> bool:
    return bool(np.all(ids[1:] > ids[:-1]))


def _by_id(ids: AnyInts) -> Ints:
    """The stable order: a few ascending runs are merged, others sorted by digits where they fit."""
    if np.count_nonzero(ids[1:] < ids[:-1]) > RUNS and int(ids.min()) >= 0 and int(ids.max()) < 1 << 32:
        return by_digits(ids.astype(np.uint32))
    return np.argsort(ids, kind="stable")


def _day(path: Path) -> int:
    return int(np.datetime64(path.stem, "D").astype(np.int64))


def _of_day(frame: Frame | None, day: int) -> Frame | None:
    if frame is None:
        return None
    start, stop = np.searchsorted(frame["day"], [day, day + 1])
    return {name: frame[name][start:stop] for name in ROW}


def _changed(relation: str, old: Frame | None, minus: Frame | None, plus: Frame | None) -> Frame:
    """The old rows, less some and with others. Raises LookupError where one to take off is not there."""
    parts = [one for one in (old, plus) if one is not None]
    if minus is not None and len(minus["left"]):
        left_over, missing = difference(old, minus) if old is not None else (minus, minus)
        if len(missing["left"]):
            raise LookupError(relation)
        parts = [left_over, *parts[1:]]
    if not parts:
        return {name: np.empty(0, np.int64) for name in ROW}
    return {name: np.concatenate([one[name] for one in parts]) for name in ROW}


def _without_equal(one: Frame, other: Frame) -> tuple[Frame, Frame]:
    """Less the rows that are the first of their `left` (or first column) on both sides and equal: of most frames all.

    What is left is little to sort; sorting all of 500,000 links took 0.3 s.
    """
    key = "left" if "left" in one else next(iter(one))
    if not len(one[key]) or not len(other[key]):
        return one, other
    there = find(other[key], one[key])
    first = find(one[key], one[key]) == np.arange(len(one[key]))
    mine = np.flatnonzero((there >= 0) & first)
    theirs = there[mine]
    same = np.logical_and.reduce([one[name][mine] == other[name][theirs] for name in one])
    stay, keep = np.ones(len(one[key]), bool), np.ones(len(other[key]), bool)
    stay[mine[same]], keep[theirs[same]] = False, False
    return {name: column[stay] for name, column in one.items()}, {name: column[keep] for name, column in other.items()}


def _apart(one: Frame, other: Frame) -> tuple[Frame, Frame]:
    """Less the rows at both ends that are equal row by row: a night's frames differ by the day that came."""
    for turn in (1, -1):
        shorter = min(len(next(iter(frame.values()))) for frame in (one, other))
        equal = np.ones(shorter, bool)
        for name in one:
            equal &= one[name][::turn][:shorter] == other[name][::turn][:shorter]
        first = shorter if equal.all() else int(np.argmin(equal))
        one, other = (
            {name: column[::turn][first:][::turn] for name, column in frame.items()} for frame in (one, other)
        )
    return one, other


def difference(one: Frame, other: Frame) -> tuple[Frame, Frame]:
    """The rows of each that the other has not, equal ones paired off; in the order of the columns."""
    one, other = _without_equal(*_apart(one, other))
    names = list(one)
    columns = [np.concatenate((one[name], other[name])) for name in names]
    side = np.repeat((0, 1), (len(one[names[0]]), len(other[names[0]])))
    order = np.lexsort((side, *reversed(columns)))
    if not len(order):
        return one, other
    new = np.ones(len(order), bool)
    new[1:] = np.logical_or.reduce([column[order][1:] != column[order][:-1] for column in columns])
    group = np.cumsum(new) - 1
    of_one = np.bincount(group[side[order] == 0], minlength=group[-1] + 1)
    of_other = np.bincount(group[side[order] == 1], minlength=group[-1] + 1)
    starts = np.flatnonzero(new)
    rank = np.arange(len(order)) - starts[group]
    first = (side[order] == 0) & (rank < (of_one - of_other)[group])
    second = (side[order] == 1) & (rank - of_one[group] < (of_other - of_one)[group])
    return tuple(
        {name: column[order[keep]] for name, column in zip(names, columns, strict=True)} for keep in (first, second)
    )  # type: ignore[return-value]
