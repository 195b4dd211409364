from __future__ import annotations

import pytest

from he_sync.sandbox.faults import Fault
from he_sync.sandbox.heartland import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import KITE, MUG, SHOP, WAREHOUSE, WHEEL, load
from tests.sandbox.heartland_http import Retail


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    sandbox.state.set_setting("clock.frozen", "2026-02-01T00:00:00+00:00")
    return Retail(sandbox)


@pytest.mark.parametrize(
    "query",
    [
        '_filter={"id":{"$gt":100001},"active":true}',
        '_filter=[{"id":{"$gt":100001}},{"active":true}]',
        '_filter[]={"id":{"$gt":100001}}&_filter[]={"active":true}',
        "_filter[id][$gt]=100001&_filter[active]=true",
        "_filter[id][$in][]=100002&_filter[id][$in][]=100003&_filter[active]=true",
        "~[id][$gt]=100001&~[active]=true",
        "~[public_id]=kite",
        "~[id][$gt]=100001&active=true",
    ],
)
def test_the_five_filter_forms_find_the_same_rows(retail: Retail, query: str) -> None:
    assert retail.ids(f"items?{query}") == [KITE]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('{"price":{"$eq":5}}', [KITE]),
        ('{"price":{"$neq":5}}', [WHEEL, MUG]),
        ('{"price":{"$gte":5,"$lt":72}}', [KITE, MUG]),
        ('{"price":{"$lte":"8.00"}}', [KITE, MUG]),
        ('{"public_id":{"$in":["kite","mug"]}}', [KITE, MUG]),
        ('{"public_id":{"$nin":["kite","mug"]}}', [WHEEL]),
        ('{"public_id":{"$like":"*wheel"}}', [WHEEL]),
        ('{"public_id":{"$like":"%"}}', []),
        ('{"$or":[{"id":100001},{"$and":[{"price":8},{"active":false}]}]}', [WHEEL, MUG]),
        ('{"grid_id":null}', [WHEEL, KITE, MUG]),
        ('{"grid_id":{"$neq":null}}', []),
        ('{"custom@department":"Outdoor"}', [KITE]),
        ('{"custom@upc":7100002}', [KITE]),
        ('{"updated_at":{"$gte":"2026-01-02T11:00:00%2B01:00"}}', [KITE, MUG]),
        ('{"updated_at":{"$gt":"2026-01-02T10:00:00Z"}}', [MUG]),
        ('{"id":{"$in":[]}}', []),
    ],
)
def test_every_operator_narrows_as_it_says(retail: Retail, condition: str, found: list[int]) -> None:
    assert retail.ids(f"items?_filter={condition}") == found


@pytest.mark.parametrize(
    "path",
    [
        "sales/tickets?~[completed?]=true",
        "sales/tickets?~[voided]=true",
        "payments?_filter[location_id]=100001",
        "items?_filter[nonsense]=1",
        "items?_filter[price][$between]=1",
        "items?_filter[id][$gt]=abc",
        "items?_filter={",
        "items?_filter=7",
        "items?~[public_id'%20OR%201]=x",
        "items?sort[]=nonsense",
        "items?page=0",
        "items?per_page=many",
        'items?_filter={"updated_at":{"$gte":"yesterday"}}',
    ],
)
def test_what_cannot_be_filtered_is_an_invalid_request(retail: Retail, path: str) -> None:
    assert retail.error("GET", path)[:2] == (400, "invalid_request")


def test_an_operator_without_its_dollar_misbehaves_without_a_word_unless_switched(retail: Retail) -> None:
    path = "items?~[id][gt]=100001"
    assert retail.ids(path) == [WHEEL, KITE, MUG]
    retail.turn(switches.MISSING_DOLLAR, "empty")
    assert retail.ids(path) == []
    retail.turn(switches.MISSING_DOLLAR, "refused")
    assert retail.error("GET", path)[0] == 400


def test_a_plain_public_id_is_no_filter_unless_switched(retail: Retail) -> None:
    assert len(retail.ids("items?public_id=kite")) == 3
    retail.turn(switches.PLAIN_PUBLIC_ID, "filter")
    assert retail.ids("items?public_id=kite") == [KITE]


def test_ticket_location_filter_follows_the_conflicting_sources(retail: Retail) -> None:
    assert len(retail.ids(f"sales/tickets?~[source_location_id]={SHOP}")) == 5
    retail.turn(switches.TICKET_LOCATION_FILTER, "refused")
    assert retail.error("GET", f"sales/tickets?~[source_location_id]={SHOP}")[1] == "invalid_request"


def test_search_finds_every_word_in_some_field(retail: Retail) -> None:
    assert retail.ids("items?query=ferris wheel") == [WHEEL]
    assert retail.ids("customers?query=ben@example") == [100002]


def test_sort_keys_apply_in_order_and_the_id_breaks_ties(retail: Retail) -> None:
    assert retail.ids("items?sort[]=active,desc&sort[]=price,desc") == [WHEEL, KITE, MUG]
    assert retail.ids("items?sort=price") == [KITE, MUG, WHEEL]
    assert retail.ids("items?sort[]=id,desc") == [MUG, KITE, WHEEL]


def test_pages_cover_every_row_once_and_count_themselves(retail: Retail) -> None:
    first, second = retail.get("items?page=1&per_page=2"), retail.get("items?page=2&per_page=2")
    assert (first["total"], first["pages"]) == (3, 2)
    assert [row["id"] for row in first["results"] + second["results"]] == [WHEEL, KITE, MUG]
    assert retail.rows("items?page=3&per_page=2") == []
    assert retail.get("items?per_page=all")["pages"] == 1
    retail.turn(switches.PER_PAGE_MAXIMUM, "1")
    assert len(retail.rows("items?per_page=500")) == 1


def test_embeds_stand_beside_their_ids(retail: Retail) -> None:
    includes = "&".join(f"_include[]={name}" for name in ("customer", "location", "lines", "payments", "subtotal"))
    row = retail.get(f"sales/tickets/100001?{includes}&_include[]=tax_total&_include[]=no_such_thing")
    assert (row["customer"]["name"], row["location"]["name"]) == ("Ana Ruiz", "Main Street")
    assert [line["id"] for line in row["lines"]] == [100001, 100002]
    assert [payment["amount"] for payment in row["payments"]] == [row["total"]]
    assert (row["subtotal"], row["tax_total"]) == (10, row["total"] - 10)
    assert [station["id"] for station in retail.rows("locations?_include[]=stations")[0]["stations"]] == [100001]


def test_only_leaves_the_asked_fields_and_the_embeds(retail: Retail) -> None:
    rows = retail.rows("items?_only[]=id&_only[]=public_id&_include[]=grid")
    assert rows[1] == {"id": KITE, "public_id": "kite", "grid": None}


def test_sub_resources_belong_to_their_owner(retail: Retail) -> None:
    assert retail.ids("sales/tickets/100001/lines") == [100001, 100002]
    assert retail.get("sales/tickets/100001/lines/100002")["type"] == "TaxLine"
    assert retail.call("GET", "sales/tickets/100001/lines/100003").status_code == 404
    assert retail.call("GET", "sales/tickets/999/lines").status_code == 404


def test_two_years_of_tickets_in_one_filter_are_too_wide(retail: Retail) -> None:
    wide = "sales/tickets?~[local_completed_at][$gte]=2024-01-01T00:00:00"
    assert retail.call("GET", wide).status_code == 500
    assert retail.call("GET", f"{wide}&~[local_completed_at][$lt]=2024-07-01T00:00:00").status_code == 200
    retail.turn(switches.WIDE_TICKET_RANGE, "served")
    assert len(retail.ids(wide)) == 4


def test_local_time_carries_its_offset_only_by_switch(retail: Retail) -> None:
    assert retail.get("sales/tickets/100001")["local_completed_at"] == "2026-01-05T12:04:05"
    retail.turn(switches.LOCAL_TIME_SUFFIX, "offset")
    assert retail.get("sales/tickets/100001")["local_completed_at"] == "2026-01-05T12:04:05-06:00"


def test_inventory_values_group_as_asked(retail: Retail) -> None:
    both = retail.rows("inventory/values?group[]=item_id&group[]=location_id")
    assert [(row["item_id"], row["qty"]) for row in both] == [(WHEEL, 4), (KITE, 10), (KITE, 100), (MUG, 0)]
    by_item = retail.rows(f"inventory/values?group[]=item_id&~[item_id]={KITE}&_include[]=item")
    assert [(row["qty"], row["qty_available"], row["item"]["public_id"]) for row in by_item] == [(110, 109, "kite")]
    assert [row["qty"] for row in retail.rows("inventory/values")] == [114]
    kept = retail.rows("inventory/values?group[]=item_id&group[]=location_id&exclude_empty_locations=true")
    assert MUG not in {row["item_id"] for row in kept}
    here = retail.rows(f"inventory/values?group[]=item_id&group[]=location_id&location_id={WAREHOUSE}")
    assert [row["qty"] for row in here] == [100]


def test_a_stale_read_shows_rows_as_they_were(retail: Retail) -> None:
    retail.put(f"items/{KITE}", {"price": 6})
    made = retail.post("items", {"description": "new"})
    retail.sandbox.state.delete("heartland/items", MUG)
    retail.sandbox.faults.set([Fault("stale_read", system="heartland", seconds=3600)])
    assert retail.ids("items?~[price]=5") == [KITE]
    assert retail.ids("items") == [WHEEL, KITE, MUG]
    assert retail.call("GET", made).status_code == 404
    retail.sandbox.faults.set([])
    assert retail.ids("items?~[price]=5") == []
    assert retail.get(made)["description"] == "new"
