"""Effects and events as the tests speak of them: orders of a shop, tickets, an ERP that remembers what landed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from he_sync.store import inbox
from he_sync.store.database import Store
from he_sync.store.effects import Effect, effect_key
from he_sync.store.inbox import Arrival, Outcome, Taken

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


def arrival(event_id: str, entity: str = "order 1", **changes: Any) -> Arrival:
    """A webhook of the shop about an order; its body says no more than that something happened."""
    body = f'{{"id":"{event_id}"}}'
    told: dict[str, Any] = {
        "source": "shop",
        "topic": "order.updated",
        "event_id": event_id,
        "entity": entity,
        "version": "",
        "body": body,
        "body_hash": sha256(body.encode()).hexdigest(),
    }
    return Arrival(**(told | changes))


def took(store: Store, now: datetime = EVENING, worker: str = "first", limit: int = 64) -> Taken:
    """What a worker takes for a minute, which must be something."""
    taken = inbox.take(store, worker, None, limit, 60, now)
    assert taken is not None
    return taken


def ended(store: Store, taken: Taken, outcome: Outcome = "done", now: datetime = EVENING) -> int:
    """End all that was taken."""
    return store.run(lambda connection: inbox.finish(connection, taken, taken.seqs, outcome, "", now))


def states(store: Store) -> dict[str, str]:
    """Every event by its id."""
    kept = inbox.listing(store, ("new", "taken", "done", "quiet", "parked"))
    return {each.event.event_id: each.state for each in kept}
