"""Starts a run in the warm process where there is one, else through the code server as Dagster does."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DefaultRunLauncher
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import serialize_value

from resources.runs.warm import ANSWERS_WITHIN, GO, address, started_at

GONE_WITHIN = 2.0
"""Seconds; a cancelled run ends within 0.6. One that takes longer is left to the run monitoring."""
WORKER = "he/worker"
"""Run tag: "<pid> <start time>" of the process that runs it; the start time tells it from a later one of that pid."""


@dataclass(frozen=True)
class Worker:
    """A process of this machine that executes a run."""

    pid: int
    started: str

    @classmethod
    def of(cls, run: DagsterRun) -> Worker | None:
        """The worker that the run's tag names; None for a run that the code server started."""
        pid, _, started = run.tags.get(WORKER, "").partition(" ")
        return cls(int(pid), started) if started else None

    @property
    def alive(self) -> bool:
        """Whether that very process is still there."""
        return started_at(self.pid) == self.started

    def interrupt(self) -> bool:
        """What Ctrl-C does to a run: it ends its step, releases what it holds and says so. False when it is gone."""
        with suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.pid, signal.SIGINT)
                return True
        return False

    def gone(self, within: float) -> bool:
        """Whether its process ends in that time, in seconds."""
        until = time.monotonic() + within
        while self.alive and time.monotonic() < until:
            time.sleep(0.05)
        return not self.alive


class WarmLauncher(DefaultRunLauncher):
    """Forks a run from a process that has everything imported: 0.4 s from request to work against 2.8 s.

    Unlike the code server's children such a run has a health that Dagster's run monitoring can ask for.
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        """Hand the run to the warm process; without one, or when its code is not the newest, to the code server."""
        if not _forked(self._instance, context.dagster_run):
            super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run's process; False when there is nothing to interrupt any more.

        One that was just about to end hears nothing of it, and says nothing more: its run would stay "canceling".
        """
        run = self._instance.get_run_by_id(run_id)
        worker = Worker.of(run) if run and not run.is_finished else None
        if run is None or worker is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        worker.interrupt()
        if worker.gone(GONE_WITHIN) and not _over(self._instance, run_id):
            self._instance.report_run_canceled(run, "Its process has ended")
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """A run whose process died fails at the next look of the run monitoring, not after its longest run time."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Of a run of the code server nothing is known: it is left to `max_runtime_seconds`, as Dagster does."""
        worker = Worker.of(run)
        if worker is None or worker.alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {worker.pid} has ended")


def _over(instance: DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished


def _forked(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether the warm process took the run.

    The child waits for our word until its tag is written: `add_run_tags` reads and writes the whole row and would
    undo a status that the child sets in between.
    """
    if run.job_code_origin is None:
        return False
    arguments = ExecuteRunArgs(run.job_code_origin, run.run_id, instance.get_ref(), set_exit_code_on_failure=True)
    named = ""
    try:
        with _connected(address(Path(instance.root_directory))) as channel:
            channel.sendall(serialize_value(arguments).encode() + b"\n")
            with channel.makefile() as answers:
                worker = json.loads(answers.readline())
            named = f"{worker['pid']} {worker['started']}"
            instance.add_run_tags(run.run_id, {WORKER: named})
            channel.sendall(GO)
    except (OSError, ValueError):
        if named:
            instance.add_run_tags(run.run_id, {WORKER: ""})
        return False
    return True


def _connected(path: Path) -> socket.socket:
    if path.lstat().st_uid != os.getuid():
        raise OSError(f"{path} belongs to somebody else")
    channel = socket.socket(socket.AF_UNIX)
    channel.settimeout(ANSWERS_WITHIN)
    channel.connect(str(path))
    return channel
