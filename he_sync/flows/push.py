"""Sending a plan: each effect once, looked up first when it may have been sent (reference reliability 3.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from he_sync.flows.writers import WRITERS, Bench
from he_sync.model.errors import BadRecord, BrokenPromise, LookUpFirst, NotAllowed, Refused, Throttled, TryLater
from he_sync.store import effects
from he_sync.store.database import Store
from he_sync.store.effects import Claimed

LEASE_SECONDS = 300.0
PAUSE_SECONDS = 30.0
"""After which a write that never left is tried again; a run that comes sooner leaves it to the next."""

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass
class Pushed:
    """What one push did: effects by outcome, and one line for each that did not go through."""

    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, claimed: Claimed, state: str, problem: str = "") -> None:
        """Count one outcome."""
        self.states[state] += 1
        if problem:
            self.problems.append(f"{claimed.effect.kind} {claimed.effect.entity} {state}: {problem}")


def push(store: Store, bench: Bench, worker: str, target: str | None = None, now: Clock = wall_clock) -> Pushed:
    """Settle what is in doubt, then send every effect that may be sent now, to one target or to all."""
    done = Pushed()
    while claimed := effects.resume_doubtful(store, worker, LEASE_SECONDS, now(), target=target):
        _settle(store, bench, claimed, now, done)
    while claimed := effects.claim(store, worker, LEASE_SECONDS, now(), target=target):
        _send(store, bench, claimed, now, done)
    return done


def _settle(store: Store, bench: Bench, claimed: Claimed, now: Clock, done: Pushed) -> None:
    """Look up an effect whose outcome nobody knows; only when it is absent may the same key be sent once more."""
    again = effects.send_again(store, claimed, now()) if not _known(store, bench, claimed, now, done) else None
    if again:
        _attempt(store, bench, again, now, done)


def _known(store: Store, bench: Bench, claimed: Claimed, now: Clock, done: Pushed) -> bool:
    """Whether the look-up settled it, or could not be made and must wait."""
    effect = claimed.effect
    try:
        reference = WRITERS[effect.kind].find(bench, effect.key, effect.body)
    except (TryLater, LookUpFirst) as error:
        effects.doubt(store, claimed, now() + timedelta(seconds=PAUSE_SECONDS), str(error))
        done.note(claimed, "doubtful", str(error))
        return True
    except (Refused, BadRecord, BrokenPromise) as error:
        effects.park(store, claimed, str(error))
        done.note(claimed, "parked", str(error))
        return True
    if reference is None:
        return False
    done.note(claimed, "confirmed" if effects.confirm(store, claimed, reference) else "stale")
    return True


def _send(store: Store, bench: Bench, claimed: Claimed, now: Clock, done: Pushed) -> None:
    """A first send looks up too: a person, or a restored backup of ours, may have written it already."""
    effect = claimed.effect
    try:
        reference = WRITERS[effect.kind].find(bench, effect.key, effect.body)
    except (TryLater, LookUpFirst) as error:
        _postpone(store, claimed, now, error, done)
        return
    except (Refused, BadRecord, BrokenPromise) as error:
        effects.reject(store, claimed, str(error))
        done.note(claimed, "rejected", str(error))
        return
    if reference is None:
        _attempt(store, bench, claimed, now, done)
    else:
        done.note(claimed, "confirmed" if effects.confirm(store, claimed, reference) else "stale")


def _attempt(store: Store, bench: Bench, claimed: Claimed, now: Clock, done: Pushed) -> None:
    effect = claimed.effect
    try:
        reference = WRITERS[effect.kind].write(bench, effect.key, effect.body)
    except LookUpFirst as error:
        effects.doubt(store, claimed, now() + effects.QUARANTINE, str(error))
        done.note(claimed, "doubtful", str(error))
    except TryLater as error:
        _postpone(store, claimed, now, error, done)
    except BrokenPromise as error:
        effects.park(store, claimed, str(error))
        done.note(claimed, "parked", str(error))
    except (Refused, BadRecord, NotAllowed) as error:
        effects.reject(store, claimed, str(error))
        done.note(claimed, "rejected", str(error))
    else:
        done.note(claimed, "confirmed" if effects.confirm(store, claimed, reference) else "stale")


def _postpone(store: Store, claimed: Claimed, now: Clock, error: Exception, done: Pushed) -> None:
    pause = error.retry_after if isinstance(error, Throttled) and error.retry_after else PAUSE_SECONDS
    effects.postpone(store, claimed, now() + timedelta(seconds=pause), str(error))
    done.note(claimed, "postponed", str(error))
