"""Sending a plan: each effect once, looked up first whatever is known about it (reference reliability 3.3).

A look-up only reads. A write may be begun again after it broke off anywhere: it reads what is there and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from he_sync.connect.exchange import UNAUTHORISED
from he_sync.connect.permit import only_while
from he_sync.flows.writers import WRITERS, Bench, Writer
from he_sync.model.errors import BrokenPromise, FixInput, LookUpFirst, NotAllowed, Refused, Throttled, TryLater
from he_sync.store import effects
from he_sync.store.database import Store
from he_sync.store.effects import QUARANTINE, Claimed

# No write leaves after its lease, and the quarantine of a lost worker counts from the start of the lease: what is left
# of it, 300 s, is how long a request may take to land.
LEASE_SECONDS = 30.0
PAUSE_SECONDS = 30.0
"""After which a write that never left is tried again; a run that comes sooner leaves it to the next."""
MOST_FAILURES = 3
"""Effects in a row without an answer after which the rest is left to the next push."""
NOT_ALLOWED = "not allowed: "
"""How the reason of a rejection begins that is about the account, not the effect."""

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass
class Pushed:
    """What one push did: effects by outcome, and one line for each that did not go through.

    `stopped` says why nothing further was sent: credentials that are refused stay refused, and asking on with them
    locks the account; a system that is down stays down for longer than the patience with each effect.
    """

    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    stopped: str = ""

    def note(self, claimed: Claimed, state: str, problem: str = "") -> None:
        """Count one outcome."""
        self.states[state] += 1
        if problem:
            self.problems.append(f"{claimed.effect.kind} {claimed.effect.entity} {state}: {problem}")


def push(store: Store, bench: Bench, worker: str, target: str | None = None, now: Clock = wall_clock) -> Pushed:
    """Settle what is in doubt, then send every effect that may be sent now, to one target or to all."""
    _ask_again(store, target)
    job = _Job(store, bench, now)
    for take, handle in ((effects.resume_doubtful, job.settle), (effects.claim, job.send)):
        while not job.done.stopped and (claimed := take(store, worker, LEASE_SECONDS, now(), target=target)):
            handle(claimed)
    return job.done


def _ask_again(store: Store, target: str | None) -> None:
    """What the account was not allowed goes again with every push: the right may have been granted since."""
    for status in effects.listing(store, states=["rejected"]):
        if status.reason.startswith(NOT_ALLOWED) and target in {None, status.effect.target}:
            effects.release(store, status.effect.key, "he-sync", "the account is asked again")


class _Job:
    """One push under way."""

    def __init__(self, store: Store, bench: Bench, now: Clock) -> None:
        self._store, self._bench, self._now, self.done = store, bench, now, Pushed()
        self._unanswered = 0

    def settle(self, claimed: Claimed) -> None:
        """Look up an effect whose outcome nobody knows; only when it is absent may the same key be sent once more."""
        if self._absent(claimed):
            if again := effects.send_again(self._store, claimed, self._now()):
                self._write(again)
            else:
                self.done.note(claimed, "parked", f"absent after {claimed.attempt} attempts")

    def send(self, claimed: Claimed) -> None:
        """A first send looks up too: a person, or a restored backup of ours, may have written it already."""
        if self._absent(claimed):
            self._write(claimed)

    def _absent(self, claimed: Claimed) -> bool:
        """Whether the look-up was made and found nothing; everything else is told to the store here."""
        try:
            reference = _writer(claimed).find(self._bench, claimed.effect.key, claimed.effect.body)
        except Exception as error:  # noqa: BLE001 - a bug in one writer must not hold up the effects of the others
            self._failed(claimed, error, wrote=False, looking=True)
            return False
        if reference is not None:
            self._confirm(claimed, reference)
        return reference is None

    def _write(self, claimed: Claimed) -> None:
        with only_while(lambda: self._now() < claimed.lease_until) as permit:
            try:
                reference = _writer(claimed).write(self._bench, claimed.effect.key, claimed.effect.body)
            except Exception as error:  # noqa: BLE001 - same
                self._failed(claimed, error, wrote=permit.wrote, looking=False)
            else:
                self._confirm(claimed, reference)

    def _confirm(self, claimed: Claimed, reference: str) -> None:
        self._unanswered = 0
        held = effects.confirm(self._store, claimed, reference)
        self.done.note(claimed, "confirmed" if held else "stale")

    def _failed(self, claimed: Claimed, error: Exception, *, wrote: bool, looking: bool) -> None:
        """What an error means for the effect; `wrote`: a part of it is at the other side already."""
        refused = isinstance(error, NotAllowed) and error.status == UNAUTHORISED
        unanswered = isinstance(error, LookUpFirst | TryLater)
        self._unanswered = self._unanswered + 1 if unanswered else 0
        if refused or self._unanswered == MOST_FAILURES:
            self.done.stopped = str(error)
        if unanswered or refused:
            in_doubt = wrote or (isinstance(error, LookUpFirst) and not looking)
            self._later(claimed, error, in_doubt=in_doubt)
        elif isinstance(error, Refused | FixInput) and not (looking and claimed.may_have_landed):
            reason = f"{NOT_ALLOWED if isinstance(error, NotAllowed) else ''}{error}"
            self._told(claimed, "rejected", effects.reject(self._store, claimed, reason), error)
        else:
            known = isinstance(error, Refused | FixInput | BrokenPromise)
            reason = str(error) if known else f"a fault of ours, {type(error).__name__}: {error}"
            self._told(claimed, "parked", effects.park(self._store, claimed, reason), error)

    def _later(self, claimed: Claimed, error: Exception, *, in_doubt: bool) -> None:
        """In doubt: nobody touches it before every request of ours must have landed. Otherwise after a pause."""
        pause = error.retry_after if isinstance(error, Throttled) and error.retry_after else PAUSE_SECONDS
        soon = self._now() + timedelta(seconds=pause)
        if in_doubt or claimed.may_have_landed:
            when = self._now() + QUARANTINE if in_doubt else soon
            self._told(claimed, "doubtful", effects.doubt(self._store, claimed, when, str(error)), error)
        else:
            self._told(claimed, "postponed", effects.postpone(self._store, claimed, soon, str(error)), error)

    def _told(self, claimed: Claimed, state: str, held: bool, error: Exception) -> None:
        """Count what the store was told; False from it says that the effect is in other hands by now."""
        self.done.note(claimed, state if held else "stale", str(error))


def _writer(claimed: Claimed) -> Writer:
    """The writer of an effect. Raises FixInput for a kind that this version does not know."""
    if claimed.effect.kind not in WRITERS:
        raise FixInput(f"no writer for {claimed.effect.kind}; install the version that planned it")
    return WRITERS[claimed.effect.kind]
