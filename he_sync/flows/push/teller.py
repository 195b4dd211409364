"""What became of an effect, told to the store: confirmed, rejected, postponed, in doubt, parked, or handed back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from he_sync.connect.exchange import UNAUTHORISED
from he_sync.connect.permit import LeaseEnded
from he_sync.connect.strict_json import NotStrict
from he_sync.flows.push.lane import Lane
from he_sync.flows.push.outcome import NOT_ALLOWED, PAUSE_SECONDS, Attempt, Clock, Pushed
from he_sync.model.errors import (
    BrokenPromise,
    FixInput,
    FixSettings,
    LookUpFirst,
    NotAllowed,
    Refused,
    Throttled,
    TryLater,
)
from he_sync.store import effects
from he_sync.store.database import Store
from he_sync.store.effects import QUARANTINE, Claimed


@dataclass(frozen=True)
class Teller:
    """Tells the store, counts, and lets the system's lane hear what an error says about the system."""

    store: Store
    now: Clock
    lane: Lane
    done: Pushed

    def confirm(self, those: Sequence[tuple[Claimed, str]], heard: Mapping[str, str]) -> None:
        """The other side has them, each under its reference; `heard` is what it answered, by key."""
        if those:
            for (claimed, _), held in zip(those, effects.confirm_many(self.store, those, heard), strict=True):
                self.done.note(claimed, "confirmed" if held else "stale")

    def failed(self, claimed: Claimed, attempt: Attempt, *, looking: bool) -> None:
        """What an error means for the effect; `wrote`: a part of it is at the other side already."""
        error = attempt.error or BrokenPromise(f"the writer of {claimed.effect.kind} gave no reference")
        unanswered = isinstance(error, LookUpFirst | TryLater | NotStrict)
        stopping = isinstance(error, FixSettings) or (isinstance(error, NotAllowed) and error.status == UNAUTHORISED)
        self._heard(error, unanswered=unanswered, stopping=stopping)
        if unanswered or stopping:
            in_doubt = attempt.wrote or (isinstance(error, LookUpFirst) and not looking)
            self._later(claimed, error, attempt.heard, in_doubt=in_doubt)
        elif isinstance(error, Refused | FixInput) and not (looking and claimed.may_have_landed):
            reason = f"{NOT_ALLOWED if isinstance(error, NotAllowed) else ''}{error}"
            self._told(claimed, "rejected", effects.reject(self.store, claimed, reason, attempt.heard), error)
        else:
            known = isinstance(error, Refused | FixInput | BrokenPromise)
            reason = str(error) if known else f"a fault of ours, {type(error).__name__}: {error}"
            self._told(claimed, "parked", effects.park(self.store, claimed, reason, attempt.heard), error)

    def _heard(self, error: Exception, *, unanswered: bool, stopping: bool) -> None:
        """What an error says about the system."""
        if stopping or (isinstance(error, Throttled) and error.retry_after):
            self.lane.stop(str(error))
        elif not unanswered:
            self.lane.answered()
        elif not isinstance(error, LeaseEnded):
            self.lane.silent(str(error))

    def _later(self, claimed: Claimed, error: Exception, heard: str, *, in_doubt: bool) -> None:
        """In doubt: nobody touches it before every request of ours must have landed. Otherwise after a pause."""
        pause = error.retry_after if isinstance(error, Throttled) and error.retry_after else PAUSE_SECONDS
        soon = self.now() + timedelta(seconds=pause)
        if in_doubt or claimed.may_have_landed:
            when = self.now() + QUARANTINE if in_doubt else soon
            self._told(claimed, "doubtful", effects.doubt(self.store, claimed, when, str(error), heard), error)
        else:
            self._told(claimed, "postponed", effects.postpone(self.store, claimed, soon, str(error)), error)

    def _told(self, claimed: Claimed, state: str, held: bool, error: Exception) -> None:
        """Count what the store was told; False from it says that the effect is in other hands by now."""
        self.done.note(claimed, state if held else "stale", str(error))

    def hand_back(self, claimed: Claimed) -> None:
        """As if it had not been claimed: due now, no attempt counted."""
        back = effects.doubt if claimed.may_have_landed else effects.postpone
        back(self.store, claimed, self.now(), f"not sent: {self.lane.stopped}")
