"""The step of a flow that maps records by a mapping file: by the live version, or by the last one that loads.

A flow names its mapper in `map.to`, and the registry knows mappers by name: `Steps(mappers={name: mapper(...)})` is
what it takes of this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from he_sync.flows.case import Case, Desk, StepFunction, going, kept_text
from he_sync.mapping.shelf.files import digest
from he_sync.mapping.shelf.versions import Shelf
from he_sync.mapping.spec.applying import Applied, apply
from he_sync.mapping.spec.compiled import Engine, engine
from he_sync.model.errors import FixInput

FACT = "mapped"
LEFT_OUT = "left out by the mapping's condition"


@dataclass
class Live:
    """The engine of a mapping as it is now. `told` hears once of a text that does not load; the one before goes on."""

    shelf: Shelf
    name: str
    told: Callable[[str], None] = lambda _: None
    _text: str = ""
    _engine: Engine | None = field(default=None, repr=False)

    def __call__(self) -> Engine:
        """Raises FixInput where no version was ever right."""
        text = self.shelf.live(self.name)
        if digest(text) != self._text:
            try:
                made = engine(text, str(self.shelf.path(self.name)))
            except FixInput as error:
                if self._engine is None:
                    raise
                self.told(str(error))
            else:
                self._engine = made
            self._text = digest(text)
        if self._engine is None:
            raise FixInput(f"{self.shelf.path(self.name)}: there is no mapping {self.name}")
        return self._engine


def mapper(live: Live) -> StepFunction:
    """A step that gives each case the fact `mapped`. A record that cannot be mapped is parked alone."""

    def step(cases: list[Case], desk: Desk) -> list[Case]:
        some = going(cases)
        work = live()
        made = apply(work, [dict(case.document) for case in some])
        done = {case.entity: _done(case, row, made, work, desk) for row, case in enumerate(some)}
        return [case if case.settled else done[case.entity] for case in cases]

    return step


def _done(case: Case, row: int, made: Applied, work: Engine, desk: Desk) -> Case:
    failure = next((one for one in made.failures if one.row == row), None)
    named = f"{work.mapping.name} version {work.mapping.version}"
    if failure:
        text = f"{case.entity}: {failure.field} {failure.text} ({named})"
        return case.fail(failure.field, "can be mapped", text)
    record = made.records[row]
    if record is None:
        return case.still(LEFT_OUT)
    return replace(case, facts={**case.facts, FACT: record}).told("mapped", named, desk, kept_text(record))
