"""Alert: what was expected, what was seen, why that is unusual, and the records it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

CHAIN = "all stores"
"""The subject of an alert about the whole chain."""


@dataclass(frozen=True)
class Alert:
    """`subject` is a store, an item or CHAIN; `beyond` is how many times the line it is, 1 where a rule is exact.

    `rows` are ids of records, in order; none where the trouble is that there are none.
    """

    check: str
    subject: str
    business_date: str
    expected: str
    seen: str
    why: str
    rows: tuple[str, ...] = field(default=())
    beyond: float = 1.0

    @property
    def key(self) -> str:
        """The same alert of a second run has the same key."""
        about = "\n".join((self.check, self.subject, self.business_date, *self.rows[:1]))
        return hashlib.sha256(about.encode()).hexdigest()[:12]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"key": self.key, **asdict(self), "rows": list(self.rows), "beyond": round(self.beyond, 2)}


def in_order(alerts: Iterable[Alert]) -> list[Alert]:
    """Newest date first, then by check and subject; the furthest beyond its line first within those."""
    return sorted(sorted(alerts, key=lambda one: (one.check, one.subject, -one.beyond, one.rows)), key=_newest)


def _newest(one: Alert) -> int:
    return -int(one.business_date.replace("-", ""))
