"""The warm process: everything imported once, forked for each run. `python -m resources.runs.warm` beside Dagster.

It holds no thread of Python's, no database and no gRPC channel, because a fork would copy them half alive. Linux only;
elsewhere, or without it, runs start through the code server.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

from dagster._core.instance.ref import InstanceRef

from he_sync.settings import variable
from resources.runs.child import become

ANSWERS_WITHIN = 10.0
GO = b"go\n"
LONGEST = 1 << 20
"""Bytes of a request; one is about 2 kB."""
FLOWS, FILES = "assets/flows", "*/defs.yaml"
"""Where flow files lie unless HE_FLOWS says it."""
Seen = dict[Path, tuple[int, int]]


def address(home: Path) -> Path:
    """The socket of an instance: a short path however deep its home lies, for a socket's may have 107 bytes."""
    name = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"he-sync-{name}.sock"


def started_at(pid: int) -> str:
    """When a process began, in ticks since boot; "" when it is gone or only waits to be reaped."""
    with suppress(OSError):
        state, *facts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return facts[18] if state != "Z" else ""
    return ""


def main() -> None:
    """Serve until interrupted."""
    home = Path(os.environ["DAGSTER_HOME"])
    sys.path.insert(0, str(Path.cwd()))
    ready, ours = warm_up(), _ours()
    seen = _state(ours)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps: nobody waits for a run here
    with suppress(KeyboardInterrupt), _listening(address(home)) as server:
        while True:
            channel, _ = server.accept()
            with channel:
                if not ready or _state(ours) != seen:
                    _begin_anew()
                if os.fork() == 0:
                    server.close()
                    become(partial(_child, channel), 1)
    with suppress(ChildProcessError, KeyboardInterrupt):
        os.wait()  # returns when the last run has ended: an end of this group must not cut one off


def warm_up() -> bool:
    """Import what a run needs and resolve every definition. False for code that cannot be loaded: nothing runs warm."""
    importlib.import_module("dagster._cli.api")
    try:
        _import_instance(InstanceRef.from_dir(os.environ["DAGSTER_HOME"]))
        definitions = importlib.import_module("definitions")
        definitions.defs.get_repository_def().load_all_definitions()
    except Exception:  # noqa: BLE001 - whatever is wrong with the code, the code server says it in the UI
        traceback.print_exc()
        return False
    gc.collect()
    gc.freeze()  # else a run searches all this for cycles, and loses an interrupt that comes meanwhile
    return True


def _import_instance(ref: InstanceRef) -> None:
    """190 modules of its storage, logs and launcher. Imported, not opened: Dagster may just be making its tables."""
    parts = (ref.storage_data, ref.compute_logs_data, ref.local_artifact_storage_data, ref.run_coordinator_data)
    for part in (*parts, ref.run_launcher_data):
        if part:
            importlib.import_module(part.module_name)


def _ours() -> list[Path]:
    """Files of this checkout that are imported."""
    names = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    paths = [Path(name).relative_to(Path.cwd()) for name in names if name and Path(name).is_relative_to(Path.cwd())]
    return [path for path in paths if not path.parts[0].startswith(".")]


def _state(ours: list[Path]) -> Seen:
    """Time and size of each of them and of every flow file: what tells that code or flows have changed."""
    found = {}
    for path in (*ours, *_flows().glob(FILES)):
        with suppress(FileNotFoundError):
            facts = path.stat()
            found[path] = (facts.st_mtime_ns, facts.st_size)
    return found


def _flows() -> Path:
    return Path(variable("HE_FLOWS", os.environ, FLOWS))


def _begin_anew() -> None:
    """The code has changed: become a fresh process. Who asked meets a closed channel and takes the code server."""
    os.execv(sys.executable, [sys.executable, "-m", "resources.runs.warm"])  # noqa: S606 - ourselves once more


def _listening(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        path.unlink()
    server = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        server.bind(str(path))
    finally:
        os.umask(before)
    server.listen()
    return server


def _child(channel: socket.socket) -> int:
    """The forked process: say who runs it, wait for the word, run; gives its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    channel.settimeout(ANSWERS_WITHIN)
    with channel.makefile() as requests:
        asked = requests.readline(LONGEST)
        me = {"pid": os.getpid(), "started": started_at(os.getpid())}
        channel.sendall(json.dumps(me).encode() + b"\n")
        told = requests.readline()
    channel.close()
    return _run(asked) if told == GO.decode() else 0


def _run(arguments: str) -> int:
    """What `dagster api execute_run` does, the command that every launcher of Dagster's own calls."""
    from dagster._cli.api import execute_run_command  # noqa: PLC0415 - the launcher needs this module without it

    execute_run_command.main([arguments], standalone_mode=False)
    return 0


if __name__ == "__main__":
    main()
