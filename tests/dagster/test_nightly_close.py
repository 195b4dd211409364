"""The close as Dagster runs it: a real ephemeral instance, the real sandbox over HTTP."""

from datetime import timedelta

import dagster as dg
import pytest

from he_sync.cli import check
from he_sync.flows import close
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.dagster.stage import FRIDAY, built


@pytest.fixture
def stage(sandbox, tmp_path):
    """A small world that happened up to Friday, and the definitions that work on it."""
    one = built(sandbox, tmp_path / "home", seed=11, days=7)
    return one.sandbox, one.home, one.defs


def run(defs, instance, job="nightly_close", **partitions):
    return defs.resolve_job_def(job).execute_in_process(instance=instance, **partitions)


def metadata(instance, key, partition):
    event = instance.get_latest_materialization_event(dg.AssetKey(key))
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(key), asset_partitions=[partition]), limit=1
    ).records
    assert event is not None
    return records[0].asset_materialization.metadata


def test_one_close_is_one_run_whose_assets_carry_counts_cents_failure_cases_and_a_plot(stage):
    sandbox, home, defs = stage
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(defs, instance, partition_key=FRIDAY.isoformat())
        assert result.success
        shown = metadata(instance, ["reconcile", "close"], FRIDAY.isoformat())
        tickets = metadata(instance, ["heartland", "tickets"], FRIDAY.isoformat())
        drift = metadata(instance, ["stock", "differences"], FRIDAY.isoformat())
        unusual = metadata(instance, ["quality", "anomalies"], FRIDAY.isoformat())
        checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert shown["plot"].value.startswith("![differences by class](data:image/png;base64,")
    assert len(shown["plot"].value) < 50_000
    assert shown["written back"].value > 0
    assert tickets["dagster/partition_row_count"].value == tickets["source_total"].value > 0
    assert drift["plot"].value.startswith("![drift by place](data:image/png;base64,")
    assert drift["worth"].value != "0.00"
    assert not checks["negative_stock"].passed  # the world plants a flipped sign
    assert checks["stale_stock"].passed
    assert unusual["plot"].value.startswith("![tickets a day](data:image/png;base64,")
    assert {"usual_days", "usual_shares", "usual_lines", "no_sale_twice"} <= set(checks)
    report = close.report(open_store(home / "he_sync.db"), Lake(home / "lake"), FRIDAY.isoformat())
    assert check.compare(sandbox.state.folder, FRIDAY.isoformat(), report.differences) == []


def test_a_back_fill_of_seven_dates_is_one_run_with_every_date_in_it(stage):
    _, _, defs = stage
    first = FRIDAY - timedelta(days=6)
    tags = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": FRIDAY.isoformat(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(defs, instance, tags=tags)
        assert result.success
        done = instance.get_materialized_partitions(dg.AssetKey(["reconcile", "close"]))
    assert done == {(first + timedelta(days=step)).isoformat() for step in range(7)}


def test_full_sync_brings_master_data_in_step_and_touches_no_ledger(stage):
    sandbox, _, defs = stage
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(defs, instance, "full_sync", partition_key=FRIDAY.isoformat()).success
    touched = {row["collection"] for row in sandbox.state.oracle("origin = 'api'")}
    assert "epicor/GLJrnDtl" not in touched
    assert "epicor/PartTran" in touched
