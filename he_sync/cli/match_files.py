"""What `he-sync match customers` wrote, with the files that it read, for the master."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from he_sync.cli.columns import chosen_columns
from he_sync.flows.customer_matching import taking
from he_sync.match.reading import customers
from he_sync.model.errors import FixInput
from he_sync.store.master import Found


def found_in(folder: Path, files: Sequence[Path], sides: Sequence[str], columns: Sequence[str], encoding: str) -> Found:
    """A run's clusters, households and review pairs with the records of its files.

    Raises FixInput where the folder is not complete, or is not of these files.
    """
    if len(files) > len(sides):
        raise FixInput(f"--sides names {len(sides)} systems for {len(files)} files")
    taking.kind_of(folder)  # before the files are read: they may be large
    records = [
        taking.source(side, row)
        for path, side in zip(files, sides, strict=False)
        for row in customers(path, chosen_columns(columns), encoding).iter_rows(named=True)
    ]
    return taking.found_in(folder, records, sides)
