"""What each sender says: which record of which system changed, under which id and version.

The body is a hint and kept as one: nothing of it but the record's id and version is acted on, the record is read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from he_sync.connect.strict_json import NotStrict, dumps, loads
from he_sync.model.calendar import read_instant
from he_sync.model.errors import BadRecord
from he_sync.store.inbox import Arrival
from he_sync.web.receiver import signatures
from he_sync.web.receiver.settings import ReceiverSettings, Secrets
from he_sync.web.receiver.signatures import Headers

SECRET_HEADER = b"x-he-sync-secret"
LONGEST_ID = 100
MOST_EVENTS = 1_000
HEARTLAND = {
    "sales_transaction_completed": "ticket",
    "customer_created": "customer",
    "customer_updated": "customer",
    "item_created": "item",
    "item_updated": "item",
}
TRANSACTIONS = {"Ticket": "ticket", "Return": "ticket", "Invoice": "invoice"}
SHOP = ("order.created", "order.updated", "order.cancelled", "payment.succeeded")
PROCESSOR = ("transaction",)
TABLES = {
    **dict.fromkeys(("OrderHed", "OrderDtl", "OrderRel", "OrderMsc"), ("erp_order", "OrderNum")),
    **dict.fromkeys(("JobHead", "JobAsmbl", "JobMtl", "JobOper", "JobProd", "JobPart"), ("erp_job", "JobNum")),
    **dict.fromkeys(("ShipHead", "ShipDtl"), ("erp_shipment", "PackNum")),
    **dict.fromkeys(("Part", "PartPlant", "PartUOM", "PartWhse"), ("erp_part", "PartNum")),
    **dict.fromkeys(("Customer", "CustCnt", "ShipTo"), ("erp_customer", "CustNum")),
}
MIXED = ("cdc", "bpm")
"""Addresses for one subscriber or directive that tells of several tables."""
CODES = ("upc", "ean", "gtin", "barcode", "primary_barcode", "tracking_number")


@dataclass(frozen=True)
class Said:
    """What one event says; `document` is its own part of the body."""

    topic: str
    entity: str
    version: str
    document: Any


@dataclass(frozen=True)
class Request:
    """What the check of a sender may look at."""

    headers: Headers
    query: bytes
    body: bytes = b""


Reader = Callable[[str, Any], Iterator[Said]]
Check = Callable[[Request, Secrets, datetime], str]


@dataclass(frozen=True)
class Source:
    """A sender: its topics, how it proves itself (before its body is read, or over it), how its bodies are read."""

    name: str
    secrets: Secrets = field(repr=False)
    topics: frozenset[str]
    read: Reader
    at_the_door: Check | None = None
    over_the_body: Check | None = None
    codes_at: frozenset[str] = frozenset()

    def arrivals(self, topic: str, document: Any, event_id: str, raw: bytes | None) -> list[Arrival]:
        """The events of one body; `raw` where it is kept as it came. Raises BadRecord for one that cannot be read."""
        said = list(self.read(topic, document))
        if len(said) > MOST_EVENTS:
            raise BadRecord(f"{len(said)} events in one request, at most {MOST_EVENTS} are taken")
        whole = raw if len(said) == 1 and said[0].document is document else None
        return [self._arrival(one, event_id, whole) for one in said]

    def _arrival(self, said: Said, event_id: str, raw: bytes | None) -> Arrival:
        body = raw if raw is not None else dumps(said.document)
        digest = hashlib.sha256(body).hexdigest()
        return Arrival(
            source=self.name,
            topic=said.topic,
            event_id=event_id or digest,
            entity=said.entity,
            version=said.version,
            body=body.decode("utf-8"),
            body_hash=digest,
            own_id=bool(event_id),
        )


def sources(settings: ReceiverSettings) -> dict[str, Source]:
    """The senders that have a secret; the others do not exist."""
    heartland = frozenset(f"$.{where}{name}" for name in CODES for where in ("", "custom.", "lines[*].custom."))
    tables = {**{table: (f"erp_{table.lower()}", column) for table, column in settings.epicor_tables}, **TABLES}
    every = (
        Source(
            "heartland",
            settings.heartland,
            frozenset(HEARTLAND),
            _heartland,
            at_the_door=_secret_in_url,
            codes_at=heartland,
        ),
        Source("shop", settings.shop, frozenset(SHOP), _shop, over_the_body=_signed),
        Source("processor", settings.processor, frozenset(PROCESSOR), _processor, over_the_body=_signed_by_gp),
        Source(
            "epicor",
            settings.epicor,
            frozenset((*tables, *MIXED)),
            _epicor(settings.epicor_company, tables),
            at_the_door=_secret_in_header,
        ),
    )
    return {source.name: source for source in every if source.secrets}


# who


def _secret_in_url(request: Request, secrets: Secrets, now: datetime) -> str:
    """Heartland signs nothing and sends no header of ours: the registered address carries the secret."""
    given = [value for name, value in parse_qsl(request.query, max_num_fields=8) if name == b"secret"]
    if len(given) != 1:
        return _secret_in_header(request, secrets, now)
    signatures.shared_secret(given[0], secrets, now)
    return ""


def _secret_in_header(request: Request, secrets: Secrets, now: datetime) -> str:
    signatures.shared_secret(signatures.only(request.headers, SECRET_HEADER), secrets, now)
    return ""


def _signed(request: Request, secrets: Secrets, now: datetime) -> str:
    return signatures.standard_webhook(request.headers, request.body, secrets, now)


def _signed_by_gp(request: Request, secrets: Secrets, now: datetime) -> str:
    signatures.gp_api(request.headers, request.body, secrets, now)
    return ""


# what


def _heartland(topic: str, document: Any) -> Iterator[Said]:
    """The bare resource; a completed sale is a ticket or an invoice, as its type says."""
    found = _object(document)
    kind = HEARTLAND[topic]
    if kind == "ticket":
        kind = TRANSACTIONS.get(str(found.get("type")), "")
        if not kind:
            raise BadRecord(f"type is none of {', '.join(TRANSACTIONS)}")
    yield Said(topic, f"{kind} {record_id(found, 'id')}", version_of(found.get("updated_at")), document)


def _shop(topic: str, document: Any) -> Iterator[Said]:
    found = _object(document)
    if found.get("type") != topic:
        raise BadRecord(f"the body says another type than the address, which is for {topic}")
    data = _object(found.get("data"))
    which = record_id(data, "order_id" if "order_id" in data else "id")
    yield Said(topic, f"order {which}", version_of(data.get("updated_at")), document)


def _processor(topic: str, document: Any) -> Iterator[Said]:
    found = _object(document)
    changed = found.get("time_last_updated") or found.get("time_created")
    yield Said(topic, f"payment {record_id(found, 'id')}", version_of(changed), document)


def _epicor(company: str, tables: Mapping[str, tuple[str, str]]) -> Reader:
    """BPM posts and CDC pushes: one, several, or several in an envelope; what is of no use to us is passed over."""

    def read(topic: str, document: Any) -> Iterator[Said]:
        items = document
        if isinstance(document, dict):
            items = document.get("results", [document])
        if not isinstance(items, list):
            raise BadRecord("neither an event nor a list of events")
        for item in items:
            table, change = _change(item)
            if table in tables and topic in {table, *MIXED} and company in {"", str(change.get("company", company))}:
                entity, column = tables[table]
                yield Said(table, f"{entity} {record_id(_keys(change), column)}", _revision(change), item)

    return read


def _change(item: Any) -> tuple[str, Mapping[str, Any]]:
    change = _object(item)
    return str(change.get("table") or change.get("tableName") or ""), change


def _keys(change: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of a row, with its other columns behind them: CDC has both as JSON inside a text."""
    return {**_inner(change.get("data")), **_inner(change.get("keys"))}


def _revision(change: Mapping[str, Any]) -> str:
    revision = _inner(change.get("data")).get("SysRevID")
    return f"{revision:020d}" if isinstance(revision, int) and revision >= 0 else ""


def _inner(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str) and value:
        try:
            value = loads(value)
        except NotStrict as error:
            raise BadRecord(f"a text that should hold JSON: {error}") from None
    return value if isinstance(value, dict) else {}


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRecord("not a JSON object where one is needed")
    return value


def record_id(found: Mapping[str, Any], name: str) -> str:
    """The id as text. Raises BadRecord for one that is missing or no id: a number or a short printable text."""
    value = found.get(name)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_ID or not text.isprintable() or text != text.strip():
        raise BadRecord(f"{name} is missing or no id")
    return text


def version_of(value: Any) -> str:
    """An instant as UTC text that sorts by time, as the mapping writes it; "" for what is none."""
    try:
        return read_instant(value).isoformat()
    except BadRecord:
        return ""
