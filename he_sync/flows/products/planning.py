"""What of Epicor's parts is news to the shop, and which items of the shop are no part: page by page, as effects.

A part is known by the hash of what it says in the shop. One that says what was published is neither read in the shop
nor written; memory holds a page of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from he_sync.connect.heartland_query import Filter
from he_sync.connect.systems import Systems
from he_sync.flows import plan
from he_sync.flows.stock.letters import Trouble
from he_sync.flows.writers.products import GRIDS, ITEMS, PARTS, STYLE
from he_sync.mapping import products
from he_sync.mapping.products import Product, Rules
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Retailer
from he_sync.store import published
from he_sync.store.canonical import content_hash
from he_sync.store.database import Store
from he_sync.store.effects import Effect

ITEM, PART = "item", "part"
"""How what was published is called: an item by what its part says, a part by that it is there."""
FIELDS = (
    *("PartNum", "PartDescription", "ClassID", "ProdCode", "TypeCode", "IUM", "SalesUM", "PricePerCode", "UnitPrice"),
    *("InActive", "TaxCatID", "UPCCode1", "CommercialStyle", "CommercialColor", "CommercialSize1"),
)
UNITS = "PartUOMs($select=UOMCode,ConvFactor)"
PAGE, AT_ONCE = 500, 100
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counter:
    """Where products are sold from: the systems, our memory, the profile, the rules of products.

    `again` compares every part with its item, whatever was published: it finds what somebody changed in the shop.
    """

    systems: Systems
    store: Store
    retailer: Retailer
    rules: Rules = field(default_factory=Rules)
    again: bool = False


@dataclass
class Page:
    """What one page came to: effects in their order, contents by SKU with the key of what carries them."""

    parts: int = 0
    items: int = 0
    news: int = 0
    effects: list[Effect] = field(default_factory=list)
    contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)


def parts(counter: Counter, day: str) -> Iterator[Page]:
    """Pages of Epicor's parts as what the shop lacks or has otherwise."""
    grids: dict[str, str] = {}
    for rows in counter.systems.epicor.walk(*PARTS, select=FIELDS, expand=UNITS, page_size=PAGE):
        page = Page(parts=len(rows))
        some = _wanted(counter, rows, page)
        items, twice = _items(counter.systems, [one.sku for one in some])
        for one in some:
            if one.sku in twice:
                page.troubles.append(_twice(one.sku, twice[one.sku]))
                continue
            _plan(counter, one, items.get(one.sku), grids, page, day)
        yield page


def _wanted(counter: Counter, rows: Iterable[Row], page: Page) -> list[Product]:
    """Parts that the shop sells and that say something else than was published."""
    made: list[Product] = []
    for row in rows:
        if counter.rules.classes and row.get("ClassID") not in counter.rules.classes:
            continue
        try:
            made.append(products.product(row, counter.rules, counter.retailer))
        except BadRecord as error:
            page.troubles.append(Trouble("epicor", f"part {row['PartNum']}", "can be sold in the shop", str(error)))
    known = published.of(counter.store, ITEM, [one.sku for one in made])
    found = []
    for one in made:
        was = known.get(one.sku)
        if was and was.under_way:
            page.held[one.sku] = f"an earlier change of it is {was.under_way.replace('_', ' ')}"
        elif counter.again or was is None or was.content != content(one):
            found.append(one)
    page.news = len(found)
    return found


def content(one: Product) -> str:
    """Hash of what a part says in the shop."""
    return content_hash(dict(one.fields))


def _items(systems: Systems, skus: Sequence[str]) -> tuple[dict[str, Row], dict[str, list[int]]]:
    found: dict[str, Row] = {}
    twice: dict[str, list[int]] = {}
    for start in range(0, len(skus), AT_ONCE):
        asked: Filter = {"public_id": {"$in": list(skus[start : start + AT_ONCE])}}
        for rows in systems.heartland.walk(ITEMS, asked):
            for row in rows:
                if (sku := str(row["public_id"])) in found:
                    twice.setdefault(sku, [int(found[sku]["id"])]).append(int(row["id"]))
                found[sku] = row
    return found, twice


def _twice(sku: str, ids: Sequence[int]) -> Trouble:
    names = " and ".join(map(str, ids))
    text = f"items {names} of Heartland are both called {sku}, and one part may have one item; rename one"
    return Trouble("heartland", f"item {sku}", "is one item", text)


def _plan(  # noqa: PLR0913, PLR0917 - one part, its item, and what the page came to so far
    counter: Counter, one: Product, item: Row | None, grids: dict[str, str], page: Page, day: str
) -> None:
    retailer, digest = counter.retailer, content(one)
    changed = dict(one.fields) if item is None else products.differing(one, item)
    loose = bool(one.grid) and (item is None or not item.get("grid_id"))
    if item is not None and not changed and not loose:
        page.contents[one.sku] = (digest, "")
        return
    after = _grid(counter, one, grids, page, day) if loose else None
    fields = {name: value for name, value in changed.items() if name != "grid"}
    style = {"style": one.grid} if loose else {}
    body: dict[str, Any] = {"public_id": one.sku, "fields": fields, **style}
    kind, text = "create_item", f"create item {one.sku}, {fields.get('description', '')}"
    if item is not None:
        kind, body = "update_item", {"item_id": int(item["id"]), **body}
        text = f"item {one.sku}: " + ", ".join([*_changes(fields, item), *([f"grid {one.grid}"] if loose else [])])
    was = str((item or {}).get("updated_at") or "")
    key = plan.key(retailer, kind, f"item {one.sku}", f"{digest}|{was}")
    effect = Effect(key, kind, "heartland", f"item {one.sku}", day, body, limit_ok=True, summary=text, depends_on=after)
    page.effects.append(effect)
    page.contents[one.sku] = (digest, key)


def _changes(fields: Mapping[str, Any], item: Row) -> Iterator[str]:
    """Old -> new, field by field."""
    custom = item.get("custom") or {}
    for name, value in fields.items():
        if name in products.CUSTOM:
            old: Any = custom.get(products.CUSTOM[name])
        else:
            plain = products.PLAIN[name]
            old = item.get(f"{plain}?" if plain in products.FLAGS else plain)
        yield f"{name} {'nothing' if old in {None, ''} else old} -> {value}"


def _grid(counter: Counter, one: Product, grids: dict[str, str], page: Page, day: str) -> str | None:
    """The key of the effect that makes the grid, to wait for; None where Heartland has it."""
    if not grids:
        for rows in counter.systems.heartland.walk(GRIDS, only=("custom",)):
            grids.update({str(style): "" for row in rows if (style := (row.get("custom") or {}).get(STYLE))})
        grids.setdefault("", "")  # asked once, however few there are
    if one.grid not in grids:
        key = plan.key(counter.retailer, "create_item_grid", f"grid {one.grid}")
        body = {"item_description": one.fields.get("description", one.grid), "custom": {STYLE: one.grid}}
        body |= {"item_price": one.fields["price"]} if "price" in one.fields else {}
        text = f"create grid {one.grid}"
        page.effects.append(
            Effect(key, "create_item_grid", "heartland", f"grid {one.grid}", day, body, limit_ok=True, summary=text)
        )
        grids[one.grid] = key
    return grids[one.grid] or None


# the other way


def born(counter: Counter, day: str) -> Iterator[Page]:
    """Pages of items that are no part of Epicor, each as a part that waits for a person."""
    for rows in counter.systems.heartland.walk(ITEMS, page_size=PAGE):
        page = Page(items=len(rows))
        by_sku = {str(row.get("public_id") or f"id {row['id']}"): row for row in rows}
        known = published.of(counter.store, PART, by_sku)
        asked = [sku for sku in by_sku if counter.again or sku not in known]
        there = {
            str(one["PartNum"])
            for one in (counter.systems.epicor.read_any(*PARTS, "PartNum", asked, select=("PartNum",)) if asked else ())
        }
        page.contents = {sku: ("there", "") for sku in asked if sku in there}
        page.news = len(asked) - len(page.contents)
        for sku in asked:
            if sku not in there:
                _approve(counter, sku, by_sku[sku], page, day)
        yield page


def _approve(counter: Counter, sku: str, item: Row, page: Page, day: str) -> None:
    try:
        body = products.part_of(item, counter.rules, counter.retailer)
    except BadRecord as error:
        page.troubles.append(Trouble("heartland", f"item {sku}", "can be a part", str(error)))
        return
    key = plan.key(counter.retailer, "create_part", f"item {sku}")
    because = "born at the till: a person decides whether it becomes a part"
    text = f"create part {sku}, {body['PartDescription']}, {body['UnitPrice']}"
    effect = Effect(
        key, "create_part", "epicor", f"item {sku}", day, body, limit_ok=False, summary=text, waits_because=because
    )
    page.effects.append(effect)
    page.contents[sku] = ("proposed", key)
