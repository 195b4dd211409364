"""After a restore: everything that happened since the backup is found at the other sides, and nothing is done twice.

    polls from the restored cursors, ten minutes before them     what was sold, changed, made, shipped meanwhile
    330 s after the restore                                      what the lost store just sent has landed or never will
    polls again                                                  what no event announced had its time
    drain until nothing is due                                   each effect is looked up by its key before a write

The engine needs no second way for it: an event that came in between is found by the poll as one that nobody announced,
and every write is looked up first whatever is known about it. What is here is the order, the waiting and the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from he_sync.flows import polls
from he_sync.flows.drain import LANE_SECONDS, Drained, drain
from he_sync.flows.polls import PollResult
from he_sync.flows.polls.keeping import GRACE
from he_sync.flows.push import PAUSE_SECONDS
from he_sync.flows.run import Works
from he_sync.model.errors import FixInput, TryLater
from he_sync.store import audit, effects
from he_sync.store.backup import DEED
from he_sync.store.canonical import read_json
from he_sync.store.database import Store
from he_sync.store.effects import QUARANTINE

CAUGHT_UP = "store caught up"
SECOND = timedelta(seconds=1)
PAUSE = timedelta(seconds=max(PAUSE_SECONDS, LANE_SECONDS)) + SECOND
"""After which what was postponed may go, and the lane of a drain that died is free."""
MOST_POLLS = 10_000
"""Of each system, four pages of 500 rows each a source: twenty million changes of a source."""
MOST_DRAINS = 12
"""What is in doubt is looked up after a quarantine; whatever ends in doubt so often is a person's by then."""


@dataclass
class CaughtUp:
    """What catching up found: events that nobody told, effects by what became of them, and what is left open.

    `dates` are the business dates since the backup, of which closes and signatures are lost.
    """

    restored_at: datetime
    made_at: datetime
    new_events: int = 0
    events: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def dates(self) -> tuple[str, ...]:
        """Business dates from the backup's to the restore's."""
        days = (self.restored_at.date() - self.made_at.date()).days
        return tuple((self.made_at.date() + timedelta(days=number)).isoformat() for number in range(days + 1))

    def figures(self) -> dict[str, Any]:
        """For the audit and for people."""
        found = {name: dict(sorted(getattr(self, name).items())) for name in ("events", "effects", "open")}
        return {"new_events": self.new_events, **found, "dates": list(self.dates)}


Wait = Callable[[datetime], None]
"""Returns when this instant is over."""


def catch_up(works: Works, who: str, wait: Wait, now: Callable[[], datetime], tell: Callable[[str], None]) -> CaughtUp:
    """Find what happened since the backup. Killed anywhere, it is begun again.

    Raises FixInput where nothing was restored, TryLater where a system cannot be read or another drain goes on.
    """
    done = _restored(works.store)
    tell(f"asks both systems what changed since {done.made_at:%Y-%m-%d %H:%M} UTC")
    done.new_events += poll_all(works, now())
    over = max(done.restored_at + QUARANTINE, now() + GRACE)
    tell(f"waits until {over:%H:%M:%S} UTC: by then what the lost store sent last has landed or never will")
    wait(over)
    done.new_events += poll_all(works, now())
    tell("answers what was found")
    _until_quiet(works, done, wait, now)
    done.open = _open(works.store)
    works.store.run(lambda connection: audit.record(connection, who, CAUGHT_UP, "store", done.figures()))
    return done


def _restored(store: Store) -> CaughtUp:
    deeds = audit.deeds(store, DEED)
    if not deeds:
        raise FixInput("this store was not restored from a backup; there is nothing to catch up")
    said = read_json(deeds[-1].detail)
    restored_at, made_at = (datetime.fromisoformat(said[name]).astimezone(UTC) for name in ("restored_at", "made_at"))
    return CaughtUp(restored_at, made_at)


def poll_all(works: Works, now: datetime) -> int:
    """Both systems to the end of what they have; how many events nobody had told. One poll alone is bounded."""
    return sum(_to_the_end(works, ask, now) for ask in (polls.poll_heartland, polls.poll_epicor))


def _to_the_end(works: Works, ask: Callable[..., PollResult], now: datetime) -> int:
    found = 0
    for _ in range(MOST_POLLS):
        result = ask(works.store, works.systems, works.retailer, now)
        found += result.new
        if all(one.complete for one in result.sources):
            return found
    raise TryLater("a poll does not come to an end; run `backup catch-up` again, it goes on where it was")


def _until_quiet(works: Works, done: CaughtUp, wait: Wait, now: Callable[[], datetime]) -> None:
    """Drain until nothing is in doubt and nothing more goes; what stays planned then waits for something of a person's.

    A drain that goes on already is waited for.
    """
    before: frozenset[str] | None = None
    for _ in range(MOST_DRAINS):
        one = drain(works, "catch-up", linger_seconds=0, now=now)
        _count(done, one)
        doubt = _open(works.store, *effects.IN_FLIGHT).total()
        planned = frozenset(status.effect.key for status in effects.listing(works.store, states=("planned",)))
        if not (one.held or doubt) and planned in {frozenset(), before}:
            return
        before = planned
        wait(now() + (QUARANTINE + SECOND if doubt else PAUSE))
    raise TryLater("another drain goes on or effects stay in doubt; run `backup catch-up` again later")


def _count(done: CaughtUp, one: Drained) -> None:
    if one.alarm:
        raise TryLater(f"{one.alarm}; run `backup catch-up` again when that is mended")
    done.events += one.events
    done.effects += one.effects
    done.problems += one.problems


def _open(store: Store, *states: str) -> Counter[str]:
    wanted = states or ("planned", *effects.IN_FLIGHT, *effects.WAITS_FOR_A_PERSON)
    return Counter(status.state for status in effects.listing(store, states=wanted))
