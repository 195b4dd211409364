"""Faults by name and probability, per system, method and route; set through the admin port, drawn from a seeded source.

| name | what the client sees |
|---|---|
| latency | the answer, `seconds` late |
| throttle | 429 with `Retry-After: retry_after`, nothing done |
| error_before | `status` (503), nothing done |
| error_after | `status` (500) although the work was committed |
| lost_request | connection closed, nothing done |
| lost_response | connection closed after the work was committed |
| late_landing | connection closed at once; the work is committed `seconds` later |
| truncated_body | half of the body, then a closed connection |
| stale_read | reads as they were `seconds` ago (the stand-in reads `Call.fault`) |
| expired_token | the stand-in treats the token as expired (it reads `Call.fault`) |
"""

from __future__ import annotations

import random
import re
import threading
from dataclasses import asdict, dataclass

from he_sync.sandbox.state import State, decode, encode

NAMES = frozenset(
    {
        "latency",
        "throttle",
        "error_before",
        "error_after",
        "lost_request",
        "lost_response",
        "late_landing",
        "truncated_body",
        "stale_read",
        "expired_token",
    },
)
DEFAULT_STATUS = {"throttle": 429, "error_before": 503, "error_after": 500}


@dataclass(frozen=True)
class Fault:
    """One fault rule. `route` is a regular expression on the path; `remaining` None means without end."""

    name: str
    system: str = ".*"
    method: str = ".*"
    route: str = ".*"
    probability: float = 1.0
    remaining: int | None = None
    seconds: float = 1.0
    retry_after: str | None = None
    status: int = 0

    def __post_init__(self) -> None:
        """Refuse a rule that could never fire; figures from JSON become those that the clock and the draw take."""
        if self.name not in NAMES:
            raise ValueError(f"no fault is called {self.name!r}; one of {', '.join(sorted(NAMES))}")
        for pattern in (self.system, self.method, self.route):
            re.compile(pattern)
        object.__setattr__(self, "probability", float(self.probability))
        object.__setattr__(self, "seconds", float(self.seconds))
        object.__setattr__(self, "status", int(self.status))
        if self.remaining is not None:
            object.__setattr__(self, "remaining", int(self.remaining))
        if not self.status:
            object.__setattr__(self, "status", DEFAULT_STATUS.get(self.name, 500))

    def headers(self) -> dict[str, str]:
        """Headers that go with a throttling or error answer."""
        return {} if self.retry_after is None else {"retry-after": self.retry_after}

    def fits(self, system: str, method: str, path: str) -> bool:
        """Whether the rule is about this request."""
        asked = re.fullmatch(self.system, system) and re.fullmatch(self.method, method)
        return bool(asked and re.search(self.route, path))


class Faults:
    """The fault plan in force. Survives a restart; the draw is seeded, so a run can be repeated."""

    def __init__(self, state: State, seed: int = 0) -> None:
        self._state, self._lock, self._random = state, threading.Lock(), random.Random(seed)  # noqa: S311 - not a secret
        self._rules = [Fault(**rule) for rule in decode(state.setting("faults", "[]"))]

    def set(self, rules: list[Fault]) -> None:
        """Replace the plan."""
        with self._lock:
            self._rules = rules
            self._state.set_setting("faults", encode([asdict(rule) for rule in rules]))

    def rules(self) -> list[Fault]:
        """The plan in force."""
        return list(self._rules)

    def decide(self, system: str, method: str, path: str) -> Fault | None:
        """The first rule that fits and is drawn, counted down; None in most cases."""
        if not self._rules or system == "admin":
            return None
        with self._lock:
            for place, rule in enumerate(self._rules):
                spent = rule.remaining is not None and rule.remaining <= 0
                if spent or not rule.fits(system, method, path) or self._random.random() >= rule.probability:
                    continue
                if rule.remaining is not None:
                    self._rules[place] = Fault(**{**asdict(rule), "remaining": rule.remaining - 1})
                return rule
        return None
