"""A run in a process forked for it alone, from a resident process that has everything imported and never runs anything.

Celery's own way, `worker_max_tasks_per_child`, ends the resident process instead: it sleeps a second first, the pool
notices its end within 5 s, and until then hands it runs that nobody takes (measured: one start in ten took 2 to 4 s).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import cast

from celery import Celery, Task
from dagster_celery.tasks import create_execute_job_task

from resources.runs.child import become

CRASHED = 70
"""Exit code of a run's process that could not even say that its run failed."""


class Crashed(Exception):
    """The process of a run was killed, or lost its database: nobody has said how the run ended."""


def execute_task(app: Celery) -> Task:
    """The task by which a worker executes a run."""
    within = create_execute_job_task(app)

    def execute_forked(execute_job_args_packed: object) -> int:
        return forked(lambda: int(within.run(execute_job_args_packed=execute_job_args_packed) or 0))

    return cast("Task", app.task(execute_forked, name="execute_forked", track_started=True))


def forked(work: Callable[[], int]) -> int:
    """The exit code of `work` in a process of its own. Raises Crashed where it gave none."""
    watched = {signal.SIGINT, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            become(work, CRASHED)
        code = _waited(pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if code < 0 or code == CRASHED:
        raise Crashed(f"process {pid} of the run ended with {code}")
    return code


def _waited(pid: int) -> int:
    """Its exit code once it has ended, negative for a signal. An interrupt from the pool is passed on.

    One from a terminal or of `he-sync down` is for the whole group: the run has it already, and a second would cut off
    how it ends.
    """
    pool = os.getppid()
    while True:
        told = signal.sigwaitinfo({signal.SIGINT, signal.SIGCHLD})
        if told.si_signo == signal.SIGINT and told.si_pid == pool:
            os.kill(pid, signal.SIGINT)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
