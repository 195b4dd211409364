"""Whatever happens between us, the network and the ERP: every effect lands once, in order, and none is lost.

An evening is a list of steps: workers send with every fate a request can have, die, come back with what they knew, a
person decides, time passes. The ERP creates a document for every request that lands, some of them minutes later. In the
morning all is driven to quiet and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from he_sync.store import effects
from he_sync.store.database import Store
from he_sync.store.effects import QUARANTINE, Claimed, Effect
from he_sync.store.tables import effect_conflicts
from he_sync.store.tables import effects as table
from tests.store.examples import EVENING, Erp, effect, later

LEASE = 60
LATE = 299  # seconds until a slow request lands after all; the quarantine is 330
ENTITIES = ("ticket 1", "ticket 2", "customer 7")
FATES = (
    "late",
    "late",
    "died_after",
    "died_before",
    "lost_response",
    "lost_request",
    "never_left",
    "refused",
    "answered",
)
# Workers work; now and then something is planned, a lost worker comes back, a person looks in.
DEEDS = ("work", "work", "work", "work", "work", "plan", "plan again", "lost worker", "person")


@dataclass(frozen=True)
class Step:
    """One thing that happens; what a deed has no use for is ignored."""

    deed: str
    fate: str
    pause: int
    choice: int


STEPS = st.builds(
    Step,
    deed=st.sampled_from(DEEDS),
    fate=st.sampled_from(FATES),
    pause=st.sampled_from((1, LEASE + 1, 220, 331)),
    choice=st.integers(0, 11),
)


class Evening:
    """One store, one ERP, one clock, any number of workers."""

    def __init__(self, store: Store) -> None:
        self.store, self.erp, self.now = store, Erp(), EVENING
        self.planned: dict[str, Effect] = {}
        self.lost: list[tuple[Claimed, bool]] = []
        with store.begin() as connection:
            connection.execute(delete(effect_conflicts))
            connection.execute(delete(table))
        for entity in ENTITIES:
            self._plan(effect(entity, "first"))

    def happen(self, step: Step) -> None:
        deeds: dict[str, Callable[[Step], None]] = {
            "work": self._work,
            "plan": self._plan_more,
            "plan again": self._plan_again,
            "lost worker": self._lost_worker_speaks_up,
            "person": self._person_decides,
        }
        deeds[step.deed](step)
        self.now = later(self.now, step.pause)
        self.erp.at(self.now)
        self._holds()

    def _plan(self, change: Effect) -> None:
        assert effects.plan(self.store, [change, change]).new == (change,)
        self.planned[change.key] = change

    def _plan_more(self, step: Step) -> None:
        depends_on = next(reversed(self.planned)) if step.choice % 2 else None
        entity = ENTITIES[step.choice % len(ENTITIES)]
        self._plan(effect(entity, str(len(self.planned)), limit_ok=step.choice < 9, depends_on=depends_on))

    def _plan_again(self, _: Step) -> None:
        there = tuple(self.planned.values())
        assert effects.plan(self.store, there).known == there

    def _work(self, step: Step) -> None:
        """What is in doubt is looked up first, anything else is sent."""
        if resumed := effects.resume_doubtful(self.store, "worker", LEASE, self.now):
            assert resumed.may_have_landed
            if self.erp.found(resumed.effect.key):
                assert effects.confirm(self.store, resumed, "found")
            elif again := effects.send_again(self.store, resumed, self.now):
                self._send(again, step)
        elif claimed := effects.claim(self.store, "worker", LEASE, self.now):
            assert not claimed.may_have_landed
            self._send(claimed, step)

    def _send(self, claimed: Claimed, step: Step) -> None:
        lands = {"answered": 0, "lost_response": 0, "died_after": 0, "late": LATE}
        if step.fate in lands:
            self.erp.post(claimed.effect.key, later(self.now, lands[step.fate]))
            self.erp.at(self.now)
        told: dict[str, Callable[[], bool]] = {
            "answered": lambda: effects.confirm(self.store, claimed, "answered"),
            "refused": lambda: effects.reject(self.store, claimed, "the ERP said no"),
            "never_left": lambda: effects.postpone(self.store, claimed, later(self.now, 5), "connection refused"),
        }
        if step.fate.startswith("died"):
            self.lost.append((claimed, step.fate == "died_after"))
        elif step.fate in told:
            assert told[step.fate]()
        else:
            assert effects.doubt(self.store, claimed, self.now + QUARANTINE, step.fate)

    def _lost_worker_speaks_up(self, step: Step) -> None:
        """It tells the truth about what it did, but somebody else may have gone on since."""
        if not self.lost:
            return
        claimed, landed = self.lost[step.choice % len(self.lost)]
        if landed:
            effects.confirm(self.store, claimed, "late answer")
        else:
            effects.postpone(self.store, claimed, self.now, "never left")

    def _person_decides(self, _: Step) -> None:
        for status in effects.listing(self.store, states=["waiting_approval"]):
            effects.approve(self.store, status.effect.key, "dana")
        for status in effects.listing(self.store, states=["rejected", "parked"]):
            effects.release(self.store, status.effect.key, "dana", "mended")

    def _holds(self) -> None:
        """Nothing landed twice, an entity in the order of planning, everything after what it waits for."""
        place = {key: number for number, key in enumerate(self.erp.documents)}
        assert len(place) == len(self.erp.documents)
        last: dict[str, int] = {}
        for change in self.planned.values():
            if change.key in place:
                assert place[change.key] > last.get(change.entity, -1)
                last[change.entity] = place[change.key]
                assert change.depends_on is None or place[change.depends_on] < place[change.key]

    def ends_in_the_morning(self) -> None:
        """Everybody works and nothing fails any more: all that was planned has landed once."""
        for _ in range(2 * len(self.planned) + 2):
            for deed in ("person", "work"):
                self.happen(Step(deed, "answered", 1000, 0))
        assert sorted(self.erp.documents) == sorted(self.planned)
        assert {status.state for status in effects.listing(self.store)} == {"confirmed"}


# Every step is a transaction or two: shrinking a failure would take minutes, so the steps are shown as they fell.
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=15, max_size=30))
def test_every_effect_lands_exactly_once_whatever_happens_on_the_way(store: Store, steps: list[Step]) -> None:
    evening = Evening(store)
    for step in steps:
        evening.happen(step)
    evening.ends_in_the_morning()
