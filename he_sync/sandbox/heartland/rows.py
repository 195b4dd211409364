"""Rows as they go out: embeds spliced into the stored text, computed totals, sparse fields, local times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.reader import Reader
from he_sync.sandbox.heartland.resources import RESOURCES, Include, Resource
from he_sync.sandbox.state import Document, Key, State, decode, encode, field

PAGE_TYPE = {"content-type": "application/json; charset=utf-8"}
TAX, SHIPPING = "TaxLine", "ShippingLine"


@dataclass(frozen=True)
class Row:
    """One row: its key and its JSON text."""

    key: Key
    text: str


def with_member(text: str, name: str, value: str) -> str:
    """An object's text with one more member."""
    return f'{{"{name}":{value}}}' if text == "{}" else f'{text[:-1]},"{name}":{value}}}'


def dressed(state: State, reader: Reader, resource: Resource, rows: list[Row], wanted: Sequence[str]) -> list[Row]:
    """Rows with what `_include[]` asked for. An unknown name is left out without a word (our choice)."""
    for name in wanted:
        if include := resource.include(name):
            rows = _embed(reader, resource, rows, include)
    if switches.LOCAL_TIME_SUFFIX.read(state) == "offset" and "local_completed_at" in resource.fields:
        rows = [Row(row.key, encode(_with_offset(decode(row.text)))) for row in rows]
    return rows


def sparse(rows: list[Row], only: Sequence[str], wanted: Sequence[str]) -> list[Row]:
    """Rows with the fields of `_only[]` and what was embedded."""
    if not only:
        return rows
    keep = dict.fromkeys((*only, *wanted))
    return [Row(row.key, encode(_picked(decode(row.text), keep))) for row in rows]


def _picked(document: Document, keep: dict[str, None]) -> Document:
    return {name: document[name] for name in keep if name in document}


def _embed(reader: Reader, resource: Resource, rows: list[Row], include: Include) -> list[Row]:
    keys = [row.key for row in rows]
    match include.how:
        case "one":
            return _embed_one(reader, resource, rows, include)
        case "children":
            found = reader.grouped(RESOURCES[include.path].store, "parent", keys)
        case "by":
            found = reader.grouped(RESOURCES[include.path].store, include.fields[0], keys)
        case _:
            return _with_totals(reader, resource, rows, include.name)
    return [Row(row.key, with_member(row.text, include.name, f"[{','.join(found.get(row.key, []))}]")) for row in rows]


def _embed_one(reader: Reader, resource: Resource, rows: list[Row], include: Include) -> list[Row]:
    name = include.fields[0]
    sql = (
        f"SELECT key, {field(name)} FROM {reader.source(resource.store)} WHERE key IN (SELECT value FROM json_each(?))"  # noqa: S608
    )
    target: dict[Key, Any] = dict(reader.rows(sql, [encode([row.key for row in rows])]))
    texts = reader.by_key(RESOURCES[include.path].store, [key for key in target.values() if key is not None])
    return [
        Row(row.key, with_member(row.text, include.name, texts.get(target.get(row.key) or 0, "null"))) for row in rows
    ]


def _with_totals(reader: Reader, resource: Resource, rows: list[Row], name: str) -> list[Row]:
    """A computed total: the stored one, or the sum of the lines where a document has none.

    The database finds the documents without one: parsing and writing every row of a page would cost more than all else.
    """
    sql = (
        f"SELECT key FROM {reader.source(resource.store)}"  # noqa: S608 - own names
        f" WHERE key IN (SELECT value FROM json_each(?)) AND {field(name)} IS NULL"
    )
    missing = [key for (key,) in reader.rows(sql, [encode([row.key for row in rows])])]
    lines = reader.grouped(RESOURCES[f"{resource.path}.lines"].store, "parent", missing) if missing else {}
    totals = {key: _total([decode(text) for text in lines.get(key, [])], name) for key in missing}
    return [
        Row(row.key, encode({**decode(row.text), name: totals[row.key]})) if row.key in totals else row for row in rows
    ]


def _total(lines: list[Document], name: str) -> Decimal:
    if name == "subtotal":
        return sum((line_value(line) for line in lines if line["type"] == "ItemLine"), Decimal(0))
    return sum((line_value(line) for line in lines if line["type"] == TAX), Decimal(0))


def line_value(line: Document) -> Decimal:
    """What a line adds to its document: its value, else quantity times the price in force."""
    if line.get("value") is not None:
        return Decimal(line["value"])
    adjusted = line.get("adjusted_unit_price")
    return Decimal(line.get("qty") or 0) * Decimal((line.get("unit_price") if adjusted is None else adjusted) or 0)


def _with_offset(document: Document) -> Document:
    """Wall time with the offset that its UTC twin implies, to the quarter of an hour."""
    local, utc = document.get("local_completed_at"), document.get("completed_at")
    if not local or not utc or len(local) > len("2026-01-15T12:04:05.000000"):
        return document
    wall = datetime.fromisoformat(local).replace(tzinfo=UTC)
    quarters = round((wall - datetime.fromisoformat(utc)) / timedelta(minutes=15))
    minutes = abs(quarters) * 15
    return {
        **document,
        "local_completed_at": f"{local}{'-' if quarters < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}",
    }


def envelope(total: int, per_page: int, texts: Sequence[str]) -> bytes:
    """The list body from rows that are JSON already."""
    pages = -(-total // per_page) if per_page else min(total, 1)
    return f'{{"total":{total},"pages":{pages},"results":[{",".join(texts)}]}}'.encode()


def shown(document: Any) -> bytes:
    """A list body or an object that was built here."""
    return encode(document).encode()
