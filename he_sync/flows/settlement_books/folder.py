"""The folder itself: every relation as Parquet in its columns' types, and the terms; whole, or date by date."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from he_sync.flows.settlement_books import contract
from he_sync.flows.settlement_books.days import Days, Known
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.flows.settlement_books.tables import DAY_OF, table


def write_folder(source: Source, folder: Path, numbers: Numbers | None = None) -> Numbers:
    """Write each relation as one Parquet file, and the terms; `reconcile settlements` takes the folder as it is.

    `numbers` are those of an earlier folder, which are kept and counted on.
    """
    numbers = numbers or Numbers()
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)

    def take(name: str, _: str, rows: pd.DataFrame) -> str:
        parts[name].append(rows)
        return ""

    Days(source, numbers).write(take)
    for name in DAY_OF:
        rows = pd.concat(parts[name], ignore_index=True) if parts[name] else table(name, [])
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    _beside(source, folder, numbers)
    return numbers


def write_days(source: Source, folder: Path, files: Path, numbers: Numbers, before: Mapping[str, Known]) -> Days:
    """Write each relation as a folder of one file a date, on top of an earlier run: links into `files`.

    A file there is named by its date and content and never changes. A date that is made of the same as before is not
    opened, and its files are those of before: a run on the folder can tell by their times that they are not new.
    """

    def put(name: str, day: str, rows: pd.DataFrame) -> str:
        return _put(files / name, day, rows) if len(rows) else ""

    days = Days(source, numbers, before)
    known = days.write(put)
    for name in DAY_OF:
        named = {day: one.files[name] for day, one in known.items() if one.files.get(name)}
        if not named:
            table(name, []).to_parquet(folder / f"{name}.parquet", index=False)
            continue
        (folder / name).mkdir()
        for day, file in named.items():
            (folder / name / f"{day}.parquet").symlink_to(os.path.relpath(files / name / file, folder / name))
    _beside(source, folder, numbers)
    return days


def named_by(folder: Path) -> set[Path]:
    """The files that a folder of dates links to."""
    return {path.resolve() for path in folder.glob("*/*.parquet")}


def _put(folder: Path, day: str, rows: pd.DataFrame) -> str:
    """Write a file that nobody sees before it is whole; the same rows are the same file."""
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    content = buffer.getvalue()
    path = folder / f"{day}-{hashlib.sha256(content).hexdigest()[:24]}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return path.name


def _beside(source: Source, folder: Path, numbers: Numbers) -> None:
    """What is of no date."""
    table("stores", contract.stores(source, numbers)).to_parquet(folder / "stores.parquet", index=False)
    (folder / "terms.json").write_text(json.dumps(contract.terms(source), indent=1), encoding="utf-8")
