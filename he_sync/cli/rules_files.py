"""What the verbs of rules read: CSV and Parquet files, a folder of them, or the canonical frames of an installation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import polars as pl

from he_sync.match.reading import table
from he_sync.model.errors import FixInput
from he_sync.quality.rules.breaking import Frames
from he_sync.quality.rules.typed import Cell, typed

TABLES = (".csv", ".parquet", ".pq", ".txt")


@dataclass(frozen=True)
class Given:
    """Frames by entity, and cells that are not what their columns are, by entity."""

    frames: Frames = field(default_factory=dict)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def given(sources: Sequence[Path], encoding: str) -> Given:
    """An entity is called like its file. Raises FixInput for what is no table, and for two of one name."""
    found = Given()
    for source in sources:
        for entity, name, read in _tables(source, encoding):
            if entity in found.frames:
                raise FixInput(f"{name}: {entity} was read from {found.files[entity]} already; rename one of them")
            frame, cells = typed(read)
            if not len(frame.columns) or not len(frame):
                raise FixInput(f"{name}: has no rows; rules are found in rows")
            found.frames[entity], found.cells[entity], found.files[entity] = frame, cells, name
    return found


def _tables(source: Path, encoding: str) -> Iterator[tuple[str, str, pl.DataFrame]]:
    if canonical := next((one for one in (source / "lake/canonical", source / "canonical") if one.is_dir()), None):
        yield from _canonical(canonical)
        return
    files = sorted(one for one in source.iterdir() if one.suffix.lower() in TABLES) if source.is_dir() else [source]
    if not files:
        raise FixInput(f"{source}: holds no CSV or Parquet file and no canonical frames")
    for file in files:
        yield file.stem, str(file), table(file, encoding)


def _canonical(folder: Path) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Every date of each entity, one after the other: the newest snapshot of a date counts."""
    from he_sync.store.lake import Lake  # noqa: PLC0415 - files alone need no lake

    lake = Lake(folder.parent)
    for entity in sorted(one for one in folder.iterdir() if one.is_dir()):
        days = sorted(one.name for one in entity.iterdir() if (one / "current.json").is_file())
        frames = [lake.read("canonical", entity.name, day) for day in days]
        rows = pd.concat([one for one in frames if len(one)] or frames[:1], ignore_index=True) if frames else None
        if rows is not None and len(rows):
            yield entity.name, str(entity), pl.from_pandas(rows)


def key_of(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """The column by which people call a row: the first key among them, else none."""
    return next((one for one in columns if one in frame.columns), "")
