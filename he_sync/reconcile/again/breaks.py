"""Breaks between runs: written as they were found, with day and identity, and read again as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from he_sync.reconcile.chain.found import Break
from he_sync.reconcile.chain.write import as_ints, as_repeated, as_texts

NAMES = [one.name for one in fields(Break)]
TEXTS = ("table", "kind", "evidence", "identity")


def write(path: Path, breaks: list[Break]) -> None:
    """Write all fields."""
    from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that a run without folders need not pay

    arrays = [_array(name, list(map(attrgetter(name), breaks))) for name in NAMES]
    parquet.write_table(pa.Table.from_arrays(arrays, names=NAMES), path, compression="zstd", compression_level=1)


def _array(name: str, values: list[Any]) -> pa.Array:
    """A column. `pa.array` would import pandas: 0.4 s of start-up."""
    if name in TEXTS:
        return as_texts(values) if name == "evidence" else as_repeated(values)
    if name == "confidence":
        return pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(np.array(values, np.float64))])
    return as_ints(np.array(values, np.int64))


def read(path: Path) -> list[Break]:
    """Read them again."""
    from pyarrow import parquet  # noqa: PLC0415 - same

    table = parquet.ParquetFile(path).read()
    return [Break(*row) for row in zip(*(table.column(name).to_pylist() for name in NAMES), strict=True)]


def replaced(breaks: Iterable[Break], minus: Iterable[Break], plus: Iterable[Break]) -> list[Break]:
    """The breaks less some, each once, and with others."""
    gone = Counter(minus)
    result = []
    for one in breaks:
        if gone[one]:
            gone[one] -= 1
        else:
            result.append(one)
    return [*result, *plus]
