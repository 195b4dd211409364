"""The file that processes share: readable by its owner only, and one clear line where it cannot be."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from he_sync.connect.shared_file import SharedFile
from he_sync.model.errors import FixSettings

SCHEMA = "CREATE TABLE IF NOT EXISTS note (text TEXT);"


def broken(shared: SharedFile) -> None:
    shared.run("INSERT INTO note VALUES ('lost')")
    shared.run("this is no SQL")


def test_nobody_but_the_owner_reads_the_file(tmp_path: Path) -> None:
    SharedFile(tmp_path / "deep" / "shared.db", SCHEMA).run("SELECT 1")
    assert stat.S_IMODE((tmp_path / "deep" / "shared.db").stat().st_mode) & 0o077 == 0


def test_a_path_that_cannot_be_a_file_is_a_setting_to_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database" * 500)
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path):
        with pytest.raises(FixSettings, match="writable file on a local disk"):
            SharedFile(path, SCHEMA).run("SELECT 1")


def test_threads_write_side_by_side_and_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    shared = SharedFile(tmp_path / "shared.db", SCHEMA)

    def write() -> None:
        for _ in range(20):
            with shared.alone():
                shared.run("INSERT INTO note VALUES ('kept')")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(sqlite3.Error), shared.alone():
        broken(shared)
    assert shared.run("SELECT count(*) FROM note") == [(80,)]


def refused_at_one_moment(shared: SharedFile) -> list[Exception]:
    refused, together = list[Exception](), threading.Barrier(8)

    def write() -> None:
        together.wait()
        try:
            shared.run("INSERT INTO note VALUES ('kept')")
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            refused.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_threads_that_open_a_new_file_at_one_moment_wait_for_each_other(tmp_path: Path) -> None:
    """SQLite refuses a second switch to write-ahead logging at once, without waiting for the first."""
    for turn in range(40):
        assert refused_at_one_moment(SharedFile(tmp_path / f"{turn}.db", SCHEMA)) == []
