"""What finance may have done again becomes one of Dagster's back-fills, once, however often somebody looks."""

from datetime import UTC, datetime

import dagster as dg
import pytest

import definitions
from he_sync.flows.back_fill.kept import Approved, Kept, ask
from resources.memory import MemoryResource

DAYS = ("2026-11-16", "2026-11-20")


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path)


def approved(kept):
    one = ask(*DAYS, ("S001",), "today", "cora")
    kept.begin(one)
    kept.show(one.name, {"days": [], "refused": []})
    kept.approve(one.name, Approved("carl", "checked", datetime.now(UTC).isoformat(), kept.digest(one.name)))
    return one


def tick(instance, home):
    memory = MemoryResource(home=str(home), profile=str(home / "profile.yaml"))
    defs = definitions.build(resources={"memory": memory, "connections": None})
    sensor = defs.resolve_sensor_def("back_fills")
    repository = defs.get_repository_def()
    with dg.build_sensor_context(instance, repository_def=repository, resources={"memory": memory}) as context:
        sensor.evaluate_tick(context)


def partitions(found):
    subset = found.asset_backfill_data.target_subset
    return {key for each in subset.asset_keys for key in subset.get_partitions_subset(each).get_partition_keys()}


def test_an_approved_back_fill_is_asked_for_once_as_one_run_over_its_dates_and_again_only_when_a_person_says_so(
    kept, tmp_path
):
    with dg.DagsterInstance.ephemeral() as instance:
        kept.begin(ask(*DAYS, (), "day", "cora"))
        tick(instance, tmp_path)
        assert instance.get_backfills() == []
        one = approved(kept)
        tick(instance, tmp_path)
        tick(instance, tmp_path)
        [found] = instance.get_backfills()
        assert found.backfill_id == f"{one.name}-1"
        assert found.tags["he/back_fill"] == one.name
        assert found.tags["he/entity"] == "close"
        assert [key.to_user_string() for key in found.asset_selection] == ["close/back_fill"]
        assert sorted(found.partition_names or partitions(found)) == one.days
        kept.again(one.name)
        tick(instance, tmp_path)
        assert len(instance.get_backfills()) == 2
        kept.cancel(one.name, "cora", "no")
        kept.again(one.name)
        tick(instance, tmp_path)
        assert len(instance.get_backfills()) == 2


def test_the_night_does_not_do_what_finance_asks_for():
    night = definitions.build().resolve_job_def("nightly_close")
    assert dg.AssetKey(["close", "back_fill"]) not in night.asset_layer.executable_asset_keys
