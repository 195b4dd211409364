"""The job `drain` and the flow components on a real ephemeral instance: every event is named by the run it was in."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.core.component_tree import ComponentTreeException

import definitions
from assets.drain import LINGER, NAMED, drain_job, tell
from assets.flow import load_flows
from he_sync.connect import alarms
from he_sync.flows import last_good, registry
from he_sync.flows.drain import LANE
from he_sync.flows.observed import MicroBatch
from he_sync.sandbox.faults import Fault
from he_sync.store import effects, inbox, lanes
from he_sync.store.database import open_store
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource
from tests.flows.desk import open_desk
from tests.flows.shop import EDITED, PLACED, SALE, Shop

AT_ONCE = {"ops": {"drain_inbox": {"config": {"linger_seconds": 0}}}}
FLOWS = Path(definitions.__file__).parent / "assets" / "flows"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "he_sync.db") as opened:
        yield opened


@pytest.fixture
def shop(desk, store):
    return Shop(desk, store, lambda: datetime.now(UTC))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


@pytest.fixture
def resources(desk, tmp_path):
    return resources_of(desk.environment, tmp_path)


def resources_of(environment, home, **more):
    fields = {name for name in ConnectionsResource.model_fields if f"HE_{name.upper()}" in environment} - {"home"}
    known = {name: environment[f"HE_{name.upper()}"] for name in fields}
    connections = ConnectionsResource(home=str(home), **{**known, **more})
    return {"memory": MemoryResource(home=str(home), profile=environment["HE_PROFILE"]), "connections": connections}


def run(instance, resources, **more):
    return drain_job.execute_in_process(instance=instance, resources=resources, run_config=AT_ONCE, **more)


def materializations(result):
    return [
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    ]


def named(result):
    return {event for made in materializations(result) for event in made.metadata["events"].value}


def words(instance, run_id):
    return " ".join(entry.user_message for entry in instance.all_logs(run_id))


# lineage


def test_every_event_that_a_run_answered_is_named_in_its_lineage(shop, store, instance, resources):
    orders = [shop.order() for _ in range(5)]
    for order in orders:
        shop.tell(PLACED, order)
        shop.tell(EDITED, order)
    ticket = shop.ticket()
    shop.tell(SALE, ticket)
    shop.tell(PLACED, "order 999999999")
    shop.tell("processor/transaction", "payment 7", "nobody's")
    result = run(instance, resources)
    answered = inbox.listing(store, ("done", "quiet", "parked"))
    assert len(answered) == 13
    assert named(result) == {kept.event.event_id for kept in answered}


def test_people_hear_of_records_that_wait_for_them_once(shop, instance, resources):
    for number in ("999999998", "999999999"):
        shop.tell(PLACED, f"order {number}")
        run(instance, resources)
    [waiting] = alarms.waiting(Path(resources["memory"].home))
    told = json.loads(waiting.read_text(encoding="utf-8"))
    assert told["subject"] == "order_to_fulfilment: records wait for a person"
    assert "order 999999998" in told["text"]


def test_a_materialization_says_which_entities_what_came_of_them_and_how_long_it_took(shop, instance, resources):
    order = shop.order()
    shop.tell(PLACED, order)
    [made] = materializations(run(instance, resources))
    facts = {name: value.value for name, value in made.metadata.items()}
    assert made.asset_key == dg.AssetKey(["flow", "order_to_fulfilment"])
    assert facts["entities"] == order
    assert facts["outcomes"] == {"done": 1}
    assert facts["effects confirmed"] >= 1
    assert 0 < facts["latency p50 (s)"] <= facts["latency p95 (s)"] < 60


def test_a_batch_of_more_events_than_one_may_name_is_told_in_several_and_loses_none():
    events = tuple(f"event-{number}" for number in range(2 * NAMED + 1))
    heard = []
    tell(heard.append, MicroBatch("a", 1, events, (), Counter(), Counter(), (), ()))
    assert [one.metadata["event count"].value for one in heard] == [NAMED, NAMED, 1]
    assert tuple(event for one in heard for event in one.metadata["events"].value) == events


def test_a_flow_materialised_by_hand_answers_what_waits_once_and_does_not_linger(shop, store, instance, resources):
    order = shop.order()
    shop.tell(PLACED, order)
    by_hand = definitions.build(resources=resources).resolve_implicit_global_asset_job_def()
    key = dg.AssetKey(["flow", "order_to_fulfilment"])
    began = time.monotonic()
    assert by_hand.execute_in_process(instance=instance, asset_selection=[key]).success
    assert time.monotonic() - began < LINGER / 2
    assert [kept.state for kept in inbox.by_entity(store, order)] == ["done"]
    assert not lanes.held(store, LANE, datetime.now(UTC))


# one at a time


def test_a_second_drain_ends_at_once_and_says_who_is_at_it(shop, store, instance, resources):
    order = shop.order()
    shop.tell(PLACED, order)
    lanes.take(store, LANE, "drain of the morning", 30, datetime.now(UTC))
    result = run(instance, resources)
    assert result.success
    assert "drain of the morning has the lane" in words(instance, result.run_id)
    assert [kept.state for kept in inbox.by_entity(store, order)] == ["new"]
    assert effects.listing(store) == []


def test_a_cancelled_drain_ends_cancelled_and_lets_go_although_its_interrupt_was_lost(store, instance, resources):
    def cancel():
        while not lanes.held(store, LANE, datetime.now(UTC)):
            time.sleep(0.02)
        [running] = instance.get_runs()
        instance.report_run_canceling(running)

    began = time.monotonic()
    with ThreadPoolExecutor(1) as person:
        asked = person.submit(cancel)
        result = drain_job.execute_in_process(instance=instance, resources=resources, raise_on_error=False)
        asked.result()
    assert time.monotonic() - began < LINGER / 2
    assert instance.get_run_by_id(result.run_id).status == dg.DagsterRunStatus.CANCELED
    assert not lanes.held(store, LANE, datetime.now(UTC))


# a person is needed


def test_refused_credentials_fail_the_run_with_one_line_and_leave_lane_and_events(
    desk, shop, store, tmp_path, instance
):
    order = shop.order()
    shop.tell(PLACED, order)
    wrong = resources_of(desk.environment, tmp_path / "other", heartland_token="not-the-token")
    wrong["memory"] = MemoryResource(home=str(tmp_path), profile=desk.environment["HE_PROFILE"])
    result = run(instance, wrong, raise_on_error=False)
    [failure] = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    assert "nothing is lost" in failure.step_failure_data.user_failure_data.description
    assert not lanes.held(store, LANE, datetime.now(UTC))
    assert [kept.state for kept in inbox.by_entity(store, order)] == ["new"]


# flow files


def test_every_flow_file_is_an_asset_below_the_sources_of_its_topics():
    graph = definitions.defs.resolve_asset_graph()
    flows = {path.parent.name for path in FLOWS.glob("*/defs.yaml")}
    found = {
        key.path[1]: {parent.path[0] for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
        if key.path[0] == "flow"
    }
    assert found.keys() == flows
    assert found["order_to_fulfilment"] == {"heartland", "shop"}


def test_the_page_of_a_flow_shows_its_trigger_its_routes_and_its_mapping():
    spec = definitions.defs.resolve_assets_def(dg.AssetKey(["flow", "order_to_fulfilment"])).get_asset_spec()
    assert "shop/order.created" in spec.metadata["trigger"].value
    assert "5000.00" in spec.metadata["routes"].value
    assert "sales_order" in spec.metadata["mapping"].value
    assert spec.owners
    assert spec.description


BAD = {
    "an option that is misspelt": ("report_back:", "report_bakc:", "report_bakc"),
    "an inexact amount": ('"5000.00"', "5000.00", "write amounts and percentages in quotes"),
    "a step that nobody registered": ("read: heartland_sales", "read: heartland_dreams", "heartland_dreams"),
    "a key given twice": ("push:", "read: heartland_sales\n  push:", "given twice"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_flow_file_is_named_with_file_line_and_rule(tmp_path, monkeypatch, case):
    right, wrong, rule = BAD[case]
    package = "flows_" + re.sub(r"\W", "_", case)
    folder = tmp_path / "code" / package
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "order_to_fulfilment" / "defs.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setenv("HE_HOME", str(tmp_path / "new"))
    with pytest.raises(ComponentTreeException) as raised:
        load_flows(package)
    told = str(raised.value.__cause__)
    sys.modules.pop(package, None)
    assert rule in told
    assert str(path) in told
    if case != "a step that nobody registered":
        assert re.search(rf"{re.escape(str(path))}:\d+", told), told


def test_a_bad_flow_file_leaves_the_code_loaded_with_the_version_before_it(tmp_path, monkeypatch, store):
    folder = tmp_path / "code" / "flows_that_ran"
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    last_good.usable(store, folder)
    path = folder / "returns" / "defs.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: one"))
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setenv("HE_HOME", str(tmp_path))
    loaded = definitions.build(flows=load_flows("flows_that_ran"))
    sys.modules.pop("flows_that_ran", None)
    pages = {spec.key.path[-1]: spec for spec in loaded.resolve_all_asset_specs() if spec.key.path[0] == "flow"}
    assert pages.keys() == {each.parent.name for each in FLOWS.glob("*/defs.yaml")}
    assert re.search(rf"{re.escape(str(path))}:\d+: attributes.version", pages["returns"].description)
    assert "wrong" not in pages["parts"].description


@pytest.fixture
def own_flows(tmp_path, monkeypatch, store):
    """An installation's own flow files, which were right once."""
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(registry, "FOLDER", folder)
    last_good.usable(store, folder)
    return folder


def test_a_drain_goes_on_with_a_bad_flow_file_and_people_hear_of_it_once(
    tmp_path, own_flows, instance, resources, shop
):
    path = own_flows / "order_to_fulfilment" / "defs.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: one"))
    for _ in range(2):
        order = shop.order()
        shop.tell(PLACED, order)
        assert run(instance, resources).success
        assert shop.orders(order)
    [told] = [json.loads(one.read_text()) for one in alarms.waiting(tmp_path)]
    assert told["subject"] == "flow file order_to_fulfilment is wrong"
    assert re.search(rf"{re.escape(str(path))}:\d+: attributes.version", told["text"])


def test_people_hear_once_of_a_flow_that_stands_still(desk, tmp_path, instance, resources, shop):
    orders = [shop.order() for _ in range(2)]
    shop.hear(PLACED, *orders)
    desk.sandbox.faults.set([Fault("error_before", "epicor", "GET", "HeSync_OrderJobs", status=404)])
    for order in orders:
        shop.tell("epicor/OrderHed", f"erp_order {shop.orders(order)[0]['OrderNum']}")
    result = run(instance, resources)
    desk.sandbox.faults.set([])
    assert result.success
    [told] = [json.loads(one.read_text()) for one in alarms.waiting(tmp_path)]
    assert told["subject"] == "flow fulfilment_status stands still"
    assert "Epicor has no query HeSync_OrderJobs; import it" in told["text"]
