"""A Postgres that a storm may kill and start again on the same port and data."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import postgres


@dataclass(frozen=True)
class Cluster:
    """One cluster; `url` is its only database."""

    programs: Path
    folder: Path
    account: str | None
    port: int

    @property
    def url(self) -> str:
        """As the store takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and recover what a kill left."""
        options = postgres.OPTIONS.format(port=self.port)
        postgres._run(self.programs / "pg_ctl", self.folder, self.account, "-w", "-o", options, "start")

    def kill(self) -> None:
        """All of its processes at once, as when the machine under it dies; nothing is written down first."""
        postgres._run(self.programs / "pg_ctl", self.folder, self.account, "-m", "immediate", "stop")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh cluster, gone when the block ends. Raises OSError where Postgres cannot start here."""
    folder = Path(tempfile.mkdtemp(prefix="he-sync-pg-"))
    try:
        programs, account = postgres._binaries(folder)
        one = Cluster(programs, folder, account, postgres._free_port())
        setup = ("--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres")
        postgres._run(programs / "initdb", folder, account, *setup)
        one.start()
        try:
            yield one
        finally:
            with suppress(OSError, subprocess.SubprocessError):
                one.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
