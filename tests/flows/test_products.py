"""Epicor's parts are the shop's items, field by field as it is owned; what did not change is never written."""

from dataclasses import replace
from decimal import Decimal

import pytest

from he_sync.flows.products import send
from he_sync.flows.products.planning import Counter
from he_sync.mapping.products import Rules
from he_sync.store import dead_letters, effects
from he_sync.store.database import open_store
from tests.flows.desk import Clock
from tests.flows.stock_yard import numbers

pytestmark = pytest.mark.usefixtures("desk")  # it ends the faults of a test
RULES = Rules(
    classes=("SOLD",),
    tax_categories={"TAX": "Yes", "FREE": "No"},
    financial_classes={"CAMP": 7},
    fractional_units=("YD",),
    part_class="NEW",
)


class Range:
    """What both systems sell: parts and items of their own, so that no test sees another's."""

    def __init__(self, desk, store):
        self.desk, self.counter = desk, Counter(desk.systems, store, desk.retailer, RULES)
        self.pos, self.erp, self.state = desk.systems.heartland, desk.systems.epicor, desk.sandbox.state

    def part(self, **columns):
        sku = f"PR{next(numbers):05d}"
        known = {"PartNum": sku, "PartDescription": f"Tent {sku}", "IUM": "EA", "SalesUM": "EA", "TypeCode": "P"}
        priced = {"ClassID": "SOLD", "UnitPrice": Decimal("45.99"), "TaxCatID": "TAX", "UPCCode1": f"84{sku[2:]}"}
        self.erp.insert("Erp.BO.PartSvc", "Parts", {**known, **priced, **columns})
        return sku

    def change(self, sku, **columns):
        self.erp.patch("Erp.BO.PartSvc", "Parts", {"PartNum": sku}, columns)

    def item(self, sku):
        [row] = [row for row in self.state.select("heartland/items") if row["public_id"] == sku]
        return row

    def edit(self, sku, **fields):
        self.pos.update(f"items/{self.item(sku)['id']}", fields)

    def push(self, **more):
        return send.push(replace(self.counter, **more), "test")

    def writes(self):
        return len(self.state.oracle("origin = 'api' AND collection LIKE 'heartland/item%'"))


@pytest.fixture(scope="module")
def range_(the_desk, tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("range") / "he_sync.db") as store:
        opened = Range(the_desk, store)
        opened.push()
        yield opened


def letters(range_):
    return {kept.letter.record: kept.letter.plain for kept in dead_letters.listing(range_.counter.store)}


def test_a_new_part_is_an_item_with_all_that_it_says(range_):
    sku = range_.part(ProdCode="CAMP")
    range_.push()
    item = range_.item(sku)
    assert (item["description"], item["price"], item["active?"]) == (f"Tent {sku}", Decimal("45.99"), True)
    assert (item["financial_class_id"], item["allow_fractional_qty?"]) == (7, False)
    assert item["custom"] == {"upc": f"84{sku[2:]}", "tax_category": "Yes"}


def test_what_did_not_change_is_not_written_and_not_even_read(range_):
    sku, quiet = range_.part(), range_.part()
    range_.push()
    range_.change(sku, UnitPrice=Decimal("39.99"), InActive=True)
    before = range_.writes()
    out = range_.push()
    assert (out.news, out.planned, range_.writes() - before) == (1, 1, 1)
    assert (range_.item(sku)["price"], range_.item(sku)["active?"]) == (Decimal("39.99"), False)
    assert range_.push().news == 0
    assert range_.item(quiet)["price"] == Decimal("45.99")


def test_a_plan_shows_old_and_new_and_writes_nothing(range_):
    sku = range_.part()
    range_.push()
    range_.change(sku, UnitPrice=Decimal("39.99"))
    before = range_.writes()
    assert f"item {sku}: price 45.99 -> 39.99" in send.plan(range_.counter).preview
    assert range_.writes() == before


def test_sizes_and_colours_of_a_style_are_one_grid_made_once(range_):
    style = f"STYLE-{next(numbers)}"
    skus = [
        range_.part(CommercialStyle=style, CommercialColor=c, CommercialSize1=s) for c in ("RED", "BLU") for s in "SM"
    ]
    range_.push()
    skus.append(range_.part(CommercialStyle=style, CommercialColor="RED", CommercialSize1="L"))
    range_.push()
    items = [range_.item(sku) for sku in skus]
    [grid] = [row for row in range_.state.select("heartland/item_grids") if row["custom"].get("epicor_style") == style]
    assert {item["grid_id"] for item in items} == {grid["id"]}
    assert [item["custom"]["color"] + item["custom"]["size"] for item in items] == [
        "REDS",
        "REDM",
        "BLUS",
        "BLUM",
        "REDL",
    ]


def test_a_field_is_written_by_its_owner_alone(range_):
    """The shop owns the price here; its cost and its long description it owns always."""
    rules = RULES.model_copy(update={"owners": {"price": "heartland"}})
    sku = range_.part()
    range_.push(rules=rules)
    range_.edit(sku, price=Decimal("12.00"), cost=Decimal("5.00"), description="changed in the shop")
    range_.change(sku, UnitPrice=Decimal("39.99"))
    assert range_.push(rules=rules).planned == 0
    range_.push(rules=rules, again=True)
    item = range_.item(sku)
    assert (item["price"], item["cost"], item["description"]) == (Decimal("12.00"), Decimal("5.00"), f"Tent {sku}")


def test_a_price_for_a_case_is_a_price_for_a_piece_or_refused(range_):
    good, bad = (range_.part(IUM="CS", SalesUM="CS", UnitPrice=Decimal(price)) for price in ("12.00", "10.00"))
    for sku in (good, bad):
        ids = {"Company": "EPIC06", "PartNum": sku, "UOMCode": "CS"}
        range_.state.put("epicor/PartUOM", "~".join(ids.values()), {**ids, "ConvFactor": 12}, f"EPIC06~{sku}")
    range_.push()
    assert range_.item(good)["price"] == Decimal("1.00")
    assert "no whole cents a piece" in letters(range_)[f"part {bad}"]


def test_each_bad_part_is_named_and_the_others_go_on(range_):
    unit, tax, twin, good = range_.part(IUM="BOX"), range_.part(TaxCatID="ODD"), range_.part(), range_.part()
    for _ in range(2):
        range_.pos.create("items", {"public_id": twin, "description": twin, "price": 1})
    range_.push()
    said = letters(range_)
    assert range_.item(good)["price"] == Decimal("45.99")
    assert "BOX, which has no conversion" in said[f"part {unit}"]
    assert "TaxCatID ODD has no name in the shop; add it under tax_categories" in said[f"part {tax}"]
    assert "one part may have one item" in said[f"item {twin}"]


def test_an_item_deleted_between_plan_and_push_is_refused_alone(range_):
    gone, good = range_.part(), range_.part()
    range_.push()
    for sku in (gone, good):
        range_.change(sku, UnitPrice=Decimal("39.99"))
    number = range_.item(gone)["id"]
    out = send.push(range_.counter, "test", tell=lambda _: range_.state.delete("heartland/items", number))
    assert range_.item(good)["price"] == Decimal("39.99")
    assert [line for line in out.problems if f"item {gone} is gone from Heartland" in line]


def test_an_item_born_at_the_till_becomes_a_part_when_a_person_says_so_and_is_asked_about_once(range_):
    sku = f"TILL-{next(numbers)}"
    body = {"public_id": sku, "description": "Found at the till", "price": Decimal("9.50"), "custom": {"upc": "1234"}}
    range_.pos.create("items", body)
    assert range_.push().waiting == 1
    assert range_.push().waiting == 0
    [status] = effects.listing(range_.counter.store, entity=f"item {sku}")
    assert (status.state, status.effect.waits_because[:16]) == ("waiting_approval", "born at the till")
    effects.approve(range_.counter.store, status.effect.key, "dana")
    range_.desk.push(range_.counter.store, Clock())
    part = range_.state.get("epicor/Part", f"EPIC06~{sku}")
    assert (part["PartDescription"], part["UnitPrice"], part["UPCCode1"]) == (
        "Found at the till",
        Decimal("9.50"),
        "1234",
    )
    assert part["ClassID"] == "NEW"
