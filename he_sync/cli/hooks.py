"""The secrets that senders prove themselves with, made once a home, and the sandbox told where to send its events."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from he_sync.sandbox.epicor.switches import BPM_DIRECTIVES
from he_sync.sandbox.heartland.webhooks import EVENTS
from he_sync.sandbox.processor.switches import STATUS_URL
from he_sync.sandbox.server import Sandbox

HEARTLAND, SHOP, EPICOR = "HE_HOOK_HEARTLAND_SECRET", "HE_HOOK_SHOP_SECRETS", "HE_HOOK_EPICOR_SECRET"
KINETIC_TABLES = ("OrderHed", "OrderRel", "JobHead", "ShipHead", "Part", "PartWhse", "Customer")
WEBHOOKS = "heartland/webhooks"


def _shared() -> str:
    return secrets.token_urlsafe(32)


def _signing() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


MADE: dict[str, Callable[[], str]] = {HEARTLAND: _shared, SHOP: _signing, EPICOR: _shared}


def keys(home: Path) -> dict[str, str]:
    """Settings that name a file each, which only this account may read; what is there already stays."""
    return {f"{name}_FILE": str(_kept(home.resolve() / "secrets" / name.lower(), make)) for name, make in MADE.items()}


def secret(home: Path, name: str) -> str:
    """One of them."""
    return (home / "secrets" / name.lower()).read_text(encoding="ascii")


def made(home: Path, name: str) -> str:
    """A password that was made once for this home, for a server of its own."""
    return _kept(home.resolve() / "secrets" / name, _shared).read_text(encoding="ascii")


def _kept(path: Path, make: Callable[[], str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(file, "w", encoding="ascii") as made:
        made.write(make())
    return path


def register(sandbox: Sandbox, receiver: str, home: Path) -> None:
    """Heartland's webhooks, Epicor's directives, the processor's notifications: to this receiver, and nowhere else.

    A receiver of an earlier `up` on another port would be told in vain for ever.
    """
    state = sandbox.state
    with state.transaction("admin"):
        for hook in state.select(WEBHOOKS):
            state.delete(WEBHOOKS, hook["id"])
        for number, event in enumerate(EVENTS, 1):
            url = f"{receiver}/hooks/heartland/{event}?{urlencode({'secret': secret(home, HEARTLAND)})}"
            state.put(WEBHOOKS, number, {"id": number, "url": url, "events": [event], "active?": True})
        BPM_DIRECTIVES.set(state, json.dumps([_directive(table, receiver, home) for table in KINETIC_TABLES]))
        STATUS_URL.set(state, f"{receiver}/hooks/processor/transaction")


def _directive(table: str, receiver: str, home: Path) -> dict[str, str]:
    url = f"{receiver}/hooks/epicor/{table}"
    return {"table": table, "url": url, "header": "X-He-Sync-Secret", "secret": secret(home, EPICOR)}
