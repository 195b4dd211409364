"""An edit of a flow file stops nothing: what is right counts from the next micro-batch on, what is wrong never does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from assets.flow import load_flows
from he_sync.flows import registry
from he_sync.flows.last_good import Watched, usable
from he_sync.model.errors import FixInput
from he_sync.store import good_flows
from he_sync.store.database import open_store
from tests.flows.shop import PLACED, Shop

NAMES = {path.parent.name for path in registry.files()}


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "flows"
    shutil.copytree(registry.FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "he_sync.db") as opened:
        yield opened


def edit(folder: Path, name: str, old: str, new: str) -> Path:
    path = folder / name / "defs.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def by_name(found):
    return {flow.name: flow for flow in found.flows}


def test_an_installation_with_a_folder_of_its_own_runs_the_flows_that_lie_there(store, folder, monkeypatch):
    shutil.rmtree(folder / "parts")
    monkeypatch.setenv("HE_FLOWS", str(folder))
    assert by_name(usable(store)).keys() == NAMES - {"parts"}
    specs = load_flows().assets
    assert {key.path[-1] for one in specs for key in getattr(one, "keys", ())} == NAMES - {"parts"}


BAD = {
    "an option that is misspelt": ("report_back:", "report_bakc:", "report_bakc"),
    "not YAML": ("read: heartland_sales", "read: [heartland_sales", "defs.yaml:"),
    "a step that nobody registered": ("read: heartland_sales", "read: heartland_dreams", "heartland_dreams"),
    "a date that there is not": ("  read: h", "  not_before: 2026-13-01\n  read: h", "month must be in 1..12"),
    "an inexact amount": ('"5000.00"', "5000.00", "in quotes"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_wrong_leaves_its_last_good_version_and_the_others_as_they_are(store, folder, case):
    before = {flow.name: flow.version for flow in usable(store, folder).flows}
    old, new, rule = BAD[case]
    path = edit(folder, "order_to_fulfilment", old, new)
    edit(folder, "returns", "version: 1", "version: 2")
    found = usable(store, folder)
    assert {flow.name: flow.version for flow in found.flows} == {**before, "returns": 2}
    [broken] = found.broken
    assert (broken.file, broken.flow) == ("order_to_fulfilment", "order_to_fulfilment")
    assert str(path) in broken.why
    assert rule in broken.why
    assert "version 1 of " in broken.instead


def test_what_was_mended_counts_again_and_nothing_is_wrong_any_more(store, folder):
    usable(store, folder)
    edit(folder, "returns", "version: 1", "version: one")
    assert by_name(usable(store, folder))["returns"].version == 1
    edit(folder, "returns", "version: one", "version: 3")
    found = usable(store, folder)
    assert (by_name(found)["returns"].version, found.broken) == (3, ())
    assert good_flows.listing(store)["returns"].digest == good_flows.digest_of(
        (folder / "returns" / "defs.yaml").read_text()
    )


def test_a_file_that_stays_wrong_over_restarts_keeps_the_same_good_version(store, folder):
    usable(store, folder)
    good = good_flows.listing(store)["returns"]
    edit(folder, "returns", "version: 1", "version: one")
    for _ in range(3):
        assert by_name(usable(store, folder))["returns"].version == 1
    assert good_flows.listing(store)["returns"] == good


def test_an_installation_that_never_had_a_good_set_does_not_begin(store, folder):
    """With nothing to go on with, its orders would be answered as nobody's."""
    path = edit(folder, "returns", "version: 1", "version: one")
    with pytest.raises(FixInput, match=r"attributes\.version") as refusal:
        usable(store, folder)
    assert str(path) in str(refusal.value)
    assert good_flows.listing(store) == {}


def test_a_new_flow_that_was_never_right_is_left_out_and_named(store, folder):
    usable(store, folder)
    (folder / "outlet").mkdir()
    (folder / "outlet" / "defs.yaml").write_text("type: assets.flow.Flow\n")
    found = usable(store, folder)
    assert by_name(found).keys() == NAMES
    assert [(one.file, one.instead) for one in found.broken] == [("outlet", "it was never right and is left out")]


def test_files_that_are_wrong_only_together_keep_what_they_were(store, folder):
    usable(store, folder)
    path = folder / "customers" / "defs.yaml"
    document = yaml.safe_load(path.read_text())
    document["attributes"]["map"]["owners"] = {"phone": "epicor"}
    path.write_text(yaml.safe_dump(document))
    found = usable(store, folder)
    assert not by_name(found)["customers"].map.owners
    [broken] = found.broken
    assert "name different map.owners" in broken.why


def test_a_flow_that_is_taken_away_is_gone(store, folder):
    usable(store, folder)
    shutil.rmtree(folder / "parts")
    assert by_name(usable(store, folder)).keys() == NAMES - {"parts"}
    assert "parts" not in good_flows.listing(store)


def test_looking_only_keeps_nothing(store, folder):
    assert by_name(usable(store, folder, keep=False)).keys() == NAMES
    assert good_flows.listing(store) == {}


# in a drain


@pytest.fixture
def shop(desk, store, clock):
    return Shop(desk, store, clock)


def announced(shop):
    shop.tell(PLACED, shop.order())


def test_an_edit_in_the_middle_of_a_drain_counts_from_the_next_micro_batch_on(shop, store, folder):
    told, versions = [], []
    watched = Watched(store, told.append, folder)

    def batch(one):
        if one.flow != "order_to_fulfilment":
            return
        versions.append(one.version)
        if len(versions) == 1:
            edit(folder, "order_to_fulfilment", "version: 1", "version: 2")
            announced(shop)
        elif len(versions) == 2:
            edit(folder, "order_to_fulfilment", "version: 2", "version: two")
            announced(shop)

    announced(shop)
    assert not shop.drain(flows=watched, observe=batch).alarm
    assert versions == [1, 2, 2]
    [broken] = told
    assert "attributes.version" in broken.text
    assert "version 2 of " in broken.text


def test_a_set_of_which_nothing_can_be_used_leaves_a_running_drain_with_what_it_has(store, folder):
    told = []
    watched = Watched(store, told.append, folder)
    before = watched()
    shutil.rmtree(folder)
    assert watched() is before
    assert [one.instead for one in told] == ["the flows go on as they were"]
    assert watched() is before
    assert len(told) == 1


def test_an_unchanged_set_is_not_read_again(store, folder):
    watched = Watched(store, lambda _: None, folder)
    first = watched()
    assert watched() is first
    edit(folder, "returns", "version: 1", "version: 2")
    assert watched() is not first
