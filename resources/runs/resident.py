"""Starts a run on a resident Celery worker, on this host or another one; without a broker through the code server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dagster import DagsterInstance, DagsterRun, DefaultRunLauncher
from dagster._config import UserConfigSchema
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import pack_value
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_QUEUE_TAG, DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from resources.runs.coordinator import AT_ONCE
from resources.runs.forked import execute_task
from resources.runs.results import PREFIX

NOW, RUNS = "now", "runs"
"""Queues: what must not wait behind a back-fill, and everything else."""
FORGOTTEN_AFTER = 120.0
"""Seconds; `start_timeout_seconds` of the instance: Dagster has failed a run by then that no worker has taken."""
ANSWERS_WITHIN = 2.0
ASKED = 2
"""Times that a worker is asked for a sign of life; its main process runs nothing and answers within milliseconds."""
GONE_WITHIN = 2.0
CONNECTS_WITHIN = 2.0
UNREACHABLE = (OperationalError, RedisError, OSError)
TRANSPORT = {
    "socket_connect_timeout": CONNECTS_WITHIN,
    "socket_timeout": 10.0,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY: Mapping[str, Any] = {
    "broker_transport_options": TRANSPORT,
    "result_backend_transport_options": {"retry_policy": {"timeout": CONNECTS_WITHIN}},
    "redis_socket_connect_timeout": CONNECTS_WITHIN,
    "redis_socket_timeout": 10.0,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0.2},
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_consumer": "resources.runs.consumer:Steady",
    "worker_disable_prefetch": True,  # a run that a busy worker holds back would wait although another is idle
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}


class ResidentLauncher(CeleryRunLauncher):
    """Dagster's Celery launcher, with a run's health asked of its worker.

    The run names its task before the task is sent: the package's own launcher does so afterwards, when a resident
    worker has the run already and both write its row.
    """

    def __init__(self, **config: Any) -> None:
        if config.get("backend"):
            config["backend"] = PREFIX + config["backend"]
        config["config_source"] = {**CELERY, **(config.get("config_source") or {})}
        super().__init__(**config)
        self._execute = execute_task(self.celery)
        self._otherwise = DefaultRunLauncher()

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Broker, result backend and default queue, as the package has them."""
        return super().config_type()

    def register_instance(self, instance: DagsterInstance) -> None:
        """The code server's launcher is told too."""
        super().register_instance(instance)
        self._otherwise.register_instance(instance)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Send the run to its queue; where the broker does not answer, hand it to the code server."""
        if not self._sent(context.dagster_run):
            self._otherwise.launch_run(context)

    def _sent(self, run: DagsterRun) -> bool:
        if run.job_code_origin is None:
            return False
        arguments = ExecuteRunArgs(
            run.job_code_origin, run.run_id, self._instance.get_ref(), set_exit_code_on_failure=True
        )
        queue = queue_of(run, self.default_queue)
        task = self._execute.si(execute_job_args_packed=pack_value(arguments))
        self._instance.add_run_tags(run.run_id, {DAGSTER_CELERY_TASK_ID_TAG: run.run_id})
        try:
            task.apply_async(task_id=run.run_id, queue=queue, routing_key=queue, expires=FORGOTTEN_AFTER)
        except UNREACHABLE as error:
            self._instance.add_run_tags(run.run_id, {DAGSTER_CELERY_TASK_ID_TAG: ""})
            self._instance.report_engine_event(f"No broker ({error}): started through the code server", run)
            return False
        return True

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run wherever it is; False when there is nothing to interrupt any more."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if not _task(run):
            return bool(self._otherwise.terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        begun = self._state(run) == "STARTED"
        try:
            # What Ctrl-C does to a run: it ends its step, releases what it holds and says so.
            self.celery.control.revoke(run_id, terminate=True, signal="SIGINT")
        except UNREACHABLE:
            return True  # the drain looks itself, others are left to the run monitoring
        if (not begun or self._gone(run, GONE_WITHIN)) and not self._over(run_id):
            self._instance.report_run_canceled(run, "Its process has ended" if begun else "It had not begun")
        return True

    @property
    def supports_resume_run(self) -> bool:
        """A drain's successor begins anew; other runs are retried by Dagster."""
        return False

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives: by its task's end, and by a sign of life of its worker.

        Of a run of the code server, and while the broker is away, nothing is known: left to `max_runtime_seconds`.
        """
        state = self._state(run)
        if state in {"", "PENDING", "RECEIVED"}:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if state != "STARTED":
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"its task has ended: {state}")
        try:
            worker = str((self.celery.AsyncResult(_task(run)).info or {}).get("hostname", ""))
            if any(self._answers(worker) for _ in range(ASKED)):
                return CheckRunHealthResult(WorkerStatus.RUNNING)
        except UNREACHABLE:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"worker {worker} gives no sign of life")

    def _answers(self, worker: str) -> bool:
        return bool(self.celery.control.ping(destination=[worker], timeout=ANSWERS_WITHIN, limit=1))

    def _state(self, run: DagsterRun) -> str:
        """The state of its task; "" where there is none or nobody can say."""
        try:
            return str(self.celery.AsyncResult(_task(run)).state) if _task(run) else ""
        except UNREACHABLE:
            return ""

    def _over(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        return run is None or run.is_finished

    def _gone(self, run: DagsterRun, within: float) -> bool:
        """Whether a run has ended, or its process was gone already, in that time in seconds."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self._over(run.run_id):
                return True
            time.sleep(0.05)
        return self.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND


def queue_of(run: DagsterRun, otherwise: str = RUNS) -> str:
    """The queue that a run names; else that of events for one which must not wait, else the instance's."""
    return run.tags.get(DAGSTER_CELERY_QUEUE_TAG) or (NOW if AT_ONCE in run.tags else otherwise)


def _task(run: DagsterRun) -> str:
    return run.tags.get(DAGSTER_CELERY_TASK_ID_TAG, "")
