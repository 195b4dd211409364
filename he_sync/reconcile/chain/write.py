"""Links and breaks in one fixed order, as Parquet or CSV. The same findings give the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from he_sync.reconcile.chain.found import ACTIONS, RELATIONS, Block, Break
from he_sync.reconcile.chain.keys import AnyInts, Ints
from he_sync.reconcile.chain.outcome import BREAK_COLUMNS, LINK_COLUMNS

ROW_GROUP = 1 << 18
LINK_SCHEMA = pa.schema(
    [
        ("rel", pa.string()),
        ("left_id", pa.int64()),
        ("right_id", pa.int64()),
        ("stage", pa.string()),
        ("rule", pa.string()),
        ("strength", pa.string()),
        ("alternatives", pa.int32()),
    ]
)
DICTIONARY_SCHEMA = pa.schema(
    [
        (field.name, pa.dictionary(pa.int32(), pa.string()) if field.type == pa.string() else field.type)
        for field in LINK_SCHEMA
    ]
)
OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": ["rel", "stage", "rule", "strength", "alternatives"],
    "column_encoding": {"left_id": "DELTA_BINARY_PACKED", "right_id": "DELTA_BINARY_PACKED"},
    "write_statistics": ["rel", "left_id"],
    "store_schema": False,  # readers see plain texts, not this writer's dictionaries
}
"""How links are written as Parquet."""
BREAK_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("record_id", pa.int64()),
        ("break_class", pa.string()),
        ("related_id", pa.int64()),
        ("delta_cents", pa.int64()),
        ("confidence", pa.float64()),
        ("evidence", pa.string()),
        ("age_days", pa.int32()),
        ("next_action", pa.string()),
    ]
)


class InTurn:
    """Gives relations on in the order of RELATIONS, whichever is complete first; from any thread, one at a time."""

    def __init__(self, give: Callable[[str, list[Block]], None]) -> None:
        self._give, self._lock = give, Lock()
        self._early: dict[str, list[Block]] = {}
        self._turn = 0

    def take(self, relation: str, blocks: list[Block]) -> None:
        """Take a complete relation; it waits for those before it."""
        with self._lock:
            self._early[relation] = blocks
            while self._turn < len(RELATIONS) and RELATIONS[self._turn] in self._early:
                name = RELATIONS[self._turn]
                self._give(name, self._early.pop(name))
                self._turn += 1


class LinkWriter:
    """Writes relations one after the other, beside the stages that find the next ones."""

    def __init__(self, path: Path | None) -> None:
        """`path` None writes nothing."""
        self._path, self._parquet, self._csv = path, None, None
        self._aside, self._begun = ThreadPoolExecutor(1), list[Future[None]]()
        self._in_turn = InTurn(self._begin)
        self._file: TextIO | None = None
        if path is None:
            return
        if path.suffix == ".csv":
            self._file = path.open("w", newline="", encoding="utf-8")
            self._csv = csv.writer(self._file, lineterminator="\n")
            self._csv.writerow(LINK_COLUMNS)
            return
        from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that CSV need not pay

        self._parquet = parquet.ParquetWriter(
            path,
            DICTIONARY_SCHEMA,
            **OPTIONS,
        )

    def write(self, relation: str, blocks: list[Block]) -> None:
        """Take a relation's links, to be written by left and right id in its turn. May be called from any thread."""
        self._in_turn.take(relation, blocks)

    def _begin(self, relation: str, blocks: list[Block]) -> None:
        self._begun.append(self._aside.submit(self._write, relation, blocks))

    def _write(self, relation: str, blocks: list[Block]) -> None:
        for table in _relation(relation, blocks) if self._path is not None else ():
            if self._csv is not None:
                self._csv.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
            elif self._parquet is not None:
                self._parquet.write_table(table, row_group_size=ROW_GROUP)

    def close(self) -> None:
        """Finish the file; raises what went wrong with it."""
        self._aside.shutdown()
        for one in (self._parquet, self._file):
            if one is not None:
                one.close()
        for written in self._begun:
            written.result()


def _relation(relation: str, blocks: list[Block]) -> Iterator[pa.Table]:
    """One relation, sorted, a row group at a time."""
    if not blocks:
        return
    kinds = sorted({(block.stage, block.rule, block.strength) for block in blocks})
    left = np.concatenate([block.left for block in blocks]).astype(np.int64, copy=False)
    order = _ranking(left, blocks)
    code = _laid(blocks, [kinds.index((block.stage, block.rule, block.strength)) for block in blocks], np.int32)
    others = _laid(blocks, [block.alternatives for block in blocks], np.int32)
    right = _laid(blocks, [block.right for block in blocks], np.int64)
    for start in range(0, len(left), ROW_GROUP):
        part = slice(start, start + ROW_GROUP) if order is None else order[start : start + ROW_GROUP]
        yield table_of(relation, kinds, left[part], *(_rows(column, part) for column in (right, code, others)))


def _laid(blocks: list[Block], values: Sequence[AnyInts | int], kind: type) -> NDArray[Any]:
    """A column of the blocks laid end to end; no memory where all have one number."""
    if isinstance(values[0], int) and all(isinstance(one, int) and one == values[0] for one in values):
        return np.broadcast_to(kind(values[0]), sum(len(block.left) for block in blocks))
    if len(blocks) == 1:
        return np.asarray(values[0], kind)
    parts = zip(blocks, values, strict=True)
    return np.concatenate([np.broadcast_to(np.asarray(one, kind), block.left.shape) for block, one in parts])


def _rows(column: NDArray[Any], part: slice | Ints) -> NDArray[Any]:
    """Some rows of a column."""
    if column.strides == (0,):  # one number
        return np.full(len(column[part]) if isinstance(part, slice) else len(part), column[0], column.dtype)
    return column[part]


def table_of(  # noqa: PLR0913, PLR0917 - the columns of a link
    relation: str, kinds: list[tuple[str, str, str]], left: Ints, right: Ints, code: AnyInts, others: AnyInts
) -> pa.Table:
    """Links of one relation as they are written; `code` is the place of each one's stage, rule and strength."""
    stage, rule, strength = (_coded([one[place] for one in kinds], code) for place in range(3))
    rel = pa.DictionaryArray.from_arrays(as_ints(np.zeros(len(code), np.int32)), as_texts([relation]))
    columns = [rel, as_ints(left), as_ints(right), stage, rule, strength, as_ints(others.astype(np.int32, copy=False))]
    return pa.Table.from_arrays(columns, schema=DICTIONARY_SCHEMA)


def as_repeated(values: list[str]) -> pa.Array:
    """Texts of which there are few different ones."""
    distinct = sorted(set(values))
    place = {name: i for i, name in enumerate(distinct)}
    codes = np.array([place[value] for value in values], np.int32)
    return decoded(codes, distinct)


def _coded(names: list[str], code: AnyInts) -> pa.Array:
    """Texts by code; the dictionary names each text once, since a repeated one is not written the same way twice."""
    distinct = sorted(set(names))
    places = np.array([distinct.index(name) for name in names], np.int32)
    return pa.DictionaryArray.from_arrays(as_ints(places.take(code)), as_texts(distinct))


def _ranking(left: Ints, blocks: list[Block]) -> Ints | None:
    """The order by left and right id; None where the links stand in it already."""
    if len(blocks) == 1 and bool(np.all(left[1:] > left[:-1])):
        return None
    order = np.argsort(left, kind="stable")
    ranked = left[order]
    if bool(np.any(ranked[1:] == ranked[:-1])):
        right = np.concatenate([block.right for block in blocks])
        order = np.lexsort((right, left))
    return order


def as_ints(values: NDArray[Any]) -> pa.Array:
    """An Arrow array over the same memory. `pa.array` would import pandas: 0.4 s of start-up."""
    kind = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def as_texts(values: Sequence[str]) -> pa.Array:
    """An Arrow array of texts, made without pandas as well."""
    raw = [value.encode() for value in values]
    offsets = np.zeros(len(raw) + 1, np.int32)
    np.cumsum([len(one) for one in raw], out=offsets[1:])
    return pa.Array.from_buffers(pa.string(), len(raw), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))])


def decoded(codes: AnyInts, values: Sequence[str]) -> pa.Array:
    """The texts that `codes` are places of. Arrow's own way would load its functions: 0.05 s of start-up."""
    raw = [value.encode() for value in values]
    offsets = np.zeros(len(codes) + 1, np.int32)
    if len(codes):
        np.cumsum(np.array([len(one) for one in raw], np.int32)[codes], out=offsets[1:])
    data = b"".join(map(raw.__getitem__, codes.tolist()))
    return pa.Array.from_buffers(pa.string(), len(codes), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def ranking(one: Break) -> tuple[Any, ...]:
    """The order of breaks: table, record, class, then whatever tells two of them apart."""
    return (
        *(one.table, one.record, one.kind, one.related, one.delta, one.evidence),
        *(one.confidence, one.day, one.currency, one.identity),
    )


def write_breaks(breaks: list[Break], as_of: int, path: Path) -> None:
    """Breaks by table, record, class."""
    ranked = sorted(breaks, key=ranking)
    numbers: dict[str, NDArray[Any]] = {
        "record_id": np.array([one.record for one in ranked], np.int64),
        "related_id": np.array([one.related for one in ranked], np.int64),
        "delta_cents": np.array([one.delta for one in ranked], np.int64),
        "age_days": np.array([max(as_of - one.day, 0) for one in ranked], np.int32),
    }
    texts = {
        "table": [one.table for one in ranked],
        "break_class": [one.kind for one in ranked],
        "next_action": [ACTIONS.get(one.kind, "review") for one in ranked],
    }
    confidence = np.array([one.confidence for one in ranked], np.float64)
    columns = [
        as_ints(numbers[name])
        if name in numbers
        else as_repeated(texts[name])
        if name in texts
        else as_texts([one.evidence for one in ranked])
        if name == "evidence"
        else pa.Array.from_buffers(pa.float64(), len(confidence), [None, pa.py_buffer(confidence)])
        for name in BREAK_COLUMNS
    ]
    table = pa.Table.from_arrays(columns, schema=BREAK_SCHEMA)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(BREAK_COLUMNS)
            writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return
    from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that CSV need not pay

    parquet.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
