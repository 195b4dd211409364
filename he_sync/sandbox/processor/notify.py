"""Status notifications: the resource posted to the merchant's `status_url`, signed with the app key."""

from __future__ import annotations

import hashlib
import threading
import urllib.error
import urllib.request

import simplejson

from he_sync.sandbox.http import Call
from he_sync.sandbox.processor.switches import STATUS_URL
from he_sync.sandbox.processor.tokens import app_of
from he_sync.sandbox.state import Document

SECONDS = 5


def minified(document: Document) -> bytes:
    """The body as it is signed: no spaces, slashes and letters beyond ASCII unescaped."""
    text: str = simplejson.dumps(document, use_decimal=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def signature(body: bytes, app_key: str) -> str:
    """X-GP-Signature: hex SHA-512 of the minified body followed by the app key."""
    return hashlib.sha512(body + app_key.encode()).hexdigest()


def post(call: Call, url: str, document: Document) -> None:
    """Send a notification to the sale's own address or the switch's, once; the answer to the till does not wait."""
    address = url or STATUS_URL.read(call.state)
    if not address.startswith(("http://", "https://")):
        return
    body = minified(document)
    headers = {"content-type": "application/json", "x-gp-signature": signature(body, app_of(call)[1].key)}
    request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - scheme checked above
    threading.Thread(target=_send, args=(request,), daemon=True).start()


def _send(request: urllib.request.Request) -> None:
    try:
        urllib.request.urlopen(request, timeout=SECONDS).close()  # noqa: S310 - scheme checked by the caller
    except (urllib.error.URLError, OSError):
        return
