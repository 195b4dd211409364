"""Who sent this: shared secrets, Standard Webhooks 1.0.0 and GP-API signatures, over the bytes as they came.

Every comparison takes the same time whatever is wrong, and every error is a refusal. Why not the standardwebhooks
package: malformed signatures make it raise errors of three other kinds, an id with a point shifts the border between
id, time and body unseen, and it knows one secret at a time (reference reliability, T2, T3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from he_sync.model.errors import NotAllowed
from he_sync.web.receiver.settings import Secrets, live

Headers = Sequence[tuple[bytes, bytes]]
TOLERANCE = 300
"""Seconds that a signed time may be off, either way."""
EVENT_ID = re.compile(rb"[A-Za-z0-9_-]{1,128}")
SECONDS = re.compile(rb"[0-9]{1,12}")
MOST_SIGNATURES = 16
BLANK = re.compile(rb'("(?:[^"\\]|\\.)*+")|[ \t\r\n]+')


def shared_secret(presented: bytes, secrets: Secrets, now: datetime) -> None:
    """Raises NotAllowed unless the caller presented one of the secrets."""
    _require_one_equal([presented], live(secrets, now))


def standard_webhook(headers: Headers, body: bytes, secrets: Secrets, now: datetime) -> str:
    """The sender's id of the event. Raises NotAllowed for anything but a right signature of now."""
    event_id, stamp = only(headers, b"webhook-id"), only(headers, b"webhook-timestamp")
    if not EVENT_ID.fullmatch(event_id) or not SECONDS.fullmatch(stamp):
        raise NotAllowed("not accepted")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE:
        raise NotAllowed("not accepted")
    signed = b".".join((event_id, stamp, body))
    expected = [b"v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")) for secret in live(secrets, now)]
    # Compared as written: base64 has two letters for one value in its last place, so a changed one would still count.
    _require_one_equal(only(headers, b"webhook-signature").split(b" ")[:MOST_SIGNATURES], expected)
    return event_id.decode("ascii")


def gp_api(headers: Headers, body: bytes, secrets: Secrets, now: datetime) -> None:
    """Raises NotAllowed unless X-GP-Signature is the sha-512 of the minified body and an app key.

    The notification is sent minified; one that was laid out anew on its way still counts as the same text.
    """
    presented = only(headers, b"x-gp-signature").lower()
    texts = (body, BLANK.sub(rb"\1", body))
    expected = [hashlib.sha512(text + key).hexdigest().encode() for text in texts for key in live(secrets, now)]
    _require_one_equal([presented], expected)


def only(headers: Headers, name: bytes) -> bytes:
    """The value of a header that must be there once. Raises NotAllowed: two are an ambiguity, not a choice."""
    found = [value for key, value in headers if key == name]
    if len(found) != 1:
        raise NotAllowed("not accepted")
    return found[0]


def _require_one_equal(presented: Iterable[bytes], expected: Sequence[bytes]) -> None:
    """Compares all with all, so that the time says nothing about which was nearly right."""
    equal = [hmac.compare_digest(one, other) for one in presented for other in expected]
    if not any(equal):
        raise NotAllowed("not accepted")
