"""Small tables between numpy, DuckDB and Parquet: whole numbers only, so that nothing is rounded or guessed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from he_sync.reconcile.chain.write import as_ints

Frame = dict[str, NDArray[np.int64]]
"""Columns of equal length."""


def as_arrow(frame: Frame) -> pa.Table:
    """The same memory as an Arrow table. `pa.array` would import pandas: 0.4 s of start-up."""
    columns = [
        pa.Array.from_buffers(pa.int64(), len(one), [None, pa.py_buffer(np.ascontiguousarray(one, np.int64))])
        for one in frame.values()
    ]
    return pa.Table.from_arrays(columns, names=list(frame))


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


def _narrow(column: NDArray[np.int64]) -> NDArray[np.integer]:
    limit = np.iinfo(np.int32)
    fits = not len(column) or (int(column.min()) >= limit.min and int(column.max()) <= limit.max)
    return column.astype(np.int32) if fits else column


def read(path: Path) -> Frame:
    """Map it into memory again."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    if not len(table):
        return {name: np.empty(0, np.int64) for name in table.column_names}
    return {name: as_numbers(table.column(name).chunk(0)) for name in table.column_names}


def as_numbers(array: pa.Array) -> NDArray[np.int64]:
    """Whole numbers without nulls. Arrow's own way to numpy would import pandas: 0.4 s of start-up."""
    kind = np.dtype(f"i{array.type.bit_width // 8}")
    values = np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)
    return values.astype(np.int64, copy=False)


def link(old: Path, new: Path) -> None:
    """The same file at another place: what is written here is never changed, only replaced."""
    try:
        new.hardlink_to(old)
    except OSError:  # another file system, or one without links
        shutil.copyfile(old, new)


def merged(frame: Frame, without: NDArray[np.int64], more: Frame, key: str = "id") -> Frame:
    """The frame, in the order of its key, less the rows with some keys, plus more rows."""
    stay = np.ones(len(frame[key]), bool)
    at = np.searchsorted(frame[key], without)
    inside = at < len(frame[key])
    hit = at[inside][frame[key][at[inside]] == without[inside]]
    stay[hit] = False
    joined = {name: np.concatenate((column[stay], more[name])) for name, column in frame.items()}
    if bool(np.all(joined[key][1:] >= joined[key][:-1])):
        return joined
    order = np.argsort(joined[key], kind="stable")
    return {name: column[order] for name, column in joined.items()}
