"""What one push did, and the times that it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from he_sync.store.effects import Claimed

# No write leaves after its lease, and the quarantine of a lost worker counts from the start of the lease: what is left
# of it, 300 s, is how long a request may take to land.
LEASE_SECONDS = 30.0
PAUSE_SECONDS = 30.0
"""After which a write that never left is tried again; a run that comes sooner leaves it to the next."""
MOST_FAILURES = 3
"""Effects in a row without an answer after which the rest of a system's is left to the next push."""
NOT_ALLOWED = "not allowed: "
"""How the reason of a rejection begins that is about the account, not the effect."""

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass
class Pushed:
    """What one push did: effects by outcome, and one line for each that did not go through.

    `stops` says by system why nothing further was sent to it: credentials that are refused stay refused, and asking on
    with them locks the account; a system that is down stays down for longer than the patience with each effect; one
    that asked for a pause gets it. `more`: the time was over before the work.
    """

    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    stops: dict[str, str] = field(default_factory=dict)
    more: bool = False

    @property
    def stopped(self) -> str:
        """Why nothing further was sent, all systems in one line; empty where none was left alone."""
        return "; ".join(self.stops.values())

    def note(self, claimed: Claimed, state: str, problem: str = "") -> None:
        """Count one outcome."""
        self.states[state] += 1
        if problem:
            self.problems.append(f"{claimed.effect.kind} {claimed.effect.entity} {state}: {problem}")


@dataclass(frozen=True)
class Attempt:
    """How one call went: a reference, None for absent, or what went wrong; `wrote`: a part of it is there already.

    `heard` is what the other side answered, as it is kept.
    """

    reference: str | None = None
    error: Exception | None = None
    wrote: bool = False
    heard: str = ""
