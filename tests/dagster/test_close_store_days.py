"""Store-days in Dagster: one asset that leaves each where no person is needed, and an alarm for what nobody signed."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import time_machine
import yaml

from he_sync.flows.books.nightly import overdue
from he_sync.store import books
from he_sync.store.books.days import Move
from resources.memory import MemoryResource
from sensors.deadlines import unsigned_store_days
from tests.dagster.stage import FRIDAY, built
from tests.flows.close_shop import LEDGER
from tests.reconcile.journals.shop import PROFILE

DAY = FRIDAY.isoformat()
SATURDAY = datetime(2026, 11, 21, 18, tzinfo=UTC)


@pytest.fixture
def stage(sandbox, tmp_path):
    """A date whose ledger the close writes; a rule approves everything under a thousand."""
    one = built(sandbox, tmp_path / "home", seed=5, days=1)
    with sandbox.state.transaction():
        for name in LEDGER:
            sandbox.state._connection().execute(f"DELETE FROM {sandbox.state.table(name)}")  # noqa: S608 - own names
    profile = one.home / "profile.yaml"
    document = yaml.safe_load(profile.read_text())
    document["epicor"]["ledger"] = "store_days"
    rule = {"name": "small", "limit_minor": 100_000, "month_limit_minor": 10_000_000}
    document["approval"] = {"automatic": [rule], "sign_within_days": 2}
    profile.write_text(yaml.safe_dump(document, sort_keys=False))
    return one


def test_the_night_proposes_all_posts_what_a_rule_approved_and_names_what_waits_for_a_person(stage):
    with dg.DagsterInstance.ephemeral() as instance:
        result = stage.run(instance, "nightly_close", partition_key=DAY)
        assert result.success
        checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
        shown = instance.get_latest_materialization_event(dg.AssetKey(["close", "clearing"]))
        docs = instance.get_latest_materialization_event(dg.AssetKey(["close", "expectations"]))
    assert docs.asset_materialization.metadata["data docs"].path.endswith(f"data_docs/{DAY}/index.html")
    broken = {(row.data["table"], row.data["columns"]) for row in checks["expectations_met"].metadata["cases"].records}
    assert broken == {("store_days", "state"), ("clearing", "differs_minor")}
    check, proof = checks["store_days_posted"], checks["clearing_equals_open_items"]
    assert not check.passed
    assert check.description == "3 store-days wait for a person"
    assert not proof.passed
    assert {row.data["event"] for row in proof.metadata["cases"].records} == {
        f"store-day {DAY} {store}" for store in ("S001", "S002", "S003")
    }
    told = shown.asset_materialization.metadata
    assert told["entered by hand"].value == "Nobody entered anything by hand."
    assert told["plot"].value.startswith("![balances and open items](data:image/png;base64,")
    assert len(told["plot"].value) < 50_000
    with stage.store() as store:
        states = {one.state for one in books.of_day(store, DAY)}
        posted = books.of_day(store, DAY, states=["posted"])
        assert states == {"posted", "proposed"}
        assert {one.approved_by for one in posted} == {"rule small"}
        assert all(one.amount_minor <= 100_000 for one in posted)


def test_store_days_past_their_deadline_are_told_to_finance_by_name(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text(yaml.safe_dump({**PROFILE, "approval": {"sign_within_days": 2}}))
    memory = MemoryResource(home=str(tmp_path), profile=str(profile))
    with memory.store() as store:
        for back in (0, 2):
            day = (FRIDAY - timedelta(days=back)).isoformat()
            books.moved(store, day, "S001", Move("proposed", "1150 waits", {}, "moved"))
    with dg.DagsterInstance.ephemeral() as instance, time_machine.travel(SATURDAY, tick=True):
        context = dg.build_sensor_context(instance=instance, resources={"memory": memory})
        unsigned_store_days(overdue).evaluate_tick(context)
    [alarm] = [json.loads(path.read_text()) for path in (tmp_path / "alarms" / "waiting").glob("*.json")]
    assert alarm["who"] == ["team:finance"]
    assert alarm["text"].startswith("S001 of 2026-11-18 is proposed: 1150 waits. ")
