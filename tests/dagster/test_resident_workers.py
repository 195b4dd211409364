"""Runs on resident Celery workers: real Redis, real Postgres, real processes, the sandbox's Epicor as the witness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from resources.runs.resident import NOW, RUNS, UNREACHABLE, ResidentLauncher, queue_of
from sensors.sweep import why_not
from tests.resident import SECONDS, Installation, installed, redis, wait_until

ORDERS, LANDED = 12, 3


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("installation"), postgres_server) as opened:
        yield opened


def test_a_run_is_executed_and_cancelled_on_a_worker_and_when_one_is_killed_another_drains_before_the_lease_ends(
    installation: Installation,
) -> None:
    """One test: a worker takes seconds to start. Every order is in Epicor once, whoever was killed over it."""
    with installation.worker() as first:
        is_executed_and_cancelled(installation)
        killed = installation.drain(linger=SECONDS)
        wait_until(lambda: installation.holder() == f"drain {killed[:8]}")
        with installation.worker():
            orders = installation.ordered(ORDERS)
            wait_until(lambda: installation.landed(orders) >= LANDED)
            first.kill()
            installation.lease_stays()
            orders += installation.ordered(1)
            wait_until(lambda: why_not(installation.store, installation.instance, datetime.now(UTC)) == "")
            assert installation.ended(killed) == dg.DagsterRunStatus.FAILURE
            assert installation.ended(installation.drain(linger=0)) == dg.DagsterRunStatus.SUCCESS
            assert installation.landed(orders[-1:]) == 1
            installation.later()
            assert installation.ended(installation.drain(linger=0)) == dg.DagsterRunStatus.SUCCESS
    assert {order: installation.landed([order]) for order in orders} == dict.fromkeys(orders, 1)
    assert {state for order in orders for state in installation.shop.inbox(order)} == {"done"}


def is_executed_and_cancelled(installation: Installation) -> None:
    orders = installation.ordered(1)
    run_id, launcher = installation.drain(linger=SECONDS), installation.instance.run_launcher
    wait_until(lambda: installation.landed(orders) == 1)
    assert launcher.check_run_worker_health(installation.run(run_id)).status == WorkerStatus.RUNNING
    assert installation.holder() == f"drain {run_id[:8]}"
    assert launcher.terminate(run_id)
    assert installation.ended(run_id) == dg.DagsterRunStatus.CANCELED
    assert installation.holder() == ""


def test_a_broker_that_went_away_is_noticed_with_each_run_and_not_with_the_first_alone(tmp_path: Path) -> None:
    """Noticed, a run goes to the code server; else it would fail and nobody drain."""
    with redis(tmp_path) as url:
        launcher = ResidentLauncher(broker=url, backend=url, default_queue=RUNS)
        task = launcher._execute.si(execute_job_args_packed={})
        task.apply_async(queue=RUNS, routing_key=RUNS)
    for _ in range(2):
        with pytest.raises(UNREACHABLE):
            task.apply_async(queue=RUNS, routing_key=RUNS)


@pytest.mark.parametrize(
    ("tags", "queue"),
    [({}, RUNS), ({"he/at_once": "true"}, NOW), ({"he/at_once": "true", "dagster-celery/queue": "big"}, "big")],
)
def test_what_must_not_wait_has_a_queue_of_its_own_and_a_run_may_name_another(tags: dict[str, str], queue: str) -> None:
    assert queue_of(dg.DagsterRun(job_name="any", tags=tags)) == queue
