"""A message on its way: e-mail, what Slack and its likes read, or the alert as signed JSON.

A target is named by its name only: its address may be the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import assert_never

from he_sync.connect import wire
from he_sync.connect.wire import Request, http_send
from he_sync.model.errors import FixSettings, HeSyncError, TryLater
from he_sync.settings import variable
from he_sync.watch.memory import Notice
from he_sync.watch.metrics import number
from he_sync.watch.targets import Email, Hook, Target

SECONDS, BYTES = 10.0, 1 << 20
WORDS = {
    "firing": "",
    "still": "Still: ",
    "escalated": "Not acknowledged: ",
    "resolved": "Over: ",
    "alarm": "",
    "heartbeat": "",
}
LISTED = 20
"""Further series of an alert that a message for people names."""
SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
SIGNED = b"v1,"
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
Deliver = Callable[[Target, Notice, datetime], None]


def deliver(environ: Mapping[str, str]) -> Deliver:
    """Sends one message to one target. Raises an error of ours, without an address in it, where it is not taken."""

    def send(target: Target, notice: Notice, now: datetime) -> None:
        try:
            match target:
                case Email():
                    _mail(target, notice, environ)
                case Hook():
                    _post(target, notice, environ, now)
                case _:
                    assert_never(target)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise TryLater(f"{target.name} cannot be reached ({_said(error)})") from error

    return send


def subject(notice: Notice) -> str:
    """One line: how bad, and what."""
    body = notice.body
    more = f" (and {len(body['also'])} more)" if body.get("also") else ""
    return f"[{str(body['severity']).upper()}] {WORDS[notice.kind]}{body['summary']}{more}"


def words(notice: Notice) -> str:
    """The message for people."""
    body = notice.body
    known = body.get("limit") is not None and body.get("value") is not None
    limit = f" (limit {number(body['limit'])}, found {number(body['value'])})" if known else ""
    lines = (
        f"{body['alert']}{limit}, for {body['owner']}",
        f"since {body['since']}" + (f", over {body['at']}" if notice.kind == "resolved" else ""),
        f"record: {body['record']}",
        f"what to do: {body['runbook']}",
    )
    also = body.get("also", [])
    rest = (f"and {len(also) - LISTED} more",) if len(also) > LISTED else ()
    return "\n".join((subject(notice), *lines, *(f"also: {one}" for one in also[:LISTED]), *rest))


def _mail(target: Email, notice: Notice, environ: Mapping[str, str]) -> None:
    if target.user and target.tls == "none" and target.host not in LOCAL:
        raise FixSettings(f"{target.name}: a password needs tls: starttls or tls")
    message = EmailMessage()
    message["Subject"] = subject(notice)
    message["From"], message["To"] = target.sender, ", ".join(target.to)
    host = target.sender.rpartition("@")[2].strip("> ")
    message["Message-ID"] = f"<{notice.id}@{host}>"
    message["References"] = f"<{hashlib.sha256(notice.episode.encode()).hexdigest()[:32]}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words(notice))
    kind = smtplib.SMTP_SSL if target.tls == "tls" else smtplib.SMTP
    with kind(target.host, target.port, timeout=SECONDS) as server:
        if target.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if target.user:
            server.login(target.user, variable(target.password_from, environ))
        refused = server.send_message(message)
    if refused:
        raise TryLater(f"{target.name} refused {len(refused)} of {len(target.to)} recipients")


def _post(target: Hook, notice: Notice, environ: Mapping[str, str], now: datetime) -> None:
    url = variable(target.url_from, environ) if target.url_from else target.url
    if target.kind == "slack":
        content: object = {"text": words(notice).translate(SLACK)}
    else:
        content = {"type": f"alert.{notice.kind}", "timestamp": now.isoformat(), "data": notice.body}
    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    headers = {"content-type": "application/json", **_signature(target, notice, environ, now, body)}
    try:
        with http_send(total_deadline=SECONDS, byte_cap=BYTES) as send:
            answer = send(Request("POST", url, headers, body))
    except HeSyncError as error:
        raise TryLater(f"{target.name} does not answer ({type(error).__name__})") from error
    if answer.status not in wire.GOOD:
        raise TryLater(f"{target.name} answered {answer.status}")


def _signature(target: Hook, notice: Notice, environ: Mapping[str, str], now: datetime, body: bytes) -> dict[str, str]:
    """Standard Webhooks 1.0.0: the id is the notice's own, so that one that is sent again is known."""
    if target.kind == "slack":
        return {}
    stamp = f"{now.timestamp():.0f}"
    headers = {"webhook-id": notice.id, "webhook-timestamp": stamp}
    if not target.secret_from:
        return headers
    try:
        secret = base64.b64decode(variable(target.secret_from, environ).removeprefix("whsec_"), validate=True)
    except ValueError:
        raise FixSettings(f"{target.name}: {target.secret_from} must be base64, whsec_ in front or not") from None
    signed = hmac.digest(secret, b".".join((notice.id.encode(), stamp.encode(), body)), "sha256")
    return {**headers, "webhook-signature": (SIGNED + base64.b64encode(signed)).decode()}


def _said(error: Exception) -> str:
    """What kind of error, with the server's code where it gave one; its words may repeat an address."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
