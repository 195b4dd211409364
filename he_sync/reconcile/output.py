"""An output folder that is there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput
from he_sync.reconcile.given.files import quoted

SUMMARY = "summary.json"
LINKS = {
    "rel": "VARCHAR",
    "left_id": "BIGINT",
    "right_id": "BIGINT",
    "stage": "VARCHAR",
    "rule": "VARCHAR",
    "strength": "VARCHAR",
    "alternatives": "INTEGER",
}
BREAKS = {
    "table": "VARCHAR",
    "record_id": "BIGINT",
    "break_class": "VARCHAR",
    "related_id": "BIGINT",
    "delta_cents": "BIGINT",
    "confidence": "DOUBLE",
    "evidence": "VARCHAR",
    "age_days": "INTEGER",
    "next_action": "VARCHAR",
}
"""Columns and types of what is written; a CSV without a row has no types of its own."""


@contextmanager
def new_folder(out: Path, mark: str = SUMMARY) -> Iterator[Path]:
    """A folder beside `out` to write into, which takes its place at the end; after any error nothing is left.

    An earlier output, which holds a file called `mark`, is replaced at that moment. Raises FixInput where something
    else stands in the place.
    """
    if out.exists() and not _replaceable(out, mark):
        raise FixInput(f"{out}: is there and is no output of he-sync; name another folder")
    nearest = next(one for one in out.absolute().parents if one.is_dir())
    part = nearest / f".{out.name}.{os.getpid()}.part"
    part.mkdir()
    try:
        yield part
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists():
            old = part.with_suffix(".old")
            out.rename(old)
            part.rename(out)
            shutil.rmtree(old)
        else:
            part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _replaceable(out: Path, mark: str) -> bool:
    return out.is_dir() and ((out / mark).is_file() or not any(out.iterdir()))


def write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    """Write `summary.json`, keys in the order given."""
    text = json.dumps(summary, indent=1, default=str)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def reader(path: Path, columns: Mapping[str, str]) -> str:
    """What to put after FROM to read a file of ours again, or a folder of files by day."""
    if path.with_suffix("").is_dir():
        return f"read_parquet({quoted(path.with_suffix('') / '*.parquet')})"
    if path.suffix == ".parquet":
        return f"read_parquet({quoted(path)})"
    types = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
    how = "header = true, auto_detect = false, delim = ',', quote = '\"'"
    return f"read_csv({quoted(path)}, {how}, columns = {{{types}}})"
