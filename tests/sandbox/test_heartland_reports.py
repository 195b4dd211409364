"""The sales of the loaded week: two tickets sell six kites for 30.00, one return takes back a kite for 5.00."""

from __future__ import annotations

import pytest

from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import KITE, SHOP, STATION, WAREHOUSE, load
from tests.sandbox.heartland_http import READ_ONLY, Retail


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    sandbox.state.set_setting("clock.frozen", "2026-02-01T00:00:00+00:00")
    return Retail(sandbox)


def report(retail: Retail, query: str) -> dict[str, object]:
    found = retail.get(f"reporting/analyzer?{query}")
    assert found["total"] == 1
    row: dict[str, object] = found["results"][0]
    return row


def test_sales_metrics_count_what_was_completed_and_not_voided(retail: Retail) -> None:
    amounts = {"net_sales": 25, "gross_sales": 30, "gross_returns": 5, "total_cost": 7.5}
    counts = {"transaction_count": 3, "net_qty_sold": 5, "gross_qty_sold": 6, "gross_qty_returned": 1}
    expected = {f"source_sales.{name}": value for name, value in (amounts | counts).items()}
    assert report(retail, "&".join(f"metrics[]={name}" for name in expected)) == expected


def test_both_spellings_of_group_split_rows_within_the_dates(retail: Retail) -> None:
    for word in ("group", "groups"):
        query = f"metrics[]=source_sales.net_sales&{word}[]=location.name&{word}[]=item.public_id"
        row = report(retail, f"{query}&start_date=2026-01-06&end_date=2026-01-06")
        assert row == {"location.name": "Main Street", "item.public_id": "kite", "source_sales.net_sales": 20}


def test_report_filters_narrow_rows_before_and_after_they_are_summed(retail: Retail) -> None:
    by_day = "metrics[]=source_sales.net_sales&groups[]=date.date"
    kept = '&metric.filters={"$and":[{"source_sales.net_sales":{"$gt":["10"]}}]}'
    assert report(retail, by_day + kept)["date.date"] == "2026-01-06"
    none = retail.get(f'reporting/analyzer?{by_day}&item.filters={{"item.public_id":{{"$in":["mug"]}}}}')
    assert none["results"] == []


def test_rows_sort_and_sum_up(retail: Retail) -> None:
    query = "metrics[]=source_sales.net_sales&groups[]=date.date&grand_total=true&sort[]=source_sales.net_sales,desc"
    found = retail.get(f"reporting/analyzer?{query}&per_page=2")
    assert [row["source_sales.net_sales"] for row in found["results"]] == [20, 10]
    assert (found["total"], found["pages"], found["grand_total"]) == (3, 2, {"source_sales.net_sales": 25})


def test_source_is_where_the_order_was_taken_and_location_where_it_shipped(retail: Retail) -> None:
    lines = [{"item_id": KITE, "qty": 1, "ship_from_location_id": WAREHOUSE}]
    body = {"station_id": STATION, "source_location_id": SHOP, "status": "open", "lines": lines}
    order = retail.get(retail.post("sales/orders", body))["id"]
    invoice = {"order_id": order, "source_location_id": WAREHOUSE, "status": "complete"}
    retail.post("sales/invoices", {**invoice, "item_lines": [{"item_id": KITE, "qty": 1}]})
    day = "start_date=2026-01-31&end_date=2026-02-01&groups[]=location.name"
    assert report(retail, f"{day}&metrics[]=source_sales.net_sales")["location.name"] == "Main Street"
    assert report(retail, f"{day}&metrics[]=location_sales.net_sales")["location.name"] == "Warehouse"


def test_current_stock_knows_when_it_last_sold(retail: Retail) -> None:
    query = "metrics[]=current_inventory.qty_on_hand&metrics[]=current_inventory.last_sold_date"
    query += "&metrics[]=current_inventory.days_since_last_sold&group[]=item.public_id&group[]=location.public_id"
    rows = retail.rows(
        f'reporting/analyzer?{query}&item.filters={{"item.public_id":["kite"]}}&sort[]=location.public_id'
    )
    assert [list(row.values())[:5] for row in rows] == [
        [100, None, None, "kite", "D001"],
        [10, "2026-01-06", 26, "kite", "S001"],
    ]


def test_cost_metrics_fail_for_a_user_without_cost_permission(retail: Retail) -> None:
    viewer = Retail(retail.sandbox, READ_ONLY)
    assert viewer.call("GET", "reporting/analyzer?metrics[]=source_sales.net_margin").status_code == 500
    assert viewer.call("GET", "reporting/analyzer?metrics[]=source_sales.net_sales").status_code == 200


@pytest.mark.parametrize("query", ["", "metrics[]=invented.metric", "metrics[]=source_sales.net_sales&group[]=moon"])
def test_an_unknown_metric_or_group_is_an_invalid_request(retail: Retail, query: str) -> None:
    assert retail.error("GET", f"reporting/analyzer?{query}")[:2] == (400, "invalid_request")


def test_the_sales_report_has_a_row_a_line_of_the_asked_dates(retail: Retail) -> None:
    rows = retail.rows("reporting/sales?_filter[date][$gte]=2026-01-06&_filter[date][$lte]=2026-01-07")
    assert [(row["transaction_id"], row["net_qty_sold"], row["net_sales"], row["hour"]) for row in rows] == [
        (100002, 4, 20, 12),
        (100003, -1, -5, 12),
    ]
