"""The doctor: looks at every connection, permission and setting without changing anything, and says what to do.

A probe either returns what it saw or raises; a system that cannot be reached is said once, not once a probe. What is
looked at in which system: doctor_probes.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from he_sync.connect.wire import Response
from he_sync.model.errors import FixSettings, HeSyncError

MOST_SKEW = 60.0  # seconds; beyond it a poll's overlap no longer covers the difference of the clocks


@dataclass(frozen=True)
class Finding:
    """What the doctor saw: `say` is the state when `ok`, otherwise what is wrong and what to do.

    `advice`: it works as it is, and `say` is what would be better.
    """

    system: str
    what: str
    ok: bool
    say: str
    advice: bool = False


@dataclass(frozen=True)
class Probe:
    """One look: `see` returns what it saw, or raises one of ours where it is not as it must be.

    With `gate`, a failure means that the rest of the system is not worth looking at; with `advice`, that it could be
    better.
    """

    system: str
    what: str
    see: Callable[[], str]
    gate: bool = False
    advice: bool = False


def diagnose(probes: Iterable[Probe]) -> list[Finding]:
    """Every probe's finding, in order."""
    return list(_findings(probes))


def _findings(probes: Iterable[Probe]) -> Iterator[Finding]:
    closed: set[str] = set()
    for probe in probes:
        if probe.system in closed:
            continue
        try:
            yield Finding(probe.system, probe.what, ok=True, say=probe.see())
        except HeSyncError as error:
            yield Finding(probe.system, probe.what, ok=probe.advice, say=str(error), advice=probe.advice)
            if probe.gate:
                closed.add(probe.system)


def reached(check: Callable[[], Response]) -> str:
    """Latency and the difference of the clocks. Raises FixSettings where they are too far apart."""
    began = time.monotonic()
    response = check()
    took = f"answers in {(time.monotonic() - began) * 1000:.0f} ms"
    skew = clock_skew(response, datetime.now(UTC))
    if skew is None:
        return f"{took}, without a Date header to compare the clocks"
    if abs(skew) > MOST_SKEW:
        way = "ahead" if skew > 0 else "behind"
        raise FixSettings(f"our clock is {abs(skew):.0f} s {way}; set the time of this machine (NTP)")
    return f"{took}, clocks {abs(skew):.0f} s apart"


def clock_skew(response: Response, now: datetime) -> float | None:
    """Seconds by which our clock is ahead of the server's Date header; None without a readable one."""
    try:
        return (now - parsedate_to_datetime(response.headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
