"""A resident worker: definitions loaded once, a process forked for each run.

`python -m resources.runs.worker` on every host that executes runs, beside the same checkout, DAGSTER_HOME and settings
as Dagster itself.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from celery import Celery
from dagster._core.instance.ref import InstanceRef

from resources.runs.resident import NOW, RUNS, ResidentLauncher
from resources.runs.warm import started_at, warm_up

RUNS_AT_ONCE = 6
"""Two more than `max_concurrent_runs`: four back-fills never keep a drain waiting."""


def app(home: Path) -> Celery:
    """The Celery application of an instance, as its own dagster.yaml configures it for the launcher."""
    data = InstanceRef.from_dir(str(home)).run_launcher_data
    if data is None or data.class_name != ResidentLauncher.__name__:
        sys.exit(
            f"he-sync: {home / 'dagster.yaml'} names no {ResidentLauncher.__name__}; copy dagster.resident.yaml there"
        )
    return data.rehydrate(as_type=ResidentLauncher).celery


def name() -> str:
    """This worker and no later one: a worker that was killed must not be taken for the one that follows it."""
    return f"he-{os.getpid()}-{started_at(os.getpid())}@{os.environ.get('HE_HOST') or socket.gethostname()}"


def main() -> None:
    """Serve until interrupted; runs that go on are let end first."""
    parser = argparse.ArgumentParser(prog="python -m resources.runs.worker", description=__doc__)
    parser.add_argument("--queues", default=f"{NOW},{RUNS}", help=f"what to take runs from ({NOW},{RUNS})")
    parser.add_argument("--at-once", type=int, default=RUNS_AT_ONCE, help=f"runs at once ({RUNS_AT_ONCE})")
    asked = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    serving = app(Path(os.environ["DAGSTER_HOME"]))
    if not warm_up():
        sys.exit(1)
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
    what = (f"--queues={asked.queues}", f"--concurrency={asked.at_once}", f"--hostname={name()}")
    serving.worker_main(["worker", "--pool=prefork", *what, *quiet])


if __name__ == "__main__":
    main()
