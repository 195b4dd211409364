"""Small tables between numpy, DuckDB and Parquet: whole numbers only, so that nothing is rounded or guessed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from he_sync.reconcile.chain.keys import AnyInts
from he_sync.reconcile.chain.write import as_ints

Frame = dict[str, NDArray[Any]]
"""Columns of equal length, whole numbers of 64 bits; those read by `read_narrow` of 32 where that is enough."""


def as_arrow(frame: Frame) -> pa.Table:
    """The same memory as an Arrow table. `pa.array` would import pandas: 0.4 s of start-up."""
    return pa.Table.from_arrays([as_ints(one) for one in frame.values()], names=list(frame))


def show(connection: duckdb.DuckDBPyConnection, name: str, frame: Frame) -> None:
    """Make the frame a view of the connection, on the memory where it lies; its cursors do not see it."""
    connection.register(name, as_arrow(frame))


def fetch(run: Callable[..., duckdb.DuckDBPyConnection], query: str, given: Sequence[object] = ()) -> Frame:
    """The result of a query of whole numbers; `run` is a connection's `execute`."""
    found = run(query, given).fetchnumpy()
    return {name: np.asarray(column).astype(np.int64) for name, column in found.items()}


def write(path: Path, frame: Frame) -> None:
    """Write the frame as it lies in memory, columns of small numbers in half the room, so that reading is mapping."""
    columns = [_narrow(one) for one in frame.values()]
    table = pa.Table.from_arrays([as_ints(one) for one in columns], names=list(frame))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _narrow(column: AnyInts) -> AnyInts:
    if column.dtype == np.int32:
        return column
    limit = np.iinfo(np.int32)
    fits = not len(column) or (int(column.min()) >= limit.min and int(column.max()) <= limit.max)
    return column.astype(np.int32) if fits else column


def read(path: Path) -> Frame:
    """Map it into memory again."""
    return {name: column.astype(np.int64, copy=False) for name, column in read_narrow(path).items()}


def read_narrow(path: Path) -> Frame:
    """The same without a copy, columns of small numbers in half the room: to compare, to choose from and to keep."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    if not len(table):
        return {name: np.empty(0, np.int32) for name in table.column_names}
    return {name: _values(table.column(name).chunk(0)) for name in table.column_names}


def as_numbers(array: pa.Array) -> NDArray[np.int64]:
    """Whole numbers without nulls. Arrow's own way to numpy would import pandas: 0.4 s of start-up."""
    return _values(array).astype(np.int64, copy=False)


def _values(array: pa.Array) -> AnyInts:
    kind = np.dtype(f"i{array.type.bit_width // 8}")
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)


def link(old: Path, new: Path) -> None:
    """The same file at another place: what is written here is never changed, only replaced."""
    try:
        new.hardlink_to(old)
    except OSError:  # another file system, or one without links
        shutil.copyfile(old, new)


def merged(frame: Frame, without: AnyInts, more: Frame, key: str = "id") -> Frame:
    """The frame, in the order of its key, less the rows with some keys, plus more rows; as narrow as it was."""
    at = np.searchsorted(frame[key], without)
    inside = at < len(frame[key])
    hit = at[inside][frame[key][at[inside]] == without[inside]]
    first = min(
        int(hit.min(initial=len(frame[key]))),
        int(np.searchsorted(frame[key], more[key].min())) if len(more[key]) else len(frame[key]),
    )  # all rows before it stay where they are: of 500,000 a night moves the last few thousand
    tail = {
        name: np.concatenate((np.delete(column[first:], hit - first), _narrow(more[name])))
        for name, column in frame.items()
    }
    order = np.argsort(tail[key], kind="stable")
    return {name: np.concatenate((column[:first], tail[name][order])) for name, column in frame.items()}
