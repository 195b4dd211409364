"""What the receiver needs to know, read from the environment. A source without a secret does not exist.

A secret may be followed by its last day, so that the previous one is taken until then: `new,old;until=2026-12-31`.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from he_sync.model.errors import FixSettings
from he_sync.settings import store_address, variable

SHORTEST = 22
"""Letters of a shared secret: 128 bits in base64."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
SIGNING = range(24, 65)
"""Bytes of a Standard Webhooks secret."""
MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"


@dataclass(frozen=True)
class Secret:
    """A secret and, for one that was replaced, the instant from which it is refused."""

    value: bytes = field(repr=False)
    until: datetime | None = None


Secrets = tuple[Secret, ...]


@dataclass(frozen=True)
class ReceiverSettings:
    """Where events are kept, whose are taken, and whom to ring. Secrets are kept out of `repr`."""

    store: str | Path
    heartland: Secrets = field(default=(), repr=False)
    shop: Secrets = field(default=(), repr=False)
    processor: Secrets = field(default=(), repr=False)
    epicor: Secrets = field(default=(), repr=False)
    metrics: Secrets = field(default=(), repr=False)
    epicor_company: str = ""
    epicor_tables: tuple[tuple[str, str], ...] = ()
    """Tables of one's own flows with the column that tells their rows apart, beside those of the shipped flows."""
    dagster_url: str = ""
    connections: int = 2_000
    """Open at a time; more are turned away."""
    batch: int = 256
    """Requests in one transaction."""


def read_settings(environ: Mapping[str, str] = os.environ) -> ReceiverSettings:
    """Settings of this process. Raises FixSettings for a secret that is too short or cannot be read."""
    return ReceiverSettings(
        store=store_address(environ),
        heartland=_secrets("HE_HOOK_HEARTLAND_SECRET", environ, _shared),
        shop=_secrets("HE_HOOK_SHOP_SECRETS", environ, _signing),
        processor=_secrets("HE_GP_APP_KEY", environ, lambda _, text: text.encode()),
        epicor=_secrets("HE_HOOK_EPICOR_SECRET", environ, _shared),
        metrics=_secrets("HE_METRICS_TOKEN", environ, _shared),
        epicor_company=environ.get("HE_EPICOR_COMPANY", ""),
        epicor_tables=_tables("HE_EPICOR_TABLES", environ),
        dagster_url=environ.get("HE_DAGSTER_URL", ""),
        connections=_count("HE_RECEIVER_CONNECTIONS", environ, ReceiverSettings.connections),
        batch=_count("HE_RECEIVER_BATCH", environ, ReceiverSettings.batch),
    )


def live(secrets: Secrets, now: datetime) -> list[bytes]:
    """The secrets that are taken at this instant."""
    return [secret.value for secret in secrets if secret.until is None or now < secret.until]


def _count(name: str, environ: Mapping[str, str], default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or not int(text):
        raise FixSettings(f"{name} must be a number above 0, not {text!r}")
    return int(text)


def _tables(name: str, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Vendor=VendorNum, several with commas between."""
    items = [item.strip() for item in environ.get(name, "").split(",")]
    pairs = [item.partition("=") for item in items if item]
    for table, is_, column in pairs:
        if not (NAME.fullmatch(table) and is_ and NAME.fullmatch(column)):
            raise FixSettings(
                f"{name}: write tables as Vendor=VendorNum, with commas between, not {table + is_ + column!r}"
            )
    return tuple((table, column) for table, _, column in pairs)


def _secrets(name: str, environ: Mapping[str, str], value: Callable[[str, str], bytes]) -> Secrets:
    items = (item.strip() for item in variable(name, environ, "").split(","))
    return tuple(_secret(name, item, value) for item in items if item)


def _secret(name: str, item: str, value: Callable[[str, str], bytes]) -> Secret:
    text, _, day = item.partition(";until=")
    return Secret(value(name, text), _end_of(name, day) if day else None)


def _end_of(name: str, day: str) -> datetime:
    """The first instant after a day in UTC."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError:
        raise FixSettings(f"{name}: `until=` needs a day such as 2026-12-31") from None


def _shared(name: str, text: str) -> bytes:
    if len(text) < SHORTEST or not text.isascii():
        raise FixSettings(f"{name} needs at least {SHORTEST} ASCII letters; {MAKE_ONE}")
    return text.encode()


def _signing(name: str, text: str) -> bytes:
    try:
        value = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise FixSettings(f"{name} must be base64, `whsec_` in front or not, as the sender shows it") from None
    if len(value) not in SIGNING:
        raise FixSettings(f"{name} needs {SIGNING.start} to {SIGNING.stop - 1} bytes, as Standard Webhooks ask")
    return value
