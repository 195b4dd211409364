"""`he-sync flows` as an integrator calls it: files checked in one line a problem, one record run or only compared."""

import json

import pytest

from he_sync.cli import house
from he_sync.connect.systems import connect
from he_sync.flows import last_good, registry
from he_sync.store import effects, good_flows
from he_sync.store.database import open_store

ORDERS = registry.FOLDER / "order_to_fulfilment" / "defs.yaml"


def changed(tmp_path, old, new):
    text = ORDERS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "defs.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def an_order(he_sync):
    """An order that the shop takes now."""
    state = he_sync.sandbox.state
    old = next(row for row in state.select("heartland/sales/orders") if row["status"] == "open")
    item = next(
        row for row in state.select("heartland/items") if state.get("epicor/Part", f"EPIC06~{row['public_id']}")
    )
    taken = {name: old[name] for name in ("customer_id", "source_location_id", "station_id", "status")}
    with connect(house.settings_of(he_sync.environment)) as systems:
        number = systems.heartland.create("sales/orders", {**taken, "lines": [{"item_id": item["id"], "qty": 2}]})
    return f"order {number}"


def test_the_flows_of_this_installation_are_right(he_sync):
    code, out, _ = he_sync("flows", "check")
    assert code == 0
    assert "flow files are right" in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("read: heartland_sales", "read: heartland_sails", "attributes.read: 'heartland_sails' is none of"),
        ('over: "5000.00"', "over: 5000.00", "route.0.over: write amounts and percentages in quotes"),
        ("when: blocked_part", "when: blocked_parts", "route.3.when: 'blocked_parts' is none of"),
        ("report_back:", "report_bak:", "attributes.report_bak: there is no key report_bak; did you mean report_back?"),
        ("version: 1", "version: 1\n  version: 2", "attributes.version: is given twice"),
        ("version: 1", "version: [", "defs.yaml:"),
        ("heartland/sales_order", "heartland sales_order", "trigger.topics"),
    ],
)
def test_a_wrong_flow_file_is_one_line_with_file_place_and_rule(he_sync, tmp_path, old, new, said):
    code, _, err = he_sync("flows", "check", str(changed(tmp_path, old, new)))
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert said in err
    assert "defs.yaml" in err


def test_a_wrong_file_of_which_a_good_version_runs_is_named_with_it(he_sync, tmp_path):
    path = changed(tmp_path, "version: 1", "version: one")
    with open_store(he_sync.home / "he_sync.db") as store:
        last_good.usable(store)
        digest = good_flows.listing(store)["order_to_fulfilment"].digest
    draft = path.parent / "order_to_fulfilment" / "defs.yaml"
    draft.parent.mkdir()
    path.rename(draft)
    code, _, err = he_sync("flows", "check", str(draft))
    wrong, instead = err.strip().splitlines()
    assert (code, "attributes.version" in wrong) == (2, True)
    assert instead.startswith("order_to_fulfilment: as it was on ")
    assert f"({digest[:10]}) it goes on" in instead


def test_every_problem_of_a_file_is_a_line_of_its_own(he_sync, tmp_path):
    path = changed(tmp_path, "version: 1", "version: 0\n  colour: red")
    code, out, _ = he_sync("flows", "check", str(path), "--json")
    assert code == 2
    assert len(json.loads(out)) == 2


def test_the_schema_knows_every_part_of_a_flow(he_sync):
    code, out, _ = he_sync("flows", "schema")
    assert code == 0
    flow = json.loads(out)["$defs"]["Flow"]["properties"]
    assert {"trigger", "read", "validate", "match", "map", "route", "push", "report_back"} <= flow.keys()


def test_a_diff_says_what_would_change_and_writes_nothing_anywhere(he_sync):
    order = an_order(he_sync)
    before = he_sync.writes()
    code, out, _ = he_sync("flows", "diff", "order_to_fulfilment", "--entity", order, "--json")
    assert code == 0
    told = json.loads(out)
    assert [one["kind"] for one in told["effects"]] == ["create_sales_order", "confirm_order"]
    assert he_sync.writes() == before
    with open_store(he_sync.home / "he_sync.db") as store:
        assert effects.listing(store) == []


def test_a_run_makes_the_order_once_and_tells_its_story(he_sync_alone):
    order = an_order(he_sync_alone)
    code, out, _ = he_sync_alone("flows", "run", "order_to_fulfilment", "--entity", order)
    assert code == 0
    assert "sent: create_sales_order to epicor" in out
    before = he_sync_alone.writes()
    code, out, _ = he_sync_alone("flows", "run", "order_to_fulfilment", "--entity", order)
    assert code == 0
    assert "the ERP was told all of this" in out
    assert he_sync_alone.writes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("flows", "diff", "orders", "--entity", "order 1"), "no flow is called 'orders'"),
        (("flows", "diff", "customers", "--entity", "117060"), "names no record"),
        (("flows", "check", "nothing-here.yaml"), "nothing-here.yaml: cannot be read"),
    ],
)
def test_a_wrong_word_is_one_line(he_sync, words, said):
    code, _, err = he_sync(*words)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert said in err
