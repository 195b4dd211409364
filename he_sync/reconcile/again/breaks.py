"""Breaks between runs: written as they were found, with day and identity, and read again as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

import pyarrow as pa

from he_sync.reconcile.chain.found import Break

NAMES = [one.name for one in fields(Break)]
TYPES = {"table": pa.string(), "kind": pa.string(), "evidence": pa.string(), "identity": pa.string()}


def write(path: Path, breaks: list[Break]) -> None:
    """Write all fields."""
    from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that a run without folders need not pay

    columns = list(zip(*map(astuple, breaks), strict=True)) or [()] * len(NAMES)
    kinds = [TYPES.get(name, pa.float64() if name == "confidence" else pa.int64()) for name in NAMES]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    parquet.write_table(pa.Table.from_arrays(arrays, names=NAMES), path, compression="zstd", compression_level=1)


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
