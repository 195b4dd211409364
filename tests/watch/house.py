"""An installation that is watched, rules as a person writes them, a clock, and targets that write down what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from he_sync.model.errors import TryLater
from he_sync.store.database import Store
from he_sync.watch.looking import Looked, look
from he_sync.watch.memory import Notice
from he_sync.watch.targets import Target

NOON = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EVERYBODY = """
targets:
  - {name: desk, kind: webhook, url: "http://127.0.0.1:9/desk"}
  - {name: boss, kind: webhook, url: "http://127.0.0.1:9/boss"}
routes:
  - {owners: [integration], to: [desk], escalate: [{after: 15m, to: [boss]}], repeat: 4h}
"""


@dataclass
class House:
    """What a test speaks of."""

    home: Path
    store: Store
    url: str
    now: datetime = NOON
    took: list[tuple[str, Notice]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    @property
    def environ(self) -> dict[str, str]:
        return {"HE_HOME": str(self.home), "HE_STORE_URL": self.url, "HE_CONSOLE_URL": "https://console.example"}

    def rules(self, text: str) -> None:
        (self.home / "alerts.yaml").write_text(text, encoding="utf-8")

    def later(self, **span: float) -> House:
        self.now += timedelta(**span)
        return self

    def send(self, target: Target, notice: Notice, now: datetime) -> None:
        """A target: it takes what comes, or it is down."""
        del now
        if target.name in self.down:
            raise TryLater(f"{target.name} does not answer")
        self.took.append((target.name, notice))

    def look(self) -> Looked:
        return look(self.environ, self.now, self.send)

    def told(self, alert: str = "events_wait") -> list[tuple[str, str]]:
        """(target, kind) of what was taken of one alert, in its order."""
        return [(target, notice.kind) for target, notice in self.took if notice.body["alert"] == alert]

    def bodies(self, alert: str) -> Sequence[dict[str, Any]]:
        return [notice.body for _, notice in self.took if notice.body["alert"] == alert]
