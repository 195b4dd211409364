"""Standardising with pandas' `.str`, as a work for `measured`; apart, so that our own runs need not hold pandas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from tests.bench import peer_pandas
from tests.bench.customer_runs import SIDES
from tests.bench.pulling import Run


@contextmanager
def pandas_standard(folder: str) -> Iterator[Run]:
    """The records of both sides."""
    frames = [pd.read_csv(Path(folder) / f"{side}.csv", dtype=str, keep_default_na=False) for side in SIDES]
    records = pd.concat(frames, ignore_index=True)
    yield lambda: {"rows": len(peer_pandas.standardised(records))}
