"""Approved journals sent to Epicor as effects, each once, and what became of them brought back into the books.

A run that is killed anywhere is gone on with by the next: an effect is planned under a key that the journal gives, and
asks the ledger before it is sent again (he_sync.store.effects).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from he_sync.flows import push as pushing
from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.look import Looked, look
from he_sync.flows.books.sending import send_these
from he_sync.flows.exceptions.journals import renew_journals
from he_sync.flows.night import Office
from he_sync.model.errors import BrokenPromise
from he_sync.store import books, effects
from he_sync.store.books import Journal
from he_sync.store.effects import Effect, effect_key

KIND = "post_store_day"
ENDED = ("posted", "reversed")


@dataclass(frozen=True)
class Done:
    """What posting did for one store-day: journals posted by this run, where it stands, what is in the way."""

    store: str
    posted: tuple[str, ...]
    state: str
    because: str


def post_day(
    office: Office,
    day: str,
    who: str,
    stores: Collection[str] = (),
    now: pushing.Clock | None = None,
) -> list[Done]:
    """Post the approved journals of a date and nothing else, read them back, say what is in the way of the others.

    A store-day whose ground changed since its journals were proposed posts nothing. A journal that stopped half-way is
    an exception of the date until it is through.
    """
    first = look(office, day, stores, books_ledger.read(office, day))
    settle(office, first)
    for one in first:
        _plan(office, one, who)
    sent = [each for one in first for each in books.unfinished(office.store, day, one.store)]
    pushed = send_these(office, {one.effect_key for one in sent if one.effect_key}, now)
    settle(office, first)
    before = {one.store: {each.key for each in one.journals if each.state in ENDED} for one in first}
    after = look(office, day, stores, books_ledger.read(office, day))
    renew_journals(office.store, office.lake, day, office.retailer.currency)
    return [
        Done(
            one.store,
            tuple(each.key for each in one.journals if each.state in ENDED and each.key not in before[one.store]),
            one.standing.state,
            f"{one.standing.because}{_stopped(one, pushed)}",
        )
        for one in after
    ]


def _stopped(one: Looked, pushed: pushing.Pushed) -> str:
    return f" ({pushed.stopped})" if pushed.stopped and not one.reaches("posted") else ""


def settle(office: Office, those: Iterable[Looked]) -> int:
    """Bring back what became of effects that were sent; gives how many journals are posted by that."""
    sent = [one for each in those for one in books.unfinished(office.store, each.row.business_date, each.store)]
    numbers = {}
    for one in sent:
        status = effects.find(office.store, one.effect_key or "")
        if status and status.state == "confirmed" and status.reference:
            numbers[one.key] = status.reference
    return books.settle(office.store, numbers)


def give_way(office: Office, day: str, code: str, wanted: Collection[Journal], who: str) -> str:
    """Take back what the ledger refused and nobody wants any more; the reason why nothing may be proposed, or "".

    What may have landed is not taken back: a proposal beside it could be its double.
    """
    for one in books.unfinished(office.store, day, code):
        status = effects.find(office.store, one.effect_key or "")
        if status is None or any(one.same_as(each) for each in wanted):
            continue
        refused = status.state in {"rejected", "waiting_approval"}
        if not (refused and effects.withdraw(office.store, status.effect.key, who, "proposed anew")):
            return f"{one.key} is on its way to Epicor; run he-sync close post {day} until it is there"
        books.recall(office.store, one.key)
    return ""


def _plan(office: Office, one: Looked, who: str) -> None:
    """Plan what may go: nothing of a ground that changed, nothing of a name of which a part is not approved."""
    if not one.reaches("proposed") or one.standing.state == "signed":
        return
    going = _going(books.of_day(office.store, one.row.business_date, one.store, ("proposed", "approved")))
    made = [effect(office, each, going) for each in going]
    conflicts = effects.plan(office.store, made).conflicts
    if conflicts:
        raise BrokenPromise(f"{conflicts[0].summary} was planned before with another content; nothing is sent")
    books.send(office.store, {each.key: made_of.key for each, made_of in zip(going, made, strict=True)})
    for each in made:
        status = effects.find(office.store, each.key)
        if status and status.state == "rejected":
            effects.release(office.store, each.key, who, "posted again")


def _going(waiting: Sequence[Journal]) -> list[Journal]:
    """A reversal goes with its successor or not at all: between the two the ledger would lack the store-day."""
    held = {one.name for one in waiting if one.state == "proposed"}
    going = [one for one in waiting if one.name not in held]
    return sorted(going, key=lambda one: (one.what != "reverse", one.key))


def _key(office: Office, one: Journal) -> str:
    """The same journal has the same key, unless the ledger refused it and it was withdrawn for another since."""
    for turn in count(1):
        again = f"|{turn}" if turn > 1 else ""
        version = f"{one.key}|{one.content}|{one.posting_date}|{one.text}{again}"
        name = effect_key(office.retailer.name, "epicor", "journal", one.name, KIND, version)
        status = effects.find(office.store, name)
        if status is None or status.state != "withdrawn":
            return name
    raise AssertionError


def effect(office: Office, one: Journal, going: Sequence[Journal] = ()) -> Effect:
    """The effect that posts a journal; of its reversal's and its own content, date and words, so never of another's."""
    name = _key(office, one)
    reversal = next((each for each in going if each.undoes == one.replaces and each.what == "reverse"), None)
    waits = effect(office, reversal).key if reversal and one.what == "post" and one.replaces else None
    body = {name: one.body[name] for name in ("store", "date", "text")}
    lines = [{key: line[key] for key in ("account", "amount_minor", "text")} for line in one.body["lines"]]
    return Effect(
        name,
        KIND,
        "epicor",
        f"journal {one.name}",
        one.business_date,
        {**body, "lines": lines},
        True,
        f"{one.what} {one.key}",
        one.amount_minor,
        waits,
    )
