"""What a close brings to the desk: new breaks, changed ones, and the end of those that it does not find any more.

A re-run with the same content changes nothing, so that owner and history stay. It closes and names what vanished, and
reopens, saying so, what it finds with another content or finds again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from he_sync.model.difference import Difference
from he_sync.model.money import show
from he_sync.store import books
from he_sync.store.database import Store
from he_sync.store.exceptions import Break, Deed, Desk, Found, Moved
from he_sync.store.exceptions.records import BY_THE_CLOSE, id_of, subject
from he_sync.store.lake import Lake

FILE = "exceptions.db"
WHO = "he-sync"
TRIES = 5
GONE = "the close of the date does not find it any more"
SETTLED = "a write that is confirmed at the other side settled it"


def desk(store: Store, lake: Lake) -> Desk:
    """The desk of an installation; its file stands in the home folder, beside the lake."""
    return Desk(store, lake.root.parent / FILE)


def as_found(day: str, one: Difference) -> Found:
    """A difference of a date's close."""
    facts = (one.klass, one.subject, one.store, one.business_date, one.delta_minor, one.delta_milli)
    return Found(day, one.leg, *facts, one.evidence, one.action)


def renew_differences(  # noqa: PLR0913, PLR0917 - a date, its legs, and what was found on them
    store: Store,
    lake: Lake,
    day: str,
    legs: Collection[str],
    rest: Iterable[Difference],
    settled: Iterable[Difference] = (),
) -> list[Deed]:
    """Bring a date's desk to what its close found on these legs; `settled` is what a confirmed write corrected."""
    found, done = ([as_found(day, one) for one in some] for some in (rest, settled))
    with desk(store, lake) as at:
        return renew(at, day, legs, found, done)


def renew(  # noqa: PLR0913, PLR0917 - a desk, and what of which date was found on which legs
    at: Desk, day: str, legs: Collection[str], found: Iterable[Found], settled: Iterable[Found] = (), currency: str = ""
) -> list[Deed]:
    """Bring a date's breaks of these legs to what its close found; gives the changes, none for the same again.

    `settled` are those that the close found and a confirmed write has corrected since.
    """
    there, done = list(found), list(settled)
    for left in reversed(range(TRIES)):
        deeds = list(_changes(at.listing(first=day, last=day, legs=legs), there, done, currency or "USD"))
        try:
            at.write(WHO, deeds)
        except Moved:
            if not left:
                raise
            at.read()
        else:
            return deeds
    raise AssertionError


def _changes(known: Sequence[Break], found: Sequence[Found], settled: Sequence[Found], currency: str) -> Iterator[Deed]:
    by_place = _grouped(known)
    for place, those in _by_place([*found, *settled]).items():
        before = by_place.pop(place, [])
        for number, one, now in _paired(before, those):
            if now is None:
                yield from _ended(one, "exception gone", GONE)
            elif now in settled:
                yield from _ended(one, "exception settled", SETTLED)
            elif one is None:
                yield Deed("exception found", subject(number), {"found": now.facts})
            else:
                yield from _again(one, now, currency)
    for rest in by_place.values():
        for one in rest:
            yield from _ended(one, "exception gone", GONE)


def _by_place(found: Iterable[Found]) -> dict[tuple[str, str, str], list[Found]]:
    grouped: dict[tuple[str, str, str], list[Found]] = defaultdict(list)
    for one in found:
        grouped[one.place].append(one)
    return grouped


def _grouped(known: Iterable[Break]) -> dict[tuple[str, str, str], list[Break]]:
    grouped: dict[tuple[str, str, str], list[Break]] = defaultdict(list)
    for one in known:
        grouped[one.found.place].append(one)
    return grouped


def _paired(before: Sequence[Break], now: Sequence[Found]) -> Iterator[tuple[str, Break | None, Found | None]]:
    """Breaks of one record and what was found of it: the same content first, then one for one, then new or gone.

    A posting that is there three times is three breaks of one record; which of them went shows by content alone.
    """
    rest, left = list(before), []
    for each in now:
        same = next((one for one in rest if one.found == each), None)
        if same:
            rest.remove(same)
            yield same.id, same, each
        else:
            left.append(each)
    taken = {one.id for one in before}
    free = (name for name in (id_of(now[0], place) for place in range(len(before) + len(now))) if name not in taken)
    for each in left:
        one = rest.pop(0) if rest else None
        yield one.id if one else next(free), one, each
    for one in rest:
        yield one.id, one, None


def _ended(one: Break | None, what: str, why: str) -> Iterator[Deed]:
    if one and one.status not in BY_THE_CLOSE:
        detail = {"reason": f"{one.found.klass} of {one.found.subject}: {why}", "was": one.status, "owner": one.owner}
        yield Deed(what, one.subject, detail)


def _again(one: Break, now: Found, currency: str) -> Iterator[Deed]:
    """Nothing where it is as it was and its end, if it had one, was a person's."""
    if one.found == now and one.status not in BY_THE_CLOSE:
        return
    why = "found again" if one.found == now else f"changed: {'; '.join(_differs(one.found, now, currency))}"
    detail = {"found": now.facts, "was": one.status}
    yield Deed("exception reopened", one.subject, detail | {"reason": why, "owner": one.owner})


def _differs(before: Found, now: Found, currency: str) -> Iterator[str]:
    words: Mapping[str, str] = {"minor": "amount", "milli": "thousandths", "of": "date"}
    for name in (each.name for each in fields(Found)):
        was, is_now = getattr(before, name), getattr(now, name)
        if was != is_now:
            told = [show(each, currency) if name == "minor" else str(each) for each in (was, is_now)]
            yield f"{words.get(name, name)} {told[0]} -> {told[1]}"


def rule_used(at: Desk, store: Store, month: str, rule: str) -> int:
    """What a rule has let through of a month of business dates: journals approved and exceptions written off."""
    return books.approved_in_month(store, month, f"rule {rule}") + at.written_off(month, rule)
