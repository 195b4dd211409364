"""Small tables between numpy, DuckDB and Parquet: whole numbers only, so that nothing is rounded or guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
    """Make the frame a table of the connection."""
    connection.register("shown", as_arrow(frame))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM shown")
    connection.unregister("shown")


def fetch(run: Callable[..., duckdb.DuckDBPyConnection], query: str, given: Sequence[object] = ()) -> Frame:
    """The result of a query of whole numbers; `run` is a connection's `execute`."""
    found = run(query, given).fetchnumpy()
    return {name: np.asarray(column).astype(np.int64) for name, column in found.items()}


def write(path: Path, frame: Frame) -> None:
    """Write the frame as it lies in memory, so that reading it is mapping it."""
    table = as_arrow(frame)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def read(path: Path) -> Frame:
    """Map it into memory again."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return {name: _mapped(table.column(name), len(table)) for name in table.column_names}


def _mapped(column: pa.ChunkedArray, rows: int) -> NDArray[np.int64]:
    """The one chunk that was written. Arrow's own way to numpy would import pandas: 0.4 s of start-up."""
    if not rows:
        return np.empty(0, np.int64)
    (chunk,) = column.chunks
    return np.frombuffer(chunk.buffers()[1], np.int64, rows, chunk.offset * 8)


def merged(frame: Frame, without: NDArray[np.int64], more: Frame, key: str = "id") -> Frame:
    """The frame less the rows with some keys, plus more rows, in the order of the key."""
    stay = ~np.isin(frame[key], without)
    joined = {name: np.concatenate((column[stay], more[name])) for name, column in frame.items()}
    order = np.argsort(joined[key], kind="stable")
    return {name: column[order] for name, column in joined.items()}
