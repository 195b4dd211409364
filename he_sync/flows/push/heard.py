"""What the other side answered to a write, as it may be kept: bounded, without card numbers and without secrets.

One text an attempt: a JSON list of its calls in their order, each with place, status and body. A body that may not be
kept, or that is cut, says so and why.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from he_sync.connect import strict_json
from he_sync.connect.wire import Request, Response
from he_sync.model.card_numbers.sweep import sweep
from he_sync.model.errors import BrokenPromise, FixInput
from he_sync.store.canonical import canonical_json

LONGEST_BODY = 4_000
"""Characters of one answer that are kept. A longer one is rid of its empty fields first: a Kinetic header has 500
columns, of which a web order fills 30."""
EMPTY: tuple[Any, ...] = ("", None, 0, [], {})
LEFT_OUT = "[left out]"
LONGEST_READ = 256 * 1024
"""Bytes of an answer that are looked through for card numbers; a longer one is no answer to a write."""
MOST_CALLS = 12
"""Calls of one attempt that are kept, the last ones: how it ended is there."""
CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})
"""Headers whose value must be in no answer; an error page that shows the request would bring it back."""
SHORTEST_SECRET = 4
SECRET_NAME = re.compile(
    r"passw(or)?d|secret|token|api[-_ ]?key|authorization|credential|connection ?string", re.IGNORECASE
)
REMOVED = "[secret removed]"


def kept(heard: Iterable[tuple[Request, Response]]) -> str:
    """The answers of one attempt as they are stored; "" where nothing was answered."""
    calls = list(heard)
    if not calls:
        return ""
    left_out = len(calls) - MOST_CALLS
    told: list[Any] = [f"[{left_out} earlier calls left out]"] if left_out > 0 else []
    told += [_call(request, response) for request, response in calls[-MOST_CALLS:]]
    return canonical_json(told)


def _call(request: Request, response: Response) -> dict[str, Any]:
    place = f"{request.method} {urlsplit(request.url).path}"
    named = {"location": response.headers["location"]} if "location" in response.headers else {}
    return {"call": place, "status": response.status, **named, "body": _body(response.body, _secrets(request.headers))}


def _body(raw: bytes, secrets: frozenset[str]) -> Any:
    if len(raw) > LONGEST_READ:
        return f"[not kept: {len(raw):,} bytes]"
    text = raw.decode("utf-8", errors="replace").strip()
    for secret in secrets:
        text = text.replace(secret, REMOVED)
    try:
        document = _without_secrets(_document(text))
        swept = sweep(_shorter(document) if len(text) > LONGEST_BODY and isinstance(document, dict) else document)
    except FixInput as error:
        return f"[not kept: {error}]"
    except RecursionError:
        return "[not kept: nested too deeply to be looked through]"
    if swept.sensitive:
        return f"[not kept: {swept.sensitive[0].what} at {swept.sensitive[0].path}]"
    return _cut(swept.document)


def _document(text: str) -> Any:
    """The answer as JSON, or as the text it is: an error page is an answer too."""
    try:
        return strict_json.loads(text) if text else ""
    except BrokenPromise:
        return text.replace("\0", " ")


def _shorter(document: dict[str, Any]) -> dict[str, Any]:
    """Without its empty fields, and how many those were."""
    kept_fields = {name: value for name, value in document.items() if value not in EMPTY}
    return {**kept_fields, LEFT_OUT: f"{len(document) - len(kept_fields)} empty fields"}


def _cut(document: Any) -> Any:
    written = document if isinstance(document, str) else canonical_json(document)
    if len(written) <= LONGEST_BODY:
        return document
    return f"{written[:LONGEST_BODY]} [cut: {LONGEST_BODY:,} of {len(written):,} characters]"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _member(name, inner) for name, inner in value.items()}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def _member(name: str, value: Any) -> Any:
    """A field that is called like a secret and says something; a flag or a number of one is none."""
    if isinstance(value, str) and value and SECRET_NAME.search(name):
        return REMOVED
    return _without_secrets(value)


def _secrets(headers: Mapping[str, str]) -> frozenset[str]:
    found = {said for name, value in headers.items() if name.lower() in CREDENTIALS for said in _said(value)}
    return frozenset(one for one in found if len(one) >= SHORTEST_SECRET)


def _said(value: str) -> Iterator[str]:
    """A credential in its forms: whole, without its scheme, and the password inside of Basic."""
    scheme, _, rest = value.partition(" ")
    yield value
    if rest:
        yield rest
    if scheme == "Basic":
        try:
            yield base64.b64decode(rest).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return
