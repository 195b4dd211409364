"""What must hold when everything has come to rest, asked of a recorded history (reference reliability 7).

A history is plain rows from three witnesses: what the client was told (its log of acknowledged posts), what our store
holds, and what the sandbox's oracle ledger says was ever committed at the other side. Every checker is a pure function
from a history to findings, one line each; no finding is the proof. They hold only for a history that was drained: the
faults healed, time enough gone by. How a history is collected is in `history.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

OVER = frozenset({"done", "quiet"})
"""States in which an event needs nobody any more; `parked` is over too, once a dead letter says so."""
REPORT = "confirm_order"
SETTLED = frozenset({"confirmed", "withdrawn", "rejected", "parked", "waiting_approval"})
"""States in which an effect waits for nothing but a person."""


@dataclass(frozen=True)
class Ack:
    """One post that was answered 2xx. `owed` names the document that it must lead to; empty for none of its own."""

    source: str
    topic: str
    event_id: str
    entity: str
    owed: str = ""


@dataclass(frozen=True)
class Arrival:
    """One row of the inbox. `letter`: a dead letter stands for it."""

    source: str
    topic: str
    event_id: str
    entity: str
    state: str
    letter: bool = False


@dataclass(frozen=True)
class Deed:
    """One row of the effects. `deadline` is the end of its lease or quarantine."""

    key: str
    kind: str
    entity: str
    state: str
    reference: str = ""
    depends_on: str = ""
    deadline: datetime | None = None


@dataclass(frozen=True)
class Document:
    """One insert at the other side. `external` is our key in it (PONum, CustID); `parent` the number it hangs on."""

    kind: str
    number: str
    external: str
    parent: str = ""


@dataclass(frozen=True)
class Applied:
    """One state that a document at the other side took, in the order of the oracle; `version` counts the source's."""

    entity: str
    version: int


@dataclass(frozen=True)
class Amount:
    """Money of one sale on one side."""

    store: str
    day: str
    currency: str
    tender: str
    minor: int


@dataclass(frozen=True)
class Entry:
    """One row of the audit log: what it says of whom, and its links."""

    seq: int
    action: str
    subject: str
    previous: str
    hash: str


@dataclass(frozen=True)
class History:
    """Everything that a run left behind.

    `reported` is by entity the number that the POS was told; `known` are documents that were there before the run.
    """

    now: datetime
    acknowledged: tuple[Ack, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    deeds: tuple[Deed, ...] = ()
    documents: tuple[Document, ...] = ()
    applied: tuple[Applied, ...] = ()
    asked: tuple[Amount, ...] = ()
    booked: tuple[Amount, ...] = ()
    audit: tuple[Entry, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    reported: tuple[tuple[str, str], ...] = ()
    known: frozenset[str] = frozenset()


Checker = Callable[[History], Iterable[str]]


def total(history: History) -> Iterator[str]:
    """What went in comes out: an acknowledged event is there and over, and what it owed is at the other side."""
    there = {(one.source, one.topic, one.event_id): one for one in history.arrivals}
    documents = {one.external for one in history.documents}
    for ack in history.acknowledged:
        row = there.get((ack.source, ack.topic, ack.event_id))
        if row is None:
            yield f"{ack.source}/{ack.topic} {ack.event_id} was acknowledged and is not in the inbox"
        elif row.state not in OVER and not (row.state == "parked" and row.letter):
            yield f"{ack.source}/{ack.topic} {ack.event_id} of {row.entity} is still {row.state}"
    for owed in sorted({ack.owed for ack in history.acknowledged if ack.owed} - documents):
        yield f"{owed} is owed and nobody wrote it"


def unique(history: History) -> Iterator[str]:
    """At most one document a key and one customer a source id, counted over everything that was ever inserted."""
    counted = Counter((one.kind, one.external) for one in history.documents if one.external)
    for (kind, external), times in counted.items():
        if times > 1:
            yield f"{kind} {external} was written {times} times"


def order(history: History) -> Iterator[str]:
    """The versions that were applied to an entity ascend: an older state never follows a newer one."""
    applied: dict[str, list[int]] = defaultdict(list)
    for one in history.applied:
        applied[one.entity].append(one.version)
    for entity, versions in applied.items():
        for before, after in pairwise(versions):
            if after < before:
                yield f"{entity}: version {after} was applied after {before}"


def money(history: History) -> Iterator[str]:
    """By store, day, currency and tender both sides come to the same, to the cent."""
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for side, amounts in enumerate((history.asked, history.booked)):
        for one in amounts:
            sums[one.store, one.day, one.currency, one.tender][side] += one.minor
    for key, (asked, booked) in sorted(sums.items()):
        if asked != booked:
            excess = "too much" if booked > asked else "too little"
            yield f"{' '.join(key)}: {abs(booked - asked)} minor units {excess} were booked"


def no_orphan(history: History) -> Iterator[str]:
    """A part hangs on a document that exists, a confirmed effect names one, and the POS was told the same number."""
    numbers = {one.number for one in history.documents} | history.known
    for one in history.documents:
        if one.parent and one.parent not in numbers:
            yield f"{one.kind} {one.number} hangs on {one.parent}, which is not there"
    states, told = {one.key: one.state for one in history.deeds}, dict(history.reported)
    for deed in history.deeds:
        if deed.state == "confirmed" and deed.reference not in numbers:
            yield f"{deed.kind} of {deed.entity} is confirmed as {deed.reference or 'nothing'}, which is not there"
        if deed.state == "confirmed" and deed.depends_on and states.get(deed.depends_on) != "confirmed":
            yield f"{deed.kind} of {deed.entity} is confirmed before what it waited for"
        if deed.state == "confirmed" and deed.kind == REPORT and told.get(deed.entity) != deed.reference:
            yield f"{deed.entity} was told {told.get(deed.entity) or 'nothing'}, not {deed.reference}"


def audit(history: History) -> Iterator[str]:
    """The chain holds from its first row, and every action of a person or worker left exactly one row."""
    previous = "0" * 64
    for place, entry in enumerate(history.audit, start=1):
        if entry.seq != place or entry.previous != previous:
            yield f"the audit chain breaks at row {place}"
            break
        previous = entry.hash
    rows = Counter((entry.action, entry.subject) for entry in history.audit)
    for (action, subject), times in Counter(history.actions).items():
        if rows[action, subject] != times:
            yield f"{action} of {subject} happened {times} times and has {rows[action, subject]} audit rows"


def quiet(history: History) -> Iterator[str]:
    """Nothing is under way past its deadline, and nothing that could go has stayed."""
    for deed in history.deeds:
        if deed.state in SETTLED:
            continue
        if deed.state == "planned" or deed.deadline is None or deed.deadline <= history.now:
            yield f"{deed.kind} of {deed.entity} is still {deed.state}"


def no_secret(history: History) -> Iterator[str]:
    """No secret and no card number stands in any text that was kept. What was found is not shown again."""
    for place, text in history.texts:
        for number, secret in enumerate(history.secrets, start=1):
            if secret in text:
                yield f"{place} holds secret {number}"
        digits = text.replace(" ", "").replace("-", "")
        for number, card in enumerate(history.cards, start=1):
            if card in digits:
                yield f"{place} holds card number {number}"


CHECKERS: dict[str, Checker] = {
    "total": total,
    "unique": unique,
    "order": order,
    "money": money,
    "no orphan": no_orphan,
    "audit": audit,
    "quiet": quiet,
    "no secret": no_secret,
}


def findings(history: History) -> list[str]:
    """Every finding of every checker, named by it."""
    return [f"{name}: {line}" for name, checker in CHECKERS.items() for line in checker(history)]
