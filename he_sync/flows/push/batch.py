"""One batch of one system: look up, write what is absent, read back; what became of each is told by teller.py."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import groupby

from he_sync.connect.hurry import hurried
from he_sync.connect.permit import only_while
from he_sync.connect.strict_json import NotStrict
from he_sync.flows.push.heard import kept
from he_sync.flows.push.lane import LOOK, WRITE, Lane, Task
from he_sync.flows.push.outcome import Attempt, Clock
from he_sync.flows.push.teller import Teller
from he_sync.flows.writers import WRITERS, Bench, Writer
from he_sync.model.errors import FixInput, LookUpFirst, TryLater
from he_sync.store import effects
from he_sync.store.database import Store
from he_sync.store.effects import Claimed

HURRY_SECONDS = 2.0
"""Longest wait for a pace or a pause within a push; a longer one is kept by coming again."""
READ_BACK_PAUSES = (0.2, 0.8)
"""Seconds before what was accepted and is not there yet is read back again: a reading replica lags a little."""


@dataclass
class Batch:
    """Claimed effects of one system on their way."""

    store: Store
    bench: Bench
    now: Clock
    pool: Executor
    lane: Lane
    teller: Teller
    absent: list[Claimed] = field(default_factory=list)
    written: list[tuple[Claimed, str]] = field(default_factory=list)
    certain: list[tuple[Claimed, str]] = field(default_factory=list)
    heard: dict[str, str] = field(default_factory=dict)

    def run(self, claimed: Sequence[Claimed]) -> None:
        """Everything from the look-up to the confirmation; what was not begun is handed back untouched.

        What was in doubt goes one by one: what kills its worker must not count against its neighbours.
        """
        left = self._look_up(claimed)
        self._confirm()
        doubted = any(one.may_have_landed for one in self.absent)
        task = Task(WRITE, self._write, self._wrote, self._cleared, singly=doubted)
        left += self.lane.spread(self.pool, self.absent, task)
        self._read_back()
        self._confirm()
        for one in left:
            self.teller.hand_back(one)

    def _confirm(self) -> None:
        self.teller.confirm(self.certain, self.heard)
        self.certain.clear()

    # looking up

    def _look_up(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """A first send looks up too: a person, or a restored backup of ours, may have written it already."""
        singly = []
        for kind, some in _by_kind(claimed):
            writer = WRITERS.get(kind)
            if writer is None or writer.find_many is None or not self._found(writer, some):
                singly += some
        in_order = {one.effect.key: place for place, one in enumerate(claimed)}
        left = self.lane.spread(self.pool, singly, Task(LOOK, self._find, self._looked))
        self.absent.sort(key=lambda one: in_order[one.effect.key])
        return left

    def _found(self, writer: Writer, some: list[Claimed]) -> bool:
        """Look up all of a kind in one go. False where that failed: then each is looked up, and fails, by itself."""
        if writer.find_many is None:
            return False
        try:
            with hurried(HURRY_SECONDS):
                found = writer.find_many(self.bench, [(one.effect.key, one.effect.body) for one in some])
        except Exception:  # noqa: BLE001 - one bad body must not hold up the others; each is asked again alone
            return False
        for one in some:
            answer = found.get(one.effect.key)
            self._looked(one, Attempt(error=answer) if isinstance(answer, Exception) else Attempt(answer))
        return True

    def _find(self, claimed: Claimed) -> Attempt:
        try:
            with hurried(HURRY_SECONDS):
                return Attempt(_writer(claimed).find(self.bench, claimed.effect.key, claimed.effect.body))
        except Exception as error:  # noqa: BLE001 - a bug in one writer must not hold up the effects of the others
            return Attempt(error=error)

    def _looked(self, claimed: Claimed, attempt: Attempt) -> None:
        if attempt.error is not None:
            self.teller.failed(claimed, attempt, looking=True)
            return
        self.lane.answered(LOOK)
        if attempt.reference is None:
            self.absent.append(claimed)
        else:
            self.certain.append((claimed, attempt.reference))

    # writing

    def _cleared(self, claimed: Claimed) -> Claimed | None:
        """Leave to send: what was in doubt and is absent has the intent of the same key made durable once more."""
        if not claimed.may_have_landed:
            return claimed
        again = effects.send_again(self.store, claimed, self.now())
        if again is None:
            self.teller.done.note(claimed, "parked", f"absent after {claimed.attempt} attempts")
        return again

    def _write(self, claimed: Claimed) -> Attempt:
        """In a thread of the pool: the permit and the hurry are this thread's own."""
        key, body = claimed.effect.key, claimed.effect.body
        with hurried(HURRY_SECONDS), only_while(lambda: self.now() < claimed.lease_until) as permit:
            try:
                reference = _writer(claimed).write(self.bench, key, body)
            except Exception as error:  # noqa: BLE001 - same
                return Attempt(error=error, wrote=permit.wrote, heard=kept(permit.heard))
            return Attempt(reference, wrote=True, heard=kept(permit.heard))

    def _wrote(self, claimed: Claimed, attempt: Attempt) -> None:
        if attempt.error is not None or attempt.reference is None:
            self.teller.failed(claimed, attempt, looking=False)
            return
        self.lane.answered(WRITE)
        self.written.append((claimed, attempt.reference))
        self.heard[claimed.effect.key] = attempt.heard

    # reading back

    def _read_back(self) -> None:
        """What a writer does not prove itself is read back, all of a kind in one call."""
        for kind, some in _by_kind([one for one, _ in self.written]):
            verify = WRITERS[kind].verify_many
            references = {one.effect.key: reference for one, reference in self.written}
            wrong = self._wrong(some, references) if verify else {}
            for one in some:
                if error := wrong.get(one.effect.key):
                    heard = self.heard[one.effect.key]
                    self.teller.failed(one, Attempt(error=error, wrote=True, heard=heard), looking=False)
                else:
                    self.certain.append((one, references[one.effect.key]))
        self.written.clear()

    def _wrong(self, some: list[Claimed], references: dict[str, str]) -> dict[str, Exception]:
        """What is wrong by key; what is merely not there yet is asked for again after a moment."""
        wrong = self._verified(some, references)
        for pause in READ_BACK_PAUSES:
            late = [one for one in some if isinstance(wrong.get(one.effect.key), LookUpFirst | TryLater | NotStrict)]
            if not late:
                break
            time.sleep(pause)
            wrong = {key: error for key, error in wrong.items() if key not in {one.effect.key for one in late}}
            wrong |= self._verified(late, references)
        return wrong

    def _verified(self, some: list[Claimed], references: dict[str, str]) -> dict[str, Exception]:
        verify = WRITERS[some[0].effect.kind].verify_many
        asked = [(one.effect.key, one.effect.body, references[one.effect.key]) for one in some]
        try:
            with hurried(HURRY_SECONDS):
                return dict(verify(self.bench, asked)) if verify else {}
        except Exception as error:  # noqa: BLE001 - nothing of the batch is proven then
            return {one.effect.key: error for one in some}


def _by_kind(claimed: Sequence[Claimed]) -> Iterator[tuple[str, list[Claimed]]]:
    """Effects by kind; within one, in their order."""
    for kind, some in groupby(sorted(claimed, key=lambda one: one.effect.kind), lambda one: one.effect.kind):
        yield kind, list(some)


def _writer(claimed: Claimed) -> Writer:
    """The writer of an effect. Raises FixInput for a kind that this version does not know."""
    if claimed.effect.kind not in WRITERS:
        raise FixInput(f"no writer for {claimed.effect.kind}; install the version that planned it")
    return WRITERS[claimed.effect.kind]
