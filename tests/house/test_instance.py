"""The Dagster instance files load as written, on SQLite and on a live Postgres."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.run_coordinator import QueuedRunCoordinator
from sqlalchemy import make_url

ROOT = Path(__file__).parents[2]


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


@contextmanager
def instance(home: Path, name: str) -> Iterator[DagsterInstance]:
    home.mkdir()
    shutil.copy(ROOT / name, home / "dagster.yaml")
    with DagsterInstance.from_config(str(home)) as opened:
        yield opened


def has_every_setting(opened: DagsterInstance) -> None:
    """What Dagster took from the file is what the file says."""
    coordinator = opened.run_coordinator
    assert isinstance(coordinator, QueuedRunCoordinator)
    queue = opened.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 4
    assert queue.tag_concurrency_limits[0]["key"] == "he/entity"
    assert opened.get_concurrency_config().pool_config.default_pool_limit == 4
    assert coordinator.dequeue_interval_seconds == 1
    assert not opened.telemetry_enabled
    assert opened.run_monitoring_enabled
    assert opened.run_monitoring_settings["free_slots_after_run_end_seconds"] == 60
    assert opened.run_retries_enabled
    assert opened.run_retries_max_retries == 2
    assert not opened.run_retries_retry_on_asset_or_op_failure
    assert opened.get_backfill_settings()["use_threads"]
    assert opened.get_tick_retention_settings is not None


def keeps_a_run(opened: DagsterInstance) -> None:
    """A run written is a run found."""
    run = opened.create_run_for_job(job_def=empty_job())
    assert [found.run_id for found in opened.get_runs()] == [run.run_id]
    assert opened.get_run_by_id(run.run_id).status == DagsterRunStatus.NOT_STARTED  # type: ignore[union-attr]


def empty_job() -> Any:
    import dagster as dg  # noqa: PLC0415 - the decorator below is all that needs it

    @dg.job
    def nothing() -> None:
        """No step at all."""

    return nothing


def test_the_embedded_instance_keeps_its_runs_in_sqlite_under_its_own_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with instance(home, "dagster.yaml") as opened:
        has_every_setting(opened)
        keeps_a_run(opened)
    assert list(home.rglob("*.db"))


def test_the_postgres_instance_keeps_its_runs_in_postgres(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgres_url)
    parts = {"HOST": url.host, "PORT": url.port, "USER": url.username, "PASSWORD": "unused", "DATABASE": url.database}
    for name, value in parts.items():
        monkeypatch.setenv(f"HE_PG_{name}", str(value))
    home = tmp_path / "home"
    with instance(home, "dagster.postgres.yaml") as opened:
        has_every_setting(opened)
        keeps_a_run(opened)
    assert not list(home.rglob("*.db"))


def test_both_instance_files_say_the_same_but_for_the_storage() -> None:
    on_postgres = read("dagster.postgres.yaml")
    storage = on_postgres.pop("storage")
    assert on_postgres == read("dagster.yaml")
    assert storage["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"


def test_the_instance_of_resident_workers_says_the_same_but_for_the_launcher_and_how_often_it_looks() -> None:
    resident, on_postgres = read("dagster.resident.yaml"), read("dagster.postgres.yaml")
    assert resident.pop("run_launcher")["class"] == "ResidentLauncher"
    assert (
        resident["run_monitoring"].pop("poll_interval_seconds") < on_postgres["run_monitoring"]["poll_interval_seconds"]
    )
    del on_postgres["run_launcher"], on_postgres["run_monitoring"]["poll_interval_seconds"]
    assert resident == on_postgres


def test_the_instance_files_hold_no_absolute_path() -> None:
    for name in ("dagster.yaml", "dagster.postgres.yaml", "dagster.resident.yaml", "workspace.yaml"):
        assert not [value for value in leaves(read(name)) if str(value).startswith(("/", "~"))], name


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value
