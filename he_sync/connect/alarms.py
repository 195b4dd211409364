"""Alarms: what people must hear of, told to the log at once and to HE_ALERT_URL as soon as it answers.

Kept as files until then, and not as rows: the store may be what is down. A channel that does not answer holds up
nothing (fault F104). Told at least once: when the answer is lost, the same alarm is sent again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from he_sync.connect.wire import Request, Send
from he_sync.model.errors import HeSyncError

WAITING, TOLD = "waiting", "told"
AT_ONCE = 20
"""Alarms in one delivery; a storm of them must not keep a sensor over its 60 s."""
GOOD = range(200, 300)
log = logging.getLogger("he_sync.alarms")


@dataclass(frozen=True)
class Alarm:
    """`subject` is what it is about, told once an hour at most; `text` says what to do; `who` are the people."""

    subject: str
    text: str
    who: tuple[str, ...]


@dataclass(frozen=True)
class Delivered:
    """How many alarms the channel took, how many wait, and why."""

    told: int
    waiting: int
    problem: str = ""


def tell(home: Path, alarm: Alarm, now: datetime) -> bool:
    """Log and keep an alarm. False when its subject was told within this hour already."""
    name = f"{now:%Y%m%dT%H}-{hashlib.sha256(alarm.subject.encode()).hexdigest()[:16]}.json"
    folder = home / "alarms"
    if (folder / TOLD / name).exists() or (folder / WAITING / name).exists():
        return False
    log.error("%s: %s (for %s)", alarm.subject, alarm.text, ", ".join(alarm.who))
    (folder / WAITING).mkdir(parents=True, exist_ok=True)
    draft = (folder / WAITING / name).with_suffix(".draft")
    draft.write_text(json.dumps({"at": now.isoformat(), **asdict(alarm)}), encoding="utf-8")
    draft.replace(folder / WAITING / name)
    return True


def waiting(home: Path) -> Iterator[Path]:
    """Alarms that the channel did not take yet, oldest first."""
    yield from sorted((home / "alarms" / WAITING).glob("*.json"))


def deliver(home: Path, url: str, send: Send) -> Delivered:
    """Post what waits, oldest first, and stop at the first that is not taken. Without an address the log must do."""
    told = 0
    for path in list(waiting(home))[:AT_ONCE]:
        if url and (problem := _post(url, path.read_bytes(), send)):
            return Delivered(told, len(list(waiting(home))), problem)
        (home / "alarms" / TOLD).mkdir(exist_ok=True)
        path.replace(home / "alarms" / TOLD / path.name)
        told += 1
    return Delivered(told, len(list(waiting(home))))


def _post(url: str, body: bytes, send: Send) -> str:
    """Why the channel did not take it; "" when it did. The address may hold a secret and is not named."""
    try:
        answer = send(Request("POST", url, {"content-type": "application/json"}, body))
    except HeSyncError as error:
        return f"the alarm channel does not answer ({type(error).__name__})"
    return "" if answer.status in GOOD else f"the alarm channel answered {answer.status}"
