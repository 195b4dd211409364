"""Effects as the tests speak of them: sales orders of tickets, a customer, an ERP that remembers what landed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from he_sync.store.effects import Effect, effect_key

EVENING = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
DAY = "2026-11-20"


def key_of(entity: str, kind: str = "create_sales_order", version: str = "1") -> str:
    return effect_key("acme", "heartland", entity.split(" ", maxsplit=1)[0], entity, kind, version)


def effect(entity: str, version: str = "1", **changes: Any) -> Effect:
    """A sales order for a ticket over 12.50, within the limit, that waits for nothing."""
    told: dict[str, Any] = {
        "key": key_of(entity, version=version),
        "kind": "create_sales_order",
        "target": "epicor",
        "entity": entity,
        "business_date": DAY,
        "body": {"PONum": entity, "OrderAmt": Decimal("12.50"), "version": version},
        "limit_ok": True,
        "summary": f"create sales order for {entity}",
        "amount_minor": 1250,
    }
    return Effect(**(told | changes))


@dataclass
class Erp:
    """The other side: creates a document for every request that lands, however often, and some land late."""

    documents: list[str] = field(default_factory=list)
    under_way: list[tuple[datetime, str]] = field(default_factory=list)

    def post(self, key: str, lands: datetime) -> None:
        self.under_way.append((lands, key))

    def at(self, now: datetime) -> None:
        """Let everything land that is due."""
        self.documents += [key for lands, key in self.under_way if lands <= now]
        self.under_way = [(lands, key) for lands, key in self.under_way if lands > now]

    def found(self, key: str) -> int:
        return self.documents.count(key)


def later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
