"""The order of work on one request: limits, sender, JSON, card data, commit, answer. Whatever goes wrong, no 202.

Pure ASGI: three addresses need no router, and 1,500 requests a second on one core leave no time for one.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from he_sync.connect.strict_json import NotStrict, dumps, loads
from he_sync.model.card_numbers.sweep import Swept, Unreadable, sweep
from he_sync.model.errors import BadRecord, NotAllowed, TryLater
from he_sync.store import dead_letters
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.inbox import Arrival, Stored
from he_sync.store.sqlite_file import log_bytes
from he_sync.store.watch import conflicts
from he_sync.web.receiver.inlet import Inlet
from he_sync.web.receiver.metrics import Metrics
from he_sync.web.receiver.settings import Secrets, live
from he_sync.web.receiver.signatures import Headers, only, shared_secret
from he_sync.web.receiver.sources import Request, Source

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_BODY = 1024 * 1024
DEEPEST = 64
NUMBERED = re.compile(r"([A-Za-z]+[_-])?[0-9][0-9_-]*")
"""An event id that is a number behind a prefix at most. Among the letters of a random one, digits now and then pass for
a card's: one event in some ten thousand would be refused for ever."""
RETRY_AFTER = (b"retry-after", b"5")
JSON, PLAIN = b"application/json", b"text/plain; version=0.0.4; charset=utf-8"
log = logging.getLogger(__name__)


class Refusal(Exception):
    """An answer other than 202, with one clear line for a sender that may see it."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Gone(Exception):
    """The sender left before its request was complete."""


@dataclass(frozen=True)
class Receiver:
    """The application. Everything it uses is handed in."""

    sources: dict[str, Source]
    inlet: Inlet
    store: Store
    metrics: Metrics
    metrics_secrets: Secrets = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        source = "none"
        try:
            if scope["path"].startswith("/hooks/"):
                found, topic = self._found(scope)
                source = found.name
                status, body, kind = 202, await self._take(found, topic, scope, receive), JSON
            else:
                status, body, kind = await self._page(scope)
            headers: tuple[tuple[bytes, bytes], ...] = ()
        except Gone:
            self.metrics.requests[source, 499] += 1
            return
        except Refusal as refusal:
            status, body, kind, headers = refusal.status, _error(str(refusal)), JSON, _closing(*refusal.headers)
        except Exception:  # an error of ours is no thanks: nothing was acknowledged
            log.exception("a request failed")
            status, body, kind, headers = 500, _error("failed"), JSON, _closing()
        self.metrics.requests[source, status] += 1
        await _answer(send, status, kind, body, headers)

    def _found(self, scope: Message) -> tuple[Source, str]:
        """The source and topic of an address; one without a secret, and a topic that it does not send, do not exist."""
        name, _, topic = scope["path"].removeprefix("/hooks/").partition("/")
        source = self.sources.get(name)
        if source is None or topic not in source.topics:
            raise Refusal(404, "not found")
        if scope["method"] != "POST":
            raise Refusal(405, "only POST", (b"allow", b"POST"))
        return source, topic

    async def _take(self, source: Source, topic: str, scope: Message, receive: Receive) -> bytes:
        started = time.perf_counter()
        headers: Headers = scope["headers"]
        _refuse_by_headers(headers)
        event_id = self._checked(source.at_the_door, source, Request(headers, scope["query_string"]))
        raw = await _body(receive)
        event_id = self._checked(source.over_the_body, source, Request(headers, scope["query_string"], raw)) or event_id
        arrivals = await self._understood(source, topic, event_id, raw)
        stored = await self._stored(arrivals)
        self.metrics.accepted(source.name, stored, time.perf_counter() - started)
        return dumps({what: stored.count(what) for what in dict.fromkeys(stored)})

    def _checked(
        self, check: Callable[[Request, Secrets, datetime], str] | None, source: Source, request: Request
    ) -> str:
        """The sender's event id, "" for none. Any error of the check is a refusal, whatever it is."""
        if check is None:
            return ""
        try:
            return check(request, source.secrets, self.now())
        except NotAllowed:
            raise Refusal(401, "not accepted") from None
        except Exception:
            log.exception("the check of a sender failed")
            raise Refusal(401, "not accepted") from None

    async def _understood(self, source: Source, topic: str, event_id: str, raw: bytes) -> list[Arrival]:
        try:
            document = loads(raw)
            _refuse_deep(raw, document)
            if NUMBERED.fullmatch(event_id) and sweep(event_id).hits:
                raise Refusal(422, "the event id is a card number")
            swept = await self._swept(source, topic, raw, document)
            return source.arrivals(topic, swept.document, event_id, None if swept.hits else raw)
        except NotStrict as error:
            raise Refusal(400, str(error)) from None
        except BadRecord as error:
            raise Refusal(400, str(error)) from None

    async def _swept(self, source: Source, topic: str, raw: bytes, document: Any) -> Swept:
        """The document without card numbers. One with what is never kept is refused; its hash and path are noted."""
        try:
            swept = sweep(document, source.codes_at)
        except Unreadable as error:
            raise Refusal(422, str(error)) from None
        if swept.sensitive:
            self.metrics.cards[source.name, "refused"] += 1
            paths = sorted({hit.path for hit in swept.sensitive})
            log.error("sensitive card data refused: source %s, topic %s, at %s", source.name, topic, paths)
            await self._note(_letter(source, topic, raw, paths))
            raise Refusal(422, f"the body holds card data that may not be kept, at {', '.join(paths)}")
        if swept.hits:
            self.metrics.cards[source.name, "redacted"] += 1
            paths = sorted({hit.path for hit in swept.hits})
            log.warning("card numbers redacted: source %s, topic %s, at %s", source.name, topic, paths)
        return swept

    async def _note(self, letter: DeadLetter) -> None:
        try:
            await asyncio.to_thread(dead_letters.put, self.store, [letter])
        except Exception:
            log.exception("a refusal could not be noted")
            raise Refusal(503, "not now", RETRY_AFTER) from None

    async def _stored(self, arrivals: list[Arrival]) -> list[Stored]:
        if not arrivals:
            return []
        try:
            return await self.inlet.put(arrivals)
        except TryLater:
            raise Refusal(503, "not now", RETRY_AFTER) from None

    async def _page(self, scope: Message) -> tuple[int, bytes, bytes]:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(404, "not found")
        if scope["path"] == "/healthz":
            return (
                (503, b'{"status":"the store is away"}', JSON) if self.inlet.away else (200, b'{"status":"ok"}', JSON)
            )
        if scope["path"] == "/metrics" and live(self.metrics_secrets, self.now()):
            self._require_scraper(scope["headers"])
            gauges = {
                "he_receiver_waiting": self.inlet.waiting,
                "he_receiver_commits": self.inlet.commits,
                "he_store_log_bytes": log_bytes(self.store),
            }
            return 200, self.metrics.page({**gauges, **await self._conflicts()}).encode(), PLAIN
        raise Refusal(404, "not found")

    async def _conflicts(self) -> dict[str, int]:
        """Open conflicts by kind; no figure at all while the store is away, which is no zero."""
        try:
            found = await asyncio.to_thread(conflicts, self.store)
        except Exception:
            log.exception("conflicts could not be counted")
            return {}
        return {f"he_{kind}_conflicts": number for kind, number in found.items()}

    def _require_scraper(self, headers: Headers) -> None:
        try:
            presented = only(headers, b"authorization").removeprefix(b"Bearer ")
            shared_secret(presented, self.metrics_secrets, self.now())
        except NotAllowed:
            raise Refusal(401, "not accepted", (b"www-authenticate", b"Bearer")) from None


def _refuse_by_headers(headers: Headers) -> None:
    """What can be refused before a byte of the body is read."""
    for name, value in headers:
        if name == b"content-encoding":
            raise Refusal(415, "send the body without Content-Encoding")
        if name == b"content-length" and int(value) > MOST_BODY:
            raise Refusal(413, f"at most {MOST_BODY} bytes")


async def _body(receive: Receive) -> bytes:
    """The whole body, cut off as soon as it is too large. Raises Gone when the sender leaves before its end."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MOST_BODY:
            raise Refusal(413, f"at most {MOST_BODY} bytes")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _refuse_deep(raw: bytes, document: Any) -> None:
    """Nothing that is read later by recursion may be deeper than business documents are."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise BadRecord(f"nested deeper than {DEEPEST}")
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [each for some in inner for each in some if isinstance(each, dict | list)]


def _letter(source: Source, topic: str, raw: bytes, paths: list[str]) -> DeadLetter:
    """The trace of a refused body: a keyed hash and where it was, so that three missing digits cannot be tried out."""
    seen = hmac.new(source.secrets[0].value, raw, "sha256").hexdigest()
    reason = f"{source.name} sent card data that may not be kept; its body was refused. Ask the sender to leave it out."
    at = datetime.now(UTC).date().isoformat()
    return DeadLetter(source.name, f"{source.name}/{topic}", seen, -1, ", ".join(paths), "card data", "", reason, at)


def _error(message: str) -> bytes:
    return dumps({"error": message})


def _closing(*headers: tuple[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """A refused request may have bytes on their way that nobody will read: the connection ends with it."""
    return (*headers, (b"connection", b"close"))


async def _answer(send: Send, status: int, kind: bytes, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    own = ((b"content-type", kind), (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
