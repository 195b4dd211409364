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

SUMMARY = "summary.json"


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into, which takes its place at the end; after any error nothing is left.

    An earlier output is replaced at that moment. Raises FixInput where something else stands in the place.
    """
    if out.exists() and not _replaceable(out):
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


def _replaceable(out: Path) -> bool:
    return out.is_dir() and ((out / SUMMARY).is_file() or not any(out.iterdir()))


def write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    """Write `summary.json`, keys in the order given."""
    text = json.dumps(summary, indent=1, default=str)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
