"""A case: one entity on its way through a flow, with what is known of it so far. A desk: what every step works with.

A step takes the cases of a micro-batch and gives as many back, in the same order; a case with a problem, or with
nothing to do, passes through untouched. No step raises for one bad record: it says so on the case.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from he_sync.connect.systems import Systems
from he_sync.flows.spec import Flow
from he_sync.model.card_numbers.sweep import sweep
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store import story
from he_sync.store.applied import Applied
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store
from he_sync.store.effects import Effect
from he_sync.store.inbox import Event

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Told = Literal["read", "validated", "matched", "mapped", "decided"]
"""What a step of a flow tells of a case; the other words of the story belong to the receiver and the push."""


@dataclass(frozen=True)
class Problem:
    """Why a record cannot go on. `plain` is for people: what, where, what to do. `value` is what was found there.

    `notice` names who has to be told.
    """

    column: str
    rule: str
    plain: str
    value: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Case:
    """One entity in one flow.

    Attributes:
        entity: text id, e.g. "order 117060".
        events: every event of the entity that was taken; hints, answered by one read.
        document: the record as its source has it now, empty before it was read.
        facts: what the steps found out, by name.
        effects: what to plan, in this order.
        withdraw: keys of effects that must not be sent any more; the commit fails where one has left meanwhile.
        reopen: numbers of parked events that may be answered now.
        applied: the projection that both sides agree on once `effects` are done, kept in the same transaction.
        problem: why the record is parked.
        quiet: why nothing is to be done.
        later: why it cannot be decided yet; its events are taken again after a while.
        stopped: why its flow stands still as a whole, which is no fault of the record; its events wait.
        steps: the story so far.
    """

    entity: str
    events: tuple[Event, ...]
    document: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    withdraw: tuple[str, ...] = ()
    reopen: tuple[int, ...] = ()
    applied: Applied | None = None
    problem: Problem | None = None
    quiet: str = ""
    later: str = ""
    stopped: str = ""
    steps: tuple[story.Step, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether no further step has to look at it."""
        return self.problem is not None or bool(self.quiet or self.later or self.stopped)

    @property
    def number(self) -> str:
        """The id within its kind: "117060" of "order 117060"."""
        return self.entity.partition(" ")[2]

    @property
    def kind(self) -> str:
        """The kind of entity: "order" of "order 117060"."""
        return self.entity.partition(" ")[0]

    def know(self, **facts: Any) -> Case:
        """The case with more facts."""
        return replace(self, facts={**self.facts, **facts})

    def fail(self, column: str, rule: str, plain: str, value: str = "", notice: str = "") -> Case:
        """The case with a problem; nothing of it is written anywhere."""
        return replace(self, problem=Problem(column, rule, plain, value, notice), effects=(), withdraw=(), applied=None)

    def still(self, why: str) -> Case:
        """The case with nothing to do."""
        return replace(self, quiet=why)

    def postponed(self, why: str) -> Case:
        """The case for another time; nothing of it is written."""
        return replace(self, later=why, effects=(), withdraw=(), applied=None)

    def told(self, step: Told, summary: str, desk: Desk, body: str = "", effect_key: str | None = None) -> Case:
        """The case with one more line of its story."""
        seq = self.events[-1].seq if self.events else None
        line = story.Step(self.entity, desk.now, step, summary, body, seq, effect_key, desk.run_id)
        return replace(self, steps=(*self.steps, line))


@dataclass(frozen=True)
class Desk:
    """What the steps of one flow work with in one micro-batch. `remembered` is shared by all flows of the batch."""

    store: Store
    systems: Systems
    retailer: Retailer
    flow: Flow
    now: datetime
    run_id: str = ""
    remembered: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def look_up(self, what: str, keys: Iterable[K], fetch: Callable[[list[K]], Mapping[K, V]]) -> Mapping[K, V | None]:
        """Answers by key, asked once a micro-batch: only keys that nobody asked for yet are fetched.

        A key without an answer is remembered as None.
        """
        known: dict[K, V | None] = self.remembered.setdefault(what, {})
        wanted = [key for key in dict.fromkeys(keys) if key not in known]
        if wanted:
            found = fetch(wanted)
            known.update({key: found.get(key) for key in wanted})
        return known


StepFunction = Callable[[list[Case], Desk], list[Case]]


@dataclass(frozen=True)
class Steps:
    """Named steps that a room brings to the registry; a flow file can only name what is registered."""

    readers: Mapping[str, StepFunction] = field(default_factory=dict)
    validators: Mapping[str, StepFunction] = field(default_factory=dict)
    matchers: Mapping[str, StepFunction] = field(default_factory=dict)
    mappers: Mapping[str, StepFunction] = field(default_factory=dict)
    deciders: Mapping[str, StepFunction] = field(default_factory=dict)
    reports: Mapping[str, StepFunction] = field(default_factory=dict)


def each(work: Callable[[Case, Desk], Case]) -> StepFunction:
    """A step from what is done with one case: settled ones pass, a bad record becomes its problem."""

    def run(cases: list[Case], desk: Desk) -> list[Case]:
        return [case if case.settled else _guarded(work, case, desk) for case in cases]

    return run


def kept_text(document: Mapping[str, Any]) -> str:
    """A document as it may be kept: JSON without card numbers; nothing of one that cannot be looked through."""
    try:
        return canonical_json(sweep(dict(document)).document)
    except FixInput:
        return ""


def going(cases: Iterable[Case]) -> list[Case]:
    """The cases that are not settled."""
    return [case for case in cases if not case.settled]


def _guarded(work: Callable[[Case, Desk], Case], case: Case, desk: Desk) -> Case:
    """Whatever is wrong with one record stays with that record (quality.contracts treats documents alike)."""
    try:
        return work(case, desk)
    except FixInput as error:
        return case.fail("document", "cannot be used", str(error))
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        column = str(error.args[0]) if isinstance(error, KeyError) and error.args else "document"
        return case.fail(column, "cannot be read", f"{case.entity} cannot be read: {type(error).__name__} {error}")
