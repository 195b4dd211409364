"""GET reporting/analyzer and reporting/sales, computed from the documents.

The analyzer's rows are flat with dotted keys. Metrics and groups are those seen in live clients, no others: an unknown
one is a 400 (our choice), a cost metric without the permission for it a 500 (as one client saw it). Also our choice:
`ending_inventory` is the stock of now whatever the `end_date`, and `charts`, `subtotal`, `include_links` and
`request_client_uuid` change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from he_sync.sandbox.heartland import query
from he_sync.sandbox.heartland.auth import caller
from he_sync.sandbox.heartland.errors import Refused, invalid_request
from he_sync.sandbox.heartland.reader import Reader, reading
from he_sync.sandbox.heartland.report_filters import holds, text_of
from he_sync.sandbox.heartland.resources import RESOURCES, VALUES
from he_sync.sandbox.heartland.sales_facts import OPEN_END, OPEN_START, Fact, facts
from he_sync.sandbox.http import Answer, Call, parsed
from he_sync.sandbox.state import Document, decode, encode

Group = tuple[Any, ...]
Facts = list[Fact]
ZERO = Decimal(0)
SALES: dict[str, Callable[[Facts], Any]] = {
    "net_sales": lambda some: _sum(fact.net for fact in some),
    "gross_sales": lambda some: _sum(fact.net for fact in some if fact.qty > 0),
    "gross_returns": lambda some: -_sum(fact.net for fact in some if fact.qty < 0),
    "net_markdowns": lambda some: _sum(fact.markdown for fact in some),
    "net_margin": lambda some: _sum(fact.net - fact.cost for fact in some),
    "total_cost": lambda some: _sum(fact.cost for fact in some),
    "transaction_count": lambda some: len({fact.head["id"] for fact in some}),
    "net_qty_sold": lambda some: _sum(fact.qty for fact in some),
    "gross_qty_sold": lambda some: _sum(fact.qty for fact in some if fact.qty > 0),
    "gross_qty_returned": lambda some: -_sum(fact.qty for fact in some if fact.qty < 0),
}
STOCK: dict[str, Callable[[Document, Document], Decimal]] = {
    "ending_inventory.qty_owned": lambda value, _: Decimal(value.get("qty") or 0),
    "ending_inventory.cost_owned": lambda value, _: (
        Decimal(value.get("qty") or 0) * Decimal(value.get("unit_cost") or 0)
    ),
    "ending_inventory.price_owned": lambda value, item: (
        Decimal(value.get("qty") or 0) * Decimal(item.get("price") or 0)
    ),
    "current_inventory.qty_on_hand": lambda value, _: Decimal(value.get("qty_on_hand") or 0),
    "purchasing_order.total_qty_open": lambda value, _: Decimal(value.get("qty_on_po") or 0),
}
DATES = ("last_sold_date", "days_since_last_sold", "last_received_date", "days_since_last_received")
CURRENT = frozenset(f"current_inventory.{name}" for name in DATES)
SALE_METRICS = frozenset(f"{side}.{name}" for side in ("source_sales", "location_sales") for name in SALES)
COST_METRICS = frozenset({"net_margin", "total_cost", "cost_owned"})
GROUPS = frozenset(
    {
        *("location.name", "location.public_id", "vendor.name", "item.public_id", "item.description"),
        *("customer.public_id", "date.date", "date.month_of_year", "date.year"),
    }
)


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


@dataclass
class Masters:
    """Names behind ids, read once a report."""

    reader: Reader
    kept: dict[str, dict[Any, Document]] = field(default_factory=dict)

    def find(self, path: str, key: Any) -> Document:
        """A master document, empty when there is none."""
        known = self.kept.setdefault(path, {})
        if key is not None and key not in known:
            text = self.reader.one(RESOURCES[path].store, key)
            known[key] = decode(text) if text else {}
        return known.get(key, {})


@dataclass(frozen=True)
class Report:
    """What an analyzer request asks for."""

    metrics: list[str]
    groups: list[str]
    start: str
    end: str
    filters: dict[str, Any]

    def wants(self, name: str) -> bool:
        """Whether some metric is of that family."""
        return any(metric.startswith(name) for metric in self.metrics)


def analyzer(call: Call) -> Answer:
    """GET reporting/analyzer."""
    report = _report(call)
    page, per_page = query.paging(call)
    with reading(call) as reader:
        rows = _rows(reader, report, call.state.now().date())
    asked = call.params()
    if asked.get("exclude_zeroes") == "true":
        rows = [row for row in rows if any(row[metric] for metric in report.metrics)]
    rows = [row for row in rows if holds(row, report.filters.get("metric", {}))]
    _order(rows, query.repeated(call.query, "sort"))
    shown = rows[(page - 1) * per_page : page * per_page] if per_page else rows
    pages = -(-len(rows) // per_page) if per_page else 1
    body: Document = {"total": len(rows), "pages": pages, "results": shown}
    if asked.get("grand_total") == "true":
        body["grand_total"] = {metric: _grand(row[metric] for row in rows) for metric in report.metrics}
    return Answer(200, body)


def _grand(values: Iterable[Any]) -> Any:
    numbers = [value for value in values if isinstance(value, int | Decimal)]
    return sum(numbers, ZERO) if numbers else None


def _report(call: Call) -> Report:
    asked = call.params()
    metrics = query.repeated(call.query, "metrics")
    groups = [*query.repeated(call.query, "group"), *query.repeated(call.query, "groups")]
    unknown = [name for name in metrics if name not in SALE_METRICS | CURRENT | STOCK.keys()]
    unknown += [name for name in groups if name not in GROUPS and not name.startswith("item.custom@")]
    if unknown or not metrics:
        raise invalid_request(f"unknown metric or group: {', '.join(unknown) or 'no metrics[]'}")
    who = caller(call)
    if who and not who.may_see_cost and any(name.split(".")[1] in COST_METRICS for name in metrics):
        raise Refused("internal_server_error", "Something went wrong.", 500)
    start, end = (
        _day(asked.get(name) or other) for name, other in (("start_date", OPEN_START), ("end_date", OPEN_END))
    )
    found = {name: _json(asked.get(f"{name}.filters")) for name in ("item", "sale", "location", "metric")}
    return Report(metrics, groups, start, end, found)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise invalid_request(f"{text!r} is not a date") from error


def _json(text: str | None) -> Any:
    try:
        return parsed(text) if text else {}
    except ValueError as error:
        raise invalid_request("filters are not JSON") from error


def _rows(reader: Reader, report: Report, today: date) -> list[Document]:
    masters = Masters(reader)
    found: dict[Group, Document] = {}
    if report.wants("source_sales") or report.wants("location_sales"):
        _add_sales(found, report, masters, facts(reader, report.start, report.end))
    if report.wants("ending_inventory") or report.wants("current_inventory") or report.wants("purchasing_order"):
        _add_stock(found, report, masters, today)
    return [_blank(report) | dict(zip(report.groups, group, strict=True)) | row for group, row in found.items()]


def _blank(report: Report) -> Document:
    return {metric: None if metric in CURRENT else 0 for metric in report.metrics}


def _add_sales(found: dict[Group, Document], report: Report, masters: Masters, sold: Facts) -> None:
    for side in ("source", "location"):
        wanted = [metric for metric in report.metrics if metric.startswith(f"{side}_sales.")]
        grouped: dict[Group, Facts] = {}
        for fact in sold if wanted else []:
            facets = _sale_facets(fact, masters, fact.source if side == "source" else fact.location)
            if all(holds(facets, report.filters[name]) for name in ("item", "sale", "location")):
                grouped.setdefault(_group(report, facets), []).append(fact)
        for group, some in grouped.items():
            found.setdefault(group, {}).update({metric: SALES[metric.split(".")[1]](some) for metric in wanted})


def _add_stock(found: dict[Group, Document], report: Report, masters: Masters, today: date) -> None:
    wanted = [metric for metric in report.metrics if metric in STOCK]
    last = _last_dates(masters.reader) if CURRENT & set(report.metrics) else {}
    sql = f"SELECT doc FROM {masters.reader.source(VALUES.store)} ORDER BY key"  # noqa: S608 - own name
    for (text,) in masters.reader.rows(sql):
        value = decode(text)
        item = masters.find("items", value["item_id"])
        facets = _item_facets(item, masters) | _place_facets(masters, value["location_id"])
        if not all(holds(facets, report.filters[name]) for name in ("item", "location")):
            continue
        row = found.setdefault(_group(report, facets), {})
        for metric in wanted:
            row[metric] = row.get(metric, ZERO) + STOCK[metric](value, item)
        _add_dates(row, report, last.get((value["item_id"], value["location_id"]), {}), today)


def _add_dates(row: Document, report: Report, last: dict[str, str], today: date) -> None:
    """The latest sold and received dates of the group, and how long ago that was."""
    for metric in CURRENT & set(report.metrics):
        what = "sold" if "sold" in metric else "received"
        latest = last.get(what)
        if latest is None:
            continue
        days = (today - date.fromisoformat(latest)).days
        before = row.get(metric)
        if "days_since" in metric:
            row[metric] = days if before is None else min(before, days)
        else:
            row[metric] = latest if before is None else max(before, latest)


def _last_dates(reader: Reader) -> dict[tuple[Any, Any], dict[str, str]]:
    found: dict[tuple[Any, Any], dict[str, str]] = {}
    for fact in facts(reader):
        if fact.qty > 0:
            _latest(found.setdefault((fact.line.get("item_id"), fact.location), {}), "sold", fact.date)
    store = RESOURCES["inventory/transactions"].store
    for (text,) in reader.rows(f"SELECT doc FROM {reader.source(store)}"):  # noqa: S608 - own name
        row = decode(text)
        if row.get("source_type") == "Receipt":
            _latest(found.setdefault((row["item_id"], row["location_id"]), {}), "received", str(row["created_at"])[:10])
    return found


def _latest(dates: dict[str, str], what: str, day: str) -> None:
    dates[what] = max(dates.get(what, ""), day)


def _sale_facets(fact: Fact, masters: Masters, place: Any) -> Document:
    item = masters.find("items", fact.line.get("item_id")) or {"public_id": fact.line.get("item_public_id")}
    customer = masters.find("customers", fact.head.get("customer_id"))
    day = fact.date
    dates = {"date.date": day, "date.month_of_year": int(day[5:7]), "date.year": int(day[:4])}
    return {
        **_item_facets(item, masters),
        **_place_facets(masters, place),
        "customer.public_id": customer.get("public_id"),
        **dates,
    }


def _item_facets(item: Document, masters: Masters) -> Document:
    vendor = masters.find("purchasing/vendors", item.get("primary_vendor_id"))
    custom = {f"item.custom@{name}": value for name, value in (item.get("custom") or {}).items()}
    return {
        "item.public_id": item.get("public_id"),
        "item.description": item.get("description"),
        "vendor.name": vendor.get("name"),
        **custom,
    }


def _place_facets(masters: Masters, key: Any) -> Document:
    place = masters.find("locations", key)
    return {
        "location.id": key,
        "location.name": place.get("name"),
        "location.public_id": place.get("public_id", str(key)),
    }


def _group(report: Report, facets: Document) -> Group:
    return tuple(_facet(facets.get(name)) for name in report.groups)


def _facet(value: Any) -> Any:
    """A custom value may be an object; rows are told apart by its text."""
    return encode(value) if isinstance(value, dict | list) else value


def _order(rows: list[Document], sorts: list[str]) -> None:
    for text in reversed(sorts):
        name, _, direction = text.partition(",")
        rows.sort(key=partial(_sort_key, name), reverse=direction == "desc")


def _sort_key(name: str, row: Document) -> tuple[bool, Any, str]:
    value = row.get(name)
    return (
        (value is not None, value, "")
        if isinstance(value, int | Decimal)
        else (value is not None, ZERO, text_of(value))
    )


def sales(call: Call) -> Answer:
    """GET reporting/sales: one row per sold line, filtered by `_filter[date][$op]`."""
    request = query.parse(call)
    start, end = OPEN_START, OPEN_END
    for one in request.filters:
        if set(one) != {"date"} or not isinstance(one["date"], dict):
            raise invalid_request("reporting/sales filters by date")
        for operator, value in one["date"].items():
            if operator not in {"$gte", "$lte"}:
                raise invalid_request(f"{operator} is not supported on date")
            start, end = (
                (max(start, _day(str(value))), end) if operator == "$gte" else (start, min(end, _day(str(value))))
            )
    with reading(call) as reader:
        rows = [_sale_row(number, fact) for number, fact in enumerate(facts(reader, start, end), 1)]
    shown = rows[(request.page - 1) * request.per_page : request.page * request.per_page] if request.per_page else rows
    pages = -(-len(rows) // request.per_page) if request.per_page else 1
    return Answer(200, {"total": len(rows), "pages": pages, "results": shown})


def _sale_row(number: int, fact: Fact) -> Document:
    line = fact.line
    return {
        "id": number,
        "transaction_id": fact.head["id"],
        "transaction_line_id": line["id"],
        "item_id": line.get("item_id"),
        "customer_id": fact.head.get("customer_id"),
        "datetime": fact.head["completed_at"],
        "hour": int(fact.head["local_completed_at"][11:13]),
        "net_qty_sold": fact.qty,
        "net_sales": fact.net,
        "unit_price": line.get("unit_price"),
    }
