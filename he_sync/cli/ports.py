"""Which port of this machine is free, and who has one that is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from he_sync.model.errors import FixInput

HOST = "127.0.0.1"
LISTENING = "0A"
PROC = Path("/proc")
SHOWN = 80


def free() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(ports: Mapping[str, int], options: Mapping[str, str]) -> None:
    """Raise FixInput for the first port that is taken: which, by whom where that can be seen, and what to do."""
    for name, port in ports.items():
        if not _is_free(port):
            owner = next(_owners(port), "another program")
            raise FixInput(
                f"port {port} ({name}) is taken by {owner}; stop it, or choose another with {options[name]} (0: any)"
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT is free
        with suppress(OSError):
            probe.bind((HOST, port))
            return True
        return False


def _owners(port: int) -> Iterator[str]:
    """Processes that listen on a port, as far as /proc shows them to this user."""
    sockets = {f"socket:[{number}]" for number in _inodes(port)}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if sockets and any(str(link.readlink()) in sockets for link in (folder / "fd").iterdir()):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                yield f"process {folder.name} ({command[:SHOWN]})"


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]
