"""Webhooks: the bare resource to every registered address, after the commit, unsigned, sometimes twice, never in order.

The completed event fires when a ticket or invoice becomes complete and, by switch, whenever a complete one is updated.
Documents that are bulk loaded make no commits and so no events; `announce_loaded` tells of those of a day.
"""

from __future__ import annotations

import http.client
import queue
import random
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.state import Commit, Document, Key, State, encode

SALE = "sales_transaction_completed"
MASTERS = {
    "heartland/items": {"insert": "item_created", "update": "item_updated"},
    "heartland/customers": {"insert": "customer_created", "update": "customer_updated"},
}
TICKETS, INVOICES = "heartland/sales/tickets", "heartland/sales/invoices"
TOLD = (TICKETS, INVOICES, *MASTERS)
EVENTS = (SALE, "item_created", "item_updated", "customer_created", "customer_updated")
WORKERS = 2


@dataclass(frozen=True)
class Delivery:
    """One body to one address, with the patience of the sender."""

    url: str
    body: bytes
    attempts: int
    wait: float
    timeout: float


def events_of(commits: Iterable[Commit], state: State) -> list[tuple[str, Document]]:
    """Event names and resources of one transaction; a document written several times in it counts once."""
    first: dict[tuple[str, object], Document | None] = {}
    last: dict[tuple[str, object], Commit] = {}
    for commit in commits:
        if commit.collection in TOLD:
            first.setdefault((commit.collection, commit.key), commit.before)
            last[commit.collection, commit.key] = commit
    found = (
        (_event(state, commit.collection, first[place], commit.after), commit.after) for place, commit in last.items()
    )
    return [(name, after) for name, after in found if name and after]


def _event(state: State, collection: str, before: Document | None, after: Document | None) -> str:
    if after is None:
        return ""
    if collection in MASTERS:
        return MASTERS[collection]["insert" if before is None else "update"]
    if collection == INVOICES and switches.WEBHOOK_INVOICES.read(state) != "sent":
        return ""
    if (before or {}).get("completed?"):
        return SALE if switches.WEBHOOK_REFIRE.read(state) == "sent" else ""
    return SALE if after.get("completed?") or after.get("status") == "complete" else ""


class Sender:
    """Delivers in the background. A listener of the state; its threads start with the first delivery."""

    def __init__(self, state: State, seed: int = 0) -> None:
        self._state = state
        self._queue: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        self._lock = threading.Lock()
        self._started = False

    def __call__(self, commits: list[Commit]) -> None:
        """Queue what a transaction means for every address that asked for it."""
        if events := events_of(commits, self._state):
            self.tell(events)

    def tell(self, events: Iterable[tuple[str, Document]]) -> None:
        """Queue events for every address that asked for them."""
        hooks = self._state.select("heartland/webhooks")
        if not hooks:
            return
        for name, document in events:
            for hook in hooks:
                if name in hook["events"] and hook.get("active?", True):
                    self._enqueue(hook["url"], encode(document).encode())

    def _enqueue(self, url: str, body: bytes) -> None:
        delivery = Delivery(
            url,
            body,
            int(switches.WEBHOOK_ATTEMPTS.read(self._state)),
            float(switches.WEBHOOK_RETRY_SECONDS.read(self._state)),
            float(switches.WEBHOOK_TIMEOUT_SECONDS.read(self._state)),
        )
        with self._lock:
            if self._random.random() < float(switches.WEBHOOK_LOSS_SHARE.read(self._state)):
                return
            twice = self._random.random() < float(switches.WEBHOOK_DUPLICATE_SHARE.read(self._state))
            self._start()
        for _ in range(2 if twice else 1):
            self._queue.put(delivery)

    def _start(self) -> None:
        if not self._started:
            self._started = True
            for number in range(WORKERS):
                threading.Thread(target=self._work, name=f"heartland-webhooks-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            delivery = self._queue.get()
            if not send(delivery) and delivery.attempts > 1:
                self._later(delivery)

    def _later(self, delivery: Delivery) -> None:
        again = Delivery(delivery.url, delivery.body, delivery.attempts - 1, delivery.wait * 2, delivery.timeout)
        timer = threading.Timer(delivery.wait, self._queue.put, (again,))
        timer.daemon = True
        timer.start()


def announce_loaded(state: State, keys: Mapping[str, Iterable[Key]]) -> None:
    """Tell of bulk loaded documents by table and key, as they are now; one that never changed since was created."""
    if state.count("heartland/webhooks"):
        announce(state, _loaded(state, keys))


def _loaded(state: State, keys: Mapping[str, Iterable[Key]]) -> Iterator[tuple[str, Document]]:
    for table, some in keys.items():
        for document in filter(None, (state.get(table, key) for key in dict.fromkeys(some))):
            changed = table in MASTERS and document["created_at"] != document["updated_at"]
            if event := _event(state, table, document if changed else None, document):
                yield event, document


def announce(state: State, events: Iterable[tuple[str, Document]]) -> None:
    """Tell of documents that made no commits, if a stand-in serves this state."""
    for listener in state.listeners:
        if isinstance(listener, Sender):
            listener.tell(events)


def send(delivery: Delivery) -> bool:
    """One attempt; True when the receiver answered 2xx. Redirects are not followed."""
    url = urlsplit(delivery.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(url.hostname or "", url.port, timeout=delivery.timeout)
    except (ValueError, http.client.HTTPException):
        return False
    try:
        path = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
        connection.request("POST", path, delivery.body, {"Content-Type": "application/json"})
        return http.client.OK <= connection.getresponse().status < http.client.MULTIPLE_CHOICES
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
