"""What could not go, as dead letters: one a record and rule, the same again the next time."""

from __future__ import annotations

from dataclasses import dataclass

from he_sync.store.dead_letters import DeadLetter

FLOW = "stock"


@dataclass(frozen=True)
class Trouble:
    """Why a record stays where it is: `record` names it, `rule` what it broke, `reason` says what to do."""

    source: str
    record: str
    rule: str
    reason: str

    def letter(self, day: str) -> DeadLetter:
        """The letter of a business date."""
        entity = f"{self.source}/stock"
        return DeadLetter(
            self.source, entity, self.record, -1, "", self.rule, "", self.reason, day, flow=FLOW, plain=self.reason
        )
