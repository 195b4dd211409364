"""Breaks between runs, as columns in the order in which they are written, so that a night touches only some rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.found import ACTIONS, Break
from he_sync.reconcile.chain.keys import Floats, Ints, pack
from he_sync.reconcile.chain.outcome import BREAK_COLUMNS
from he_sync.reconcile.chain.write import BREAK_SCHEMA, ROW_GROUP, as_ints, as_texts, decoded, ranking

CODED = ("table", "kind", "identity")
NUMBERS = ("record", "related", "delta", "day", "currency")


@dataclass(frozen=True)
class Breaks:
    """Rows in the order of `ranking`: numbers as they are, `CODED` texts as places in the sorted `names`."""

    numbers: Frame
    confidence: Floats
    evidence: pa.Array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.confidence)

    @classmethod
    def of(cls, breaks: Iterable[Break]) -> Breaks:
        """From records in any order."""
        rows = sorted(breaks, key=ranking)
        texts = {name: list(map(attrgetter(name), rows)) for name in CODED}
        names = tuple(sorted({text for column in texts.values() for text in column}))
        place = {name: i for i, name in enumerate(names)}
        numbers = {name: np.array(list(map(attrgetter(name), rows)), np.int64) for name in NUMBERS}
        numbers |= {name: np.array([place[text] for text in column], np.int64) for name, column in texts.items()}
        confidence = np.array([one.confidence for one in rows], np.float64)
        return cls(numbers, confidence, as_texts([one.evidence for one in rows]), names)

    def row(self, at: int) -> Break:
        """One row as a record."""
        number = {name: int(column[at]) for name, column in self.numbers.items()}
        return Break(
            table=self.names[number["table"]],
            record=number["record"],
            kind=self.names[number["kind"]],
            related=number["related"],
            delta=number["delta"],
            confidence=float(self.confidence[at]),
            evidence=self.evidence[at].as_py(),
            day=number["day"],
            currency=number["currency"],
            identity=self.names[number["identity"]],
        )

    def coded(self, name: str, text: str) -> NDArray[np.bool_]:
        """Rows whose column has a text."""
        place = self.names.index(text) if text in self.names else -1
        return np.asarray(self.numbers[name] == place)

    def without(self, gone: Ints) -> Breaks:
        """Less some rows, by their places in ascending order."""
        if not len(gone):
            return self
        numbers = {name: np.delete(column, gone) for name, column in self.numbers.items()}
        starts, ends = np.append(0, gone + 1), np.append(gone, len(self))
        evidence = _joined(self.evidence.slice(a, b - a) for a, b in zip(starts.tolist(), ends.tolist(), strict=True))
        return Breaks(numbers, np.delete(self.confidence, gone), evidence, self.names)

    def changed(self, minus: Iterable[Break], plus: Iterable[Break]) -> Breaks:
        """Less some rows, each once, and with others. Raises LookupError where one to take off is not there."""
        less, more = Counter(minus), Counter(plus)
        gone = self._places((less - more).elements())
        return self.without(np.array(sorted(gone), np.int64)).joined(list((more - less).elements()))

    def _places(self, rows: Iterable[Break]) -> set[int]:
        """Where these rows are. Raises LookupError for one that is not there."""
        found: set[int] = set()
        some = list(rows)
        for one, (low, high) in zip(some, self._near(some), strict=True):
            place = next((at for at in range(low, high) if at not in found and self.row(at) == one), None)
            if place is None:
                raise LookupError(one)
            found.add(place)
        return found

    def _near(self, rows: list[Break]) -> list[tuple[int, int]]:
        """Of each row, the places of those of its table and record."""
        tables = np.array([one.table for one in rows], object)
        records = np.array([one.record for one in rows], np.int64)
        found = np.zeros((2, len(rows)), np.int64)
        for table in dict.fromkeys(tables.tolist()):
            here = tables == table
            before = sum(name < table for name in self.names)  # a table that is not there yet stands where it belongs
            first, last = np.searchsorted(self.numbers["table"], [before, before + (table in self.names)])
            part = self.numbers["record"][first:last]
            found[:, here] = [first + np.searchsorted(part, records[here], side) for side in ("left", "right")]
        return list(zip(*found.tolist(), strict=True))

    def joined(self, rows: list[Break]) -> Breaks:
        """With further rows in their places."""
        ranked = sorted(rows, key=ranking)
        new = Breaks.of(ranked)
        names = tuple(sorted({*self.names, *new.names}))
        at = [self._place(row, *near) for row, near in zip(ranked, self._near(ranked), strict=True)]
        numbers = {}
        for name, column in self.numbers.items():
            mine, theirs = column, new.numbers[name]
            if name in CODED:
                mine, theirs = (
                    np.array([names.index(text) for text in some.names], np.int64)[some.numbers[name]]
                    for some in (self, new)
                )
            numbers[name] = np.insert(mine, at, theirs)
        evidence = _joined(_woven(self.evidence, new.evidence, at))
        return Breaks(numbers, np.insert(self.confidence, at, new.confidence), evidence, names).shortened()

    def _place(self, row: Break, low: int, high: int) -> int:
        """Where a row belongs among those of its record."""
        return next((at for at in range(low, high) if ranking(self.row(at)) > ranking(row)), high)

    def shortened(self) -> Breaks:
        """With only the names that are used."""
        used = np.zeros(len(self.names), bool)
        for name in CODED:
            used[self.numbers[name]] = True
        place = np.cumsum(used) - 1
        numbers = self.numbers | {name: place[self.numbers[name]] for name in CODED}
        names = tuple(name for name, here in zip(self.names, used.tolist(), strict=True) if here)
        return Breaks(numbers, self.confidence, self.evidence, names)

    @cached_property
    def totals(self) -> tuple[dict[str, int], list[Break]]:
        """How many there are of each class, and a break for each class, identity and currency with all cents of it."""
        columns = [self.numbers[name] for name in ("kind", "identity", "currency")]
        (key,) = pack(*([one] for one in columns))
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        cents = np.zeros(len(first), np.int64)
        np.add.at(cents, place, self.numbers["delta"])
        groups = zip(*(one[first].tolist() for one in columns), cents.tolist(), strict=True)
        sums = [
            Break("", 0, self.names[kind], 0, delta, 1.0, "", 0, currency, self.names[identity])
            for kind, identity, currency, delta in groups
        ]
        counts = np.bincount(self.numbers["kind"], minlength=len(self.names)).tolist()
        return {name: count for name, count in zip(self.names, counts, strict=True) if count}, sums

    def keep(self, path: Path) -> None:
        """Write all of it for the next run."""
        columns = [
            *(as_ints(column) for column in self.numbers.values()),
            pa.Array.from_buffers(pa.float64(), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.confidence))]),
            self.evidence,
        ]
        table = pa.Table.from_arrays(columns, names=[*self.numbers, "confidence", "evidence"])
        table = table.replace_schema_metadata({"names": json.dumps(self.names)})
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)

    @classmethod
    def read(cls, path: Path) -> Breaks:
        """Map it into memory again."""
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        names = tuple(json.loads(table.schema.metadata[b"names"]))
        columns = {name: _joined(table.column(name).chunks) for name in (*NUMBERS, *CODED)} if len(table) else {}
        if not columns:
            return cls.of(())
        numbers = {name: np.frombuffer(one.buffers()[1], np.int64, len(table)) for name, one in columns.items()}
        (confidence,), (evidence,) = table.column("confidence").chunks, table.column("evidence").chunks
        return cls(numbers, np.frombuffer(confidence.buffers()[1], np.float64, len(table)), evidence, names)

    def write(self, as_of: int, path: Path) -> None:
        """Write them as `chain.write.write_breaks` does, to the byte."""
        from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that a run without folders need not pay

        actions = [ACTIONS.get(name, "review") for name in self.names]
        columns = {
            "table": self._texts("table", self.names),
            "record_id": as_ints(self.numbers["record"]),
            "break_class": self._texts("kind", self.names),
            "related_id": as_ints(self.numbers["related"]),
            "delta_cents": as_ints(self.numbers["delta"]),
            "confidence": pa.Array.from_buffers(
                pa.float64(), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.confidence))]
            ),
            "evidence": self.evidence,
            "age_days": as_ints(np.maximum(as_of - self.numbers["day"], 0).astype(np.int32)),
            "next_action": self._texts("kind", actions),
        }
        table = pa.Table.from_arrays([columns[name] for name in BREAK_COLUMNS], schema=BREAK_SCHEMA)
        parquet.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)

    def _texts(self, name: str, texts: Iterable[str]) -> pa.Array:
        return decoded(self.numbers[name], list(texts))


def _joined(parts: Iterable[pa.Array]) -> pa.Array:
    some = list(parts)
    return some[0] if len(some) == 1 else pa.concat_arrays(some)


def _woven(old: pa.Array, new: pa.Array, at: list[int]) -> Iterator[pa.Array]:
    """The old rows with each new one before the place it is to take; places ascend."""
    start = 0
    for i, place in enumerate(at):
        yield old.slice(start, place - start)
        yield new.slice(i, 1)
        start = place
    yield old.slice(start)
