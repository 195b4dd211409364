"""Sales as reports see them: one fact per item line of a complete, not voided ticket or invoice, by local date."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland.reader import Reader
from he_sync.sandbox.heartland.resources import RESOURCES
from he_sync.sandbox.heartland.rows import line_value
from he_sync.sandbox.state import Document, decode, field

OPEN_START, OPEN_END = "0001-01-01", "9999-12-31"


@dataclass(frozen=True)
class Fact:
    """One sold or returned line. `source` is where the sale was taken, `location` where the goods left."""

    head: Document
    line: Document
    source: Any
    location: Any

    @property
    def date(self) -> str:
        """Local date of completion."""
        return str(self.head["local_completed_at"])[:10]

    @property
    def qty(self) -> Decimal:
        """Units; negative for a return."""
        return Decimal(self.line.get("qty") or 0)

    @property
    def net(self) -> Decimal:
        """Value after price adjustments, without tax."""
        return line_value(self.line)

    @property
    def cost(self) -> Decimal:
        """What the units cost."""
        return self.qty * Decimal(self.line.get("unit_cost") or 0)

    @property
    def markdown(self) -> Decimal:
        """What was taken off the original price."""
        original = self.line.get("original_unit_price")
        return self.qty * Decimal(original) - self.net if original is not None else Decimal(0)


def facts(reader: Reader, start: str = OPEN_START, end: str = OPEN_END) -> list[Fact]:
    """Facts of the local dates start to end, both included."""
    return [*_of(reader, "sales/tickets", start, end), *_of(reader, "sales/invoices", start, end)]


def _of(reader: Reader, path: str, start: str, end: str) -> list[Fact]:
    local = field("local_completed_at")
    where = (
        f"{local} >= ? AND {local} < ? AND coalesce({field('voided?')}, 0) = 0 AND {field('completed_at')} IS NOT NULL"
    )
    sql = f"SELECT key, doc FROM {reader.source(RESOURCES[path].store)} WHERE {where} ORDER BY key"  # noqa: S608 - own names
    heads = {key: decode(text) for key, text in reader.rows(sql, (start, f"{end}T99"))}
    lines = reader.grouped(RESOURCES[f"{path}.lines"].store, "parent", list(heads))
    sources = _order_sources(reader, heads) if path == "sales/invoices" else {}
    found = []
    for key, head in heads.items():
        here = head.get("source_location_id")
        found += [
            Fact(head, line, sources.get(head.get("order_id"), here), here)
            for line in map(decode, lines.get(key, []))
            if line["type"] == "ItemLine"
        ]
    return found


def _order_sources(reader: Reader, invoices: dict[Any, Document]) -> dict[Any, Any]:
    keys = {head["order_id"] for head in invoices.values() if head.get("order_id") is not None}
    texts = reader.by_key(RESOURCES["sales/orders"].store, keys)
    return {key: decode(text).get("source_location_id") for key, text in texts.items()}
