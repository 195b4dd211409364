"""The naive way: every page into one list, the list into a DataFrame, the DataFrame into Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from tests.bench.peer_loop import Run, pages


@contextmanager
def to_parquet(entity: str) -> Iterator[Run]:
    """All rows in memory, once as documents and once as a frame."""
    target = Path(os.environ["HE_HOME"]) / "peer.parquet"

    def run() -> dict[str, Any]:
        rows = [row for page in pages(entity) for row in page]
        frame = pd.DataFrame(rows)
        for column in frame.columns:
            if frame[column].map(lambda value: isinstance(value, dict | list)).any():
                frame[column] = frame[column].map(json.dumps)  # Parquet has no empty struct, and `custom` is one
        frame.to_parquet(target)
        return {"rows": len(rows), "bytes": target.stat().st_size}

    yield run
