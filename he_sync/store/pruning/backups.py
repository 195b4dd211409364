"""Backups over the number that is kept: the oldest go, each whole; those that are damaged are a person's to look at."""

from __future__ import annotations

import shutil
from pathlib import Path

from he_sync.store.backup.making import PART, alone, listing
from he_sync.store.pruning.retention import Retention


def prune(folder: Path, keep: Retention, *, dry: bool = False) -> dict[str, int]:
    """How many went. Hidden first, so that one which is half gone is none, and the next backup clears it away."""
    over = listing(folder)[: -keep.backups]
    if over and not dry:
        with alone(folder):
            for one in over:
                part = folder / f".{one.name}{PART}"
                (folder / one.name).rename(part)
                shutil.rmtree(part)
    return {"backups": len(over)}
