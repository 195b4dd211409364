"""What an error body says, in one line: every shape that the systems were seen to answer with, and none at all."""

from __future__ import annotations

import re
from typing import Any

from he_sync.connect.exchange import Complaint
from he_sync.connect.strict_json import NotStrict
from he_sync.connect.wire import Response

LONGEST = 300
UNSEEN = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def plain(body: bytes) -> str:
    """A text, HTML or empty body as one short line."""
    text = UNSEEN.sub(" ", body[: 64 * 1024].decode("utf-8", "replace"))
    return " ".join(text.split())[:LONGEST] or "no reason given"


def heartland(response: Response) -> Complaint:
    """`{"error", "message", "details": {field: [text] or text}}`; anything else as text."""
    document = _document(response)
    if not isinstance(document, dict) or "error" not in document:
        return Complaint(plain(response.body))
    details = document.get("details") or {}
    named = details if isinstance(details, dict) else {"details": details}
    fields = [f"{name}: {_listed(value)}" for name, value in named.items()]
    reason = "; ".join([str(document.get("message") or document["error"]), *fields])
    return Complaint(reason[:LONGEST], str(document["error"]))


def epicor(response: Response) -> Complaint:
    """Kinetic's `ErrorMessage`/`ErrorType`, OData's `{"error": {"code", "message"}}`, XML, or a gateway's page."""
    document = _document(response)
    if isinstance(document, dict) and "ErrorMessage" in document:
        return Complaint(_kinetic(document), str(document.get("ErrorType") or ""))
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        error = document["error"]
        return Complaint(str(error.get("message") or "no reason given")[:LONGEST], str(error.get("code") or ""))
    kind = re.search(rb"<ErrorType>([\w.]+)</ErrorType>", response.body)
    return Complaint(plain(response.body), kind.group(1).decode() if kind else "")


def _kinetic(document: dict[str, Any]) -> str:
    """The message, and what the details add to it: the table and field, or a more precise text."""
    message = str(document["ErrorMessage"] or "no reason given")
    parts = [message]
    for detail in document.get("ErrorDetails") or []:
        place = ".".join(str(detail[name]) for name in ("Table", "Field") if detail.get(name))
        text = str(detail.get("Message") or "")
        parts += [part for part in (f"[{place}]" if place else "", "" if text in message else text) if part]
    return " ".join(dict.fromkeys(" ".join(parts).split("\n")))[:LONGEST]


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _document(response: Response) -> Any:
    try:
        return response.json()
    except NotStrict:
        return None
