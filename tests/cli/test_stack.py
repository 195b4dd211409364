"""`he-sync up` and `down` as a person uses them: the installed command, real processes, real ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from he_sync.cli import orchestrator, ports
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store import lanes
from he_sync.store.database import open_store
from tests.bench.latency_shop import Shop, gql
from tests.browser.installation import FREE_PORTS, HE_SYNC, he_sync

LAST_DAY = ("--day", "2026-11-20")
DRAINS = """{ runsOrError(filter: {pipelineName: "drain"}) { ... on Runs { results {
  runId status tags { key value } assetMaterializations { assetKey { path } } } } } }"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"


@contextmanager
def started(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`he-sync up` with its output caught; whatever is left of it ends with the block."""
    command = [HE_SYNC, "up", "--home", str(home), "--json", *LAST_DAY, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        orchestrator.sweep(home)


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 180
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "name", "choose"),
    [(("--ports", "0", "--port"), "Dagster UI", "--port"), (("--port", "0", "--ports"), "sandbox admin", "--ports")],
)
def test_a_taken_port_is_one_line_that_says_which_by_whom_and_what_to_do(
    tmp_path: Path, options: tuple[str, ...], name: str, choose: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = he_sync("up", "--home", str(tmp_path / "home"), *options, str(port))
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert line.startswith(f"he-sync: port {port} ({name}) is taken by process {os.getpid()} (")
    assert f"choose another with {choose} " in line
    assert not (tmp_path / "home" / "sandbox").exists()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the account of Postgres may enter, which one of pytest's is not."""
    with tempfile.TemporaryDirectory(prefix="he-sync-up-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "home"


def test_a_second_up_after_a_crash_serves_the_same_world_on_resident_workers_and_down_leaves_nothing(
    home: Path,
) -> None:
    options = ("--ports", "0", "--port", str(ports.free()))
    with started(home, *options) as first:
        assert first.stdout is not None
        told = first.stdout.readline()
        first.kill()
    before = world.describe(State(home / "sandbox"))
    with started(home, *options, "--profile", "resident") as second:
        assert second.stdout is not None
        again = second.stdout.readline()
        assert again, second.communicate()
        assert again.split('"')[3] == told.split('"')[3]
        assert he_sync("up", "--home", str(home), *FREE_PORTS).returncode == 2
        an_order_is_executed_on_a_resident_worker(json.loads(again), home, second)
        assert he_sync("down", "--home", str(home)).stdout == "stopped\n"
        assert second.wait(90) == 0
        assert orchestrator.sweep(home) == 0
    assert (
        world.describe(State(home / "sandbox"))["days"] == before["days"] == [f"2026-11-{day}" for day in range(14, 21)]
    )
    assert he_sync("down", "--home", str(home)).stdout == "nothing is up\n"


def an_order_is_executed_on_a_resident_worker(urls: dict[str, str], home: Path, up: subprocess.Popen[str]) -> None:
    with closing(Shop(urls, home)) as shop:
        order, mark = shop.order(), shop.mark()
        shop.tell(order)
        wait_until(lambda: list(shop.landed(mark)) == [order], up)
    tags = {tag["key"] for run in drains(urls) for tag in run["tags"]}
    assert "dagster-celery/task_id" in tags
    assert "he/worker" not in tags


def test_an_interrupt_while_dagster_starts_stops_what_has_started(tmp_path: Path) -> None:
    with started(tmp_path, *FREE_PORTS) as process:
        wait_until((tmp_path / "dagster.log").exists, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
        assert orchestrator.sweep(tmp_path) == 0


def test_definitions_that_cannot_be_loaded_are_one_line_and_nothing_stays_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HE_FIRST_DAY", "the first of never")
    ended = he_sync("up", "--home", str(tmp_path), *FREE_PORTS, *LAST_DAY, "--json")
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "the first of never" in line
    assert "dagster.log" in line
    assert orchestrator.sweep(tmp_path) == 0


def test_an_event_becomes_an_epicor_order_in_a_warm_run_that_may_be_cancelled_and_lets_go_of_its_lane(
    tmp_path: Path,
) -> None:
    with started(tmp_path, *FREE_PORTS) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told, process.communicate()
        urls = json.loads(told)
        with closing(Shop(urls, tmp_path)) as shop:
            order, mark = shop.order(), shop.mark()
            shop.tell(order)
            wait_until(lambda: list(shop.landed(mark)) == [order], process)
        wait_until(lambda: bool(at_work(urls)), process)
        [run] = at_work(urls)
        assert any(tag["key"] == "he/worker" for tag in run["tags"])
        assert gql(urls["dagster"], TERMINATE, id=run["runId"])["terminateRun"]["__typename"] == "TerminateRunSuccess"
        # Of this run only: what the poll brings meanwhile is another drain's, which lingers as it should.
        ended = {"runId": run["runId"], "status": "CANCELED"}
        wait_until(lambda: any(ended.items() <= one.items() for one in drains(urls)), process)
        with open_store(tmp_path / "he_sync.db") as store:
            assert lanes.holder(store, "drain", datetime.now(UTC)) != f"drain {run['runId'][:8]}"
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
    assert orchestrator.sweep(tmp_path) == 0


def at_work(urls: dict[str, str]) -> list[dict[str, Any]]:
    """The drain that goes on and has named the order's event."""
    key = {"assetKey": {"path": ["flow", "order_to_fulfilment"]}}
    return [run for run in drains(urls) if run["status"] == "STARTED" and key in run["assetMaterializations"]]


def drains(urls: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gql(urls["dagster"], DRAINS)["runsOrError"]["results"]
    return found
