"""`he-sync stock why` on the pulls of a night: every term is what the record says that it names."""

import json
from decimal import Decimal

import pytest
import yaml

from he_sync.connect import strict_json
from he_sync.store import effects
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.cli.conftest import FRIDAY, Caller

DAY = FRIDAY.isoformat()


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    """An installation that pulled one night and wrote nothing."""
    return tmp_path_factory.mktemp("pulled")


@pytest.fixture
def office(shop, pulled, monkeypatch, capfd):
    he_sync = Caller(shop, pulled, monkeypatch, capfd)
    if not (pulled / "lake").exists():
        code, _, err = he_sync("close", DAY, "--plan-only", "--json")
        assert code in {0, 1}, err
    return he_sync


def stores(he_sync):
    return yaml.safe_load(he_sync.profile.read_text())["stores"]


def place(he_sync, warehouse):
    return next(one for one in stores(he_sync) if one["warehouse"] == warehouse)


def why(he_sync, *words):
    code, out, err = he_sync("stock", "why", *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def held_in_both(he_sync):
    """SKU, warehouse row and inventory value of a part in pieces that orders hold in both systems."""
    lake = Lake(he_sync.home / "lake")
    places = {one["location_id"]: one["warehouse"] for one in stores(he_sync)}
    ids = {one["id"]: one["public_id"] for one in documents(lake, "heartland/items")}
    values = {(ids[v["item_id"]], places[v["location_id"]]): v for v in documents(lake, "heartland/stock")}
    return next(
        (part["PartNum"], row, value)
        for part in documents(lake, "epicor/parts")
        for row in part["PartWhses"]
        if part["IUM"] == "EA" and row["ReservedQty"]
        if (value := values.get((part["PartNum"], row["WarehouseCode"]))) and value["qty_committed"]
    )


def documents(lake, entity):
    return (strict_json.loads(payload) for _, payload in lake.payloads(entity, DAY))


def test_each_term_of_a_number_is_what_its_record_says(office):
    sku, row, value = held_in_both(office)
    store = place(office, row["WarehouseCode"])
    answer = why(office, sku, store["code"])
    terms = {term["name"]: term for term in answer["terms"]}
    owner = {"heartland": value["qty_on_hand"], "epicor": row["OnHandQty"]}[store["stock_owner"]]
    assert Decimal(terms["on hand"]["units"]) == owner
    assert terms["on hand"]["source"] == store["stock_owner"]
    assert Decimal(terms["reserved"]["units"]) == -row["ReservedQty"]
    assert Decimal(terms["committed"]["units"]) == -value["qty_committed"]
    assert Decimal(terms["held by both"]["units"]) == min(row["ReservedQty"], value["qty_committed"])
    assert terms["reserved"]["record"] == f"PartWhse {sku} in {row['WarehouseCode']}"
    assert Decimal(answer["raw"]) == sum(Decimal(term["units"]) for term in answer["terms"])


def test_a_policys_buffer_counts_for_the_channel_that_it_names_and_kits_are_put_together(office, tmp_path):
    sku, row, _ = held_in_both(office)
    store = place(office, row["WarehouseCode"])
    policy = tmp_path / "stock.yaml"
    policy.write_text(f"buffers: [{{channels: [web], units: 2}}]\nkits: {{PAIR: {{'{sku}': 2}}}}\n")
    given = ("--policy", str(policy))
    plain, web = (why(office, sku, store["code"], *given, *more) for more in ((), ("--channel", "web")))
    assert Decimal(plain["raw"]) - Decimal(web["raw"]) == 2
    kit = why(office, "PAIR", store["code"], *given)
    assert Decimal(kit["published"]) == Decimal(plain["published"]) // 2
    assert kit["parts"][0][1]["sku"] == sku


def test_the_table_for_people_shows_the_same_terms_with_their_times(office):
    sku, row, _ = held_in_both(office)
    store = place(office, row["WarehouseCode"])
    answer = why(office, sku, store["code"])
    code, out, _ = office("stock", "why", sku, store["code"])
    assert code == 0
    assert out.startswith(f"item {sku} at {store['code']}: {answer['published']} to sell")
    for term in answer["terms"]:
        [line] = [line for line in out.splitlines() if line.startswith(f"{term['name']} ")]
        assert f"{Decimal(term['units']):+}" in line
        assert term["at"][:19].replace("T", " ") in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("NONE", "{code}"), "item NONE is in neither system's pull"),
        (("NONE", "S999"), "S999 is no place of the profile; it has"),
        (("NONE", "{code}", "--day", "2020-01-01"), "has no data for 2020-01-01"),
        (("NONE", "{code}", "--policy", "missing.yaml"), "missing.yaml: cannot read the stock policy"),
    ],
)
def test_what_is_not_there_is_one_clear_line(office, words, said):
    code, out, err = office("stock", "why", *(word.format(code=stores(office)[0]["code"]) for word in words))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_an_adjustment_that_was_made_since_the_pull_is_counted(he_sync_alone):
    """The close adjusts what differs; asked before the next pull, the number already has it."""
    he_sync_alone("close", DAY, "--json")
    with open_store(he_sync_alone.home / "he_sync.db") as store:
        made = [one.effect for one in effects.listing(store, states=["confirmed"])]
    owned = {(one["code"], "adjust_pos_stock" if one["stock_owner"] == "heartland" else "adjust_erp_stock")
             for one in stores(he_sync_alone)}  # fmt: skip
    places = [(one.entity.removeprefix("item ").split(" @ "), one) for one in made if " @ " in one.entity]
    found = [(sku, code, one) for (sku, code), one in places if (code, one.kind) in owned]
    assert found
    for sku, code, one in found:
        [moved] = [term for term in why(he_sync_alone, sku, code)["terms"] if term["name"] == "moved since"]
        assert moved["record"] == f"effect {one.key}"
        assert Decimal(moved["units"]) == Decimal(one.body["delta"])


def test_a_plan_of_stock_and_of_products_shows_what_would_change_and_writes_nothing(office, shop):
    state = shop[0].state
    before = len(state.oracle("origin = 'api'"))
    for verb in ("stock", "products"):
        code, out, err = office(verb, "plan", "--json")
        assert (code, err) == (0, "")
        json.loads(out)
    assert len(state.oracle("origin = 'api'")) == before


def test_a_rule_that_is_misspelt_is_one_line_and_exit_code_2(office, tmp_path):
    wrong = tmp_path / "rules.yaml"
    wrong.write_text("tax_categorys: {A: B}\n")
    for words in (("products", "plan", "--rules"), ("stock", "plan", "--policy")):
        code, out, err = office(*words, str(wrong))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert str(wrong) in err
