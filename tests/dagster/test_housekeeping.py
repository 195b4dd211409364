"""The job `housekeeping` makes a backup, prunes, and lets go of Dagster's own old runs; the newest of a job stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

import definitions
from assets.housekeeping import housekeeping, prune_runs
from he_sync.store import backup, effects
from he_sync.store.database import open_store
from he_sync.store.pruning import Retention
from resources.memory import MemoryResource
from tests.store.examples import effect


@dg.op
def nothing() -> None:
    pass


@dg.job
def drain() -> None:
    nothing()


@dg.job
def night() -> None:
    nothing()


def test_a_night_leaves_a_whole_backup_and_says_what_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HE_STORE_URL", "HE_BACKUPS", "HE_MAPPINGS", "HE_FLOWS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "profile.yaml").write_text("name: Nord\n")
    with open_store(tmp_path / "he_sync.db") as store:
        effects.plan(store, [effect("order 1")])
    memory = MemoryResource(home=str(tmp_path), profile=str(tmp_path / "profile.yaml"))
    with dg.DagsterInstance.ephemeral() as instance:
        done = housekeeping.execute_in_process(resources={"memory": memory}, instance=instance)
    assert done.success
    [made] = backup.listing(tmp_path / "backups")
    backup.verify(tmp_path / "backups" / made.name)
    assert made.rows["effects"] == 1


def test_old_runs_go_with_their_logs_and_the_newest_of_each_job_stays() -> None:
    keep = Retention(drain_runs_days=1, runs_days=100)
    with dg.DagsterInstance.ephemeral() as instance:
        drains = [drain.execute_in_process(instance=instance).run_id for _ in range(3)]
        nights = [night.execute_in_process(instance=instance).run_id for _ in range(2)]
        now = datetime.now(UTC)
        assert prune_runs(instance, keep, now) == 0
        assert prune_runs(instance, keep, now + timedelta(days=2)) == 2
        assert {run.run_id for run in instance.get_runs()} == {drains[-1], *nights}
        assert prune_runs(instance, keep, now + timedelta(days=101)) == 1
        assert {run.run_id for run in instance.get_runs()} == {drains[-1], nights[-1]}


def test_it_is_scheduled_before_the_close() -> None:
    schedule = definitions.defs.resolve_schedule_def("housekeeping")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "America/New_York")
