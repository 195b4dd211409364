"""How a run starts, is stopped and is missed when its process dies: a real Dagster, the warm process beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from he_sync.cli import ports
from he_sync.cli.orchestrator import answers, request
from resources.runs.launcher import Worker
from resources.runs.warm import address

ROOT = Path(__file__).parents[2]
CODE = """
import os, time
from pathlib import Path
import dagster as dg

@dg.op
def work():
    Path("started").write_text(f"{os.getpid()} WORD")
    while Path("wait").exists():
        time.sleep(0.02)

@dg.job(executor_def=dg.in_process_executor, tags={"he/at_once": "true"})
def drain():
    work()

@dg.job(executor_def=dg.in_process_executor)
def queued():
    work()

defs = dg.Definitions(jobs=[drain, queued])
"""
WORKSPACE = "load_from: [{python_module: {module_name: definitions, working_directory: ., location_name: he-sync}}]"
LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } } }"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
SECONDS = 180


class Stage:
    """A Dagster in a folder with code of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, ports.free()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "home").mkdir()
        shutil.copy(ROOT / "dagster.yaml", folder / "home")
        (folder / "workspace.yaml").write_text(WORKSPACE)
        self.code("one")

    def code(self, word: str) -> None:
        (self.folder / "definitions.py").write_text(CODE.replace("WORD", word))

    @contextmanager
    def program(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = {**os.environ, "DAGSTER_HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT)}
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, query: str, **variables: Any) -> Any:
        return request(self.url, "POST", "/graphql", {"query": query, "variables": variables})["data"]

    def launch(self, job: str = "drain") -> str:
        selector = {"repositoryLocationName": "he-sync", "repositoryName": "__repository__", "jobName": job}
        answer = self.ask(LAUNCH, p={"selector": selector, "runConfigData": {}})["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def started(self) -> list[str]:
        """Pid and word of the run that has begun."""
        path = self.folder / "started"
        wait_until(lambda: path.exists() and bool(path.read_text()))
        words = path.read_text().split()
        path.unlink()
        return words

    def has_code(self) -> bool:
        entries = self.ask(LOADED)["workspaceOrError"]["locationEntries"]
        return bool(entries) and entries[0]["loadStatus"] == "LOADED"


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"))
    with stage.program("dagster", "dev", "-w", "workspace.yaml", "-p", str(stage.port)):
        wait_until(lambda: answers(stage.url, "/server_info"))
        wait_until(stage.has_code)
        yield stage


@pytest.fixture
def instance(stage: Stage) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(stage.folder / "home")) as opened:
        yield opened


@pytest.fixture
def warm(stage: Stage, instance: dg.DagsterInstance) -> Iterator[subprocess.Popen[bytes]]:
    socket = address(Path(instance.root_directory))
    socket.unlink(missing_ok=True)
    with stage.program("resources.runs.warm") as process:
        wait_until(socket.exists)
        yield process


def worker_of(instance: dg.DagsterInstance, run_id: str) -> Worker | None:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return Worker.of(run)


def ended(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    def over() -> bool:
        run = instance.get_run_by_id(run_id)
        return run is not None and run.is_finished

    wait_until(over)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def held(stage: Stage) -> Iterator[Path]:
    """Runs go on until this file is gone."""
    path = stage.folder / "wait"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("job", ["drain", "queued"])
def test_a_run_is_forked_from_the_warm_process_and_its_tag_names_it(stage, instance, warm, held, job) -> None:
    run_id = stage.launch(job)
    pid, _ = stage.started()
    worker = worker_of(instance, run_id)
    assert worker is not None
    assert (worker.pid, parent_of(worker.pid)) == (int(pid), warm.pid)
    assert instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run_id)).status.value == "RUNNING"
    held.unlink()
    assert ended(instance, run_id) == dg.DagsterRunStatus.SUCCESS


@pytest.mark.usefixtures("warm")
def test_a_run_that_starts_at_once_never_stands_in_the_queue(stage, instance) -> None:
    run_id = stage.launch("drain")
    stage.started()
    assert ended(instance, run_id) == dg.DagsterRunStatus.SUCCESS
    assert not instance.all_logs(run_id, of_type=dg.DagsterEventType.PIPELINE_ENQUEUED)


@pytest.mark.usefixtures("warm")
def test_terminating_from_the_ui_interrupts_the_run_and_it_ends_cancelled(stage, instance, held) -> None:
    run_id = stage.launch()
    stage.started()
    assert stage.ask(TERMINATE, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert ended(instance, run_id) == dg.DagsterRunStatus.CANCELED
    assert held.exists()


@pytest.mark.usefixtures("warm", "held")
def test_a_run_whose_process_was_killed_is_seen_by_the_monitoring(stage, instance) -> None:
    run_id = stage.launch()
    pid, _ = stage.started()
    os.kill(int(pid), signal.SIGKILL)
    worker = worker_of(instance, run_id)
    assert worker is not None
    wait_until(lambda: not worker.alive)
    assert instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run_id)).status.value == "NOT_FOUND"
    assert stage.ask(TERMINATE, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert ended(instance, run_id) == dg.DagsterRunStatus.CANCELED


def test_without_the_warm_process_a_run_goes_through_the_code_server(stage, instance) -> None:
    run_id = stage.launch()
    stage.started()
    assert worker_of(instance, run_id) is None
    assert ended(instance, run_id) == dg.DagsterRunStatus.SUCCESS


@pytest.mark.usefixtures("warm")
def test_changed_code_never_runs_stale_and_is_warm_again_after_it(stage, instance) -> None:
    stage.code("two")
    run_id = stage.launch()
    assert stage.started()[1] == "two"
    assert worker_of(instance, run_id) is None
    wait_until(lambda: worker_of(instance, (again := stage.launch())) is not None and bool(ended(instance, again)))
    assert stage.started()[1] == "two"


def test_ending_the_warm_process_lets_its_runs_end_first(stage, instance, warm, held) -> None:
    run_id = stage.launch()
    stage.started()
    warm.send_signal(signal.SIGINT)
    held.unlink()
    assert warm.wait(SECONDS) == 0
    assert ended(instance, run_id) == dg.DagsterRunStatus.SUCCESS


@pytest.mark.usefixtures("warm")
def test_nobody_else_may_ask_the_warm_process_for_a_run(instance) -> None:
    assert address(Path(instance.root_directory)).stat().st_mode & 0o077 == 0
