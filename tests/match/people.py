"""Records in a few words, and files of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from he_sync.match.reading import GIVEN


def records(*rows: dict[str, str], prefix: str = "A") -> pl.DataFrame:
    """A frame of records; what a row does not say is empty, ids are made up where none is given."""
    full = [dict.fromkeys(GIVEN, "") | {"id": f"{prefix}{place:04d}"} | row for place, row in enumerate(rows)]
    return pl.DataFrame(full, schema=list(GIVEN))


def written(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    path = folder / name
    frame.write_csv(path)
    return path
