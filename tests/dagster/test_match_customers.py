"""Who is who, as Dagster runs it: a real ephemeral instance, the real sandbox over HTTP, the real master."""

from datetime import timedelta

import dagster as dg
import pytest

from he_sync.flows.customer_matching import running
from he_sync.store import master
from he_sync.store.master import Deed, Record
from tests.dagster.stage import built

DANA = Deed("dana", "called them")
CHECKS = {"match_rate", "review_share", "largest_customer", "model_drift", "oversize_blocks"}


@pytest.fixture
def stage(sandbox, tmp_path):
    return built(sandbox, tmp_path / "home", seed=11, days=2)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def matched(stage, instance, **options):
    return stage.run(instance, "match_customers", **options)


def made(result):
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}


def shown(instance, name):
    event = instance.get_latest_materialization_event(dg.AssetKey(["match", name]))
    return event.asset_materialization.metadata


def evaluations(result):
    return {one.check_name: one for one in result.get_asset_check_evaluations() if one.check_name in CHECKS}


def owner(stage, side, number):
    with stage.store() as store:
        return master.whose(store, Record(side, number))


def changed(stage, number, **fields):
    """A customer as somebody at the till changed it, a second later than everything before."""
    state = stage.sandbox.state
    state.set_setting("clock.frozen", (state.now() + timedelta(seconds=1)).isoformat())
    row = state.get("heartland/customers", number)
    state.put("heartland/customers", number, {**row, **fields, "updated_at": state.now().isoformat()})


def test_customers_of_both_systems_become_one_master_and_are_not_matched_again_while_nothing_changes(stage, instance):
    first = matched(stage, instance)
    assert made(first) == {"heartland", "epicor", "pairs", "clusters", "households", "golden", "master"}
    assert all(one.passed for one in evaluations(first).values())
    assert set(evaluations(first)) == CHECKS
    pairs, people = shown(instance, "pairs"), shown(instance, "master")
    assert pairs["plot"].value.startswith("![pairs by score](data:image/png;base64,")
    assert len(pairs["plot"].value) < 50_000
    assert shown(instance, "clusters")["customers"].value == people["dagster/row_count"].value > 300
    number = str(stage.sandbox.state.select("heartland/customers", order="key")[0]["id"])
    assert owner(stage, "heartland", number) == owner(stage, "epicor", f"H{number}") is not None
    assert owner(stage, "epicor", "WALKIN") is None

    second = matched(stage, instance)
    assert second.success
    assert made(second) == {"heartland", "epicor"}
    assert set(evaluations(second)) == CHECKS


def test_nobody_is_named_in_what_dagster_keeps(stage, instance):
    """Erasure reaches our store, not the event log of Dagster."""
    result = matched(stage, instance)
    told = str(
        [[event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]]
    )
    told += str(result.get_asset_check_evaluations())
    people = stage.sandbox.state.select("heartland/customers")
    named = [row[field] for row in people for field in ("email", "phone_number", "name") if len(row[field] or "") > 5]
    digits = ["".join(filter(str.isdigit, row["phone_number"])) for row in people if row["phone_number"]]
    assert "oversize_blocks" in told
    assert not [one for one in (*named, *digits) if one.lower() in told.lower()]


def test_one_changed_customer_is_the_one_that_is_read_and_its_new_address_reaches_the_master(stage, instance):
    matched(stage, instance)
    number = stage.sandbox.state.select("heartland/customers", order="key")[7]["id"]
    changed(stage, number, email="new.box@hillside.test")
    assert "master" in made(matched(stage, instance))
    told = shown(instance, "heartland")
    assert (told["read"].value, told["changed"].value, told["new"].value) == ("what changed", 1, 0)
    assert told["documents read"].value < told["dagster/row_count"].value / 4
    with stage.store() as store:
        customer = master.customer(store, master.whose(store, Record("heartland", str(number))))
    assert customer.golden["email"].value == "new.box@hillside.test"


def test_what_people_decide_at_the_desk_holds_in_the_next_run(stage, instance):
    matched(stage, instance)
    numbers = [str(row["id"]) for row in stage.sandbox.state.select("heartland/customers", order="key")[:2]]
    with stage.store() as store:
        waits = master.waiting(store)[0]
        master.decide(store, waits.left, waits.right, DANA, same=True)
        master.decide(store, Record("heartland", numbers[0]), Record("epicor", f"H{numbers[0]}"), DANA, same=False)
    assert "master" in made(matched(stage, instance))
    assert shown(instance, "clusters")["decided by people"].value == 2
    with stage.store() as store:
        assert master.whose(store, waits.left) == master.whose(store, waits.right)
        assert (waits.left, waits.right) not in [(one.left, one.right) for one in master.waiting(store)]
    assert owner(stage, "heartland", numbers[0]) != owner(stage, "epicor", f"H{numbers[0]}")
    assert owner(stage, "heartland", numbers[1]) == owner(stage, "epicor", f"H{numbers[1]}")
    assert made(matched(stage, instance)) == {"heartland", "epicor"}


def test_a_run_that_would_part_the_customers_waits_until_a_person_accepts_it(stage, instance):
    """An import that wrote one name and one number over half of the accounts."""
    matched(stage, instance)
    number = str(stage.sandbox.state.select("heartland/customers", order="key")[0]["id"])
    before = running.last(stage.home).folder
    spoil(stage.sandbox.state)
    held = matched(stage, instance, raise_on_error=False)
    assert not held.success
    assert {"clusters", "pairs"} <= made(held)
    assert "master" not in made(held)
    assert not evaluations(held)["match_rate"].passed
    assert running.last(stage.home).folder == before
    assert owner(stage, "heartland", number) == owner(stage, "epicor", f"H{number}")

    said = {"ops": {"match_run": {"config": {"accept": "the accounts were emptied on purpose"}}}}
    taken = matched(stage, instance, run_config=said)
    assert taken.success
    assert "emptied on purpose" in evaluations(taken)["match_rate"].description
    assert running.last(stage.home).folder != before


def spoil(state):
    rows = state.select("epicor/Customer", order="key")
    for row in rows[: len(rows) // 2]:
        bad = {"Name": "Imported Record", "PhoneNum": "", "EMailAddress": "", "Address1": "", "City": "", "Zip": ""}
        key = f"{row['Company']}~{row['CustNum']}"
        state.put("epicor/Customer", key, {**row, **bad, "SysRevID": state.next_rev()})
