"""The lake: immutable Parquet by stage, entity and day, each file named by the hash of its content.

A pull streams pages into a temporary file; only a complete one is fsynced, renamed and pointed at. Older files stay, so
that a close can name exactly what it read and be repeated byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from he_sync.model.errors import FixInput

RAW = pa.schema([pa.field("key", pa.string()), pa.field("payload", pa.string())])
READ_ROWS = 1000
"""Rows read at a time. Parquet's own default of 65,536 would hold 120 MB of tickets, whatever the size of a page."""


@dataclass(frozen=True)
class Snapshot:
    """One immutable file: where it is, how many rows, the hash of its content, and facts about how it came about."""

    stage: str
    entity: str
    day: str
    file: str
    rows: int
    digest: str
    facts: dict[str, Any] = field(default_factory=dict)


class RawWriter:
    """Appends pages of (key, payload) rows; memory holds one page."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(path, RAW, compression="zstd")
        self._hash = hashlib.sha256()
        self.rows = 0
        self.facts: dict[str, Any] = {}

    def append(self, keys: list[str], payloads: list[str]) -> None:
        """One page."""
        for key, payload in zip(keys, payloads, strict=True):
            self._hash.update(f"{key}\0{payload}\0".encode())
        self._file.write_table(pa.table([keys, payloads], schema=RAW))
        self.rows += len(keys)

    def finish(self) -> str:
        """Close the file and give the content hash."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Let go of the file, complete or not; closing twice does nothing."""
        self._file.close()


class Lake:
    """Snapshots under one root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _folder(self, stage: str, entity: str, day: str) -> Path:
        folder = self.root / stage / entity / day
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob(".*.part"):
            if not _alive(int(part.name.split(".")[1])):
                part.unlink(missing_ok=True)
        return folder

    @contextmanager
    def raw(self, entity: str, day: str) -> Iterator[RawWriter]:
        """A writer for one raw pull; the snapshot becomes current when the block ends without an error."""
        folder = self._folder("raw", entity, day)
        part = folder / f".{os.getpid()}.part"
        writer = RawWriter(part)
        try:
            yield writer
            digest = writer.finish()
            self._publish(
                folder, part, Snapshot("raw", entity, day, f"{digest[:24]}.parquet", writer.rows, digest, writer.facts)
            )
        finally:
            writer.close()
            part.unlink(missing_ok=True)

    def write(
        self, stage: str, entity: str, day: str, rows: pd.DataFrame, facts: Mapping[str, Any] | None = None
    ) -> Snapshot:
        """Write one frame as a snapshot and make it current."""
        folder = self._folder(stage, entity, day)
        part = folder / f".{os.getpid()}.part"
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), part, compression="zstd")
        digest = hashlib.sha256(part.read_bytes()).hexdigest()
        snapshot = Snapshot(stage, entity, day, f"{digest[:24]}.parquet", len(rows), digest, dict(facts or {}))
        self._publish(folder, part, snapshot)
        return snapshot

    def _publish(self, folder: Path, part: Path, snapshot: Snapshot) -> None:
        target = folder / snapshot.file
        if not target.exists():
            _sync(part)
            part.rename(target)
        pointer = folder / f".{os.getpid()}.current"
        pointer.write_text(json.dumps(asdict(snapshot), sort_keys=True, default=str), encoding="utf-8")
        _sync(pointer)
        pointer.replace(folder / "current.json")

    def current(self, stage: str, entity: str, day: str) -> Snapshot:
        """The snapshot in force. Raises FixInput when that step has not run for the day."""
        try:
            return Snapshot(
                **json.loads((self.root / stage / entity / day / "current.json").read_text(encoding="utf-8"))
            )
        except FileNotFoundError:
            raise FixInput(f"{stage}/{entity} has no data for {day}; materialise it first") from None

    def path(self, snapshot: Snapshot) -> Path:
        """The file of a snapshot."""
        return self.root / snapshot.stage / snapshot.entity / snapshot.day / snapshot.file

    def read(self, stage: str, entity: str, day: str) -> pd.DataFrame:
        """The current snapshot as a frame."""
        rows: pd.DataFrame = pq.read_table(self.path(self.current(stage, entity, day))).to_pandas()
        return rows

    def payloads(self, entity: str, day: str) -> Iterator[tuple[str, str]]:
        """(key, payload) of a raw pull; memory holds READ_ROWS of them."""
        source = pq.ParquetFile(self.path(self.current("raw", entity, day)))
        for batch in source.iter_batches(batch_size=READ_ROWS):
            yield from zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)


def _alive(process: int) -> bool:
    """Whether a process of this machine is there; one that was killed leaves its part file behind."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
