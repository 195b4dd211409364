"""What people do about exceptions: one wish over many, shown first, then written in one transaction.

Who had an exception does not close it: another person does, within the limit of their role, as with journals. A
write-off is under the limit, and within the month's total, of a rule of the profile's `approval.automatic`. Nothing
here moves money: what must be booked is booked by journals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from he_sync.flows.books.deciding import approver
from he_sync.flows.exceptions.finding import rule_used
from he_sync.model.errors import FixInput, HeSyncError, NotAllowed, Refused
from he_sync.model.money import show
from he_sync.model.retailer import AutomaticApproval, Retailer
from he_sync.reconcile.journals.life import Approver
from he_sync.store.canonical import content_hash
from he_sync.store.database import Store
from he_sync.store.exceptions import CLOSED, Break, Deed, Desk, Moved, Status
from he_sync.store.exceptions.records import BY_THE_CLOSE

What = Literal["take", "wait", "explain", "write_off", "put_back"]
WHATS: tuple[What, ...] = get_args(What)
DEEDS: Mapping[What, str] = {
    "take": "exception taken",
    "wait": "exception waits",
    "explain": "exception explained",
    "write_off": "exception written off",
    "put_back": "exception put back",
}
AFTER: Mapping[What, Status] = {
    "take": "taken",
    "wait": "waits",
    "explain": "explained",
    "write_off": "written off",
    "put_back": "open",
}
LONGEST_REASON = 500


@dataclass(frozen=True)
class Wish:
    """What somebody wants done and why. `owner`: for whom it is taken, "" for oneself; `rule`: writes off under it."""

    what: What
    who: str
    reason: str
    owner: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Change:
    """What a wish does to one exception; `why_not` where it stays as it is."""

    one: Break
    to: Status
    owner: str
    why_not: str = ""


@dataclass(frozen=True)
class Preview:
    """A wish over exceptions before anything is written; `digest` stands for all of it."""

    wish: Wish
    changes: tuple[Change, ...]

    @property
    def coming(self) -> tuple[Change, ...]:
        """Those that change."""
        return tuple(one for one in self.changes if not one.why_not)

    @property
    def staying(self) -> tuple[Change, ...]:
        """Those that do not, each with its reason."""
        return tuple(one for one in self.changes if one.why_not)

    @property
    def risk_minor(self) -> int:
        """Worth of those that change."""
        return sum(one.one.risk_minor for one in self.coming)

    @property
    def digest(self) -> str:
        """Of the wish and of every exception as it was looked at."""
        rows = [[one.one.id, one.one.seq, one.to, one.owner, one.why_not] for one in self.changes]
        return content_hash([asdict(self.wish), rows])[:16]


@dataclass(frozen=True)
class Desks:
    """Where wishes are judged: the exceptions, the journals of the same rules, the people's limits."""

    at: Desk
    store: Store
    retailer: Retailer


def wish(what: str, who: str, reason: str, owner: str = "", rule: str = "") -> Wish:
    """A checked one. Raises FixInput for no such thing, no reason, or a write-off without a rule."""
    found = next((one for one in WHATS if one == what), None)
    if found is None:
        raise FixInput(f"{what!r} is none of {', '.join(WHATS)}")
    if not reason.strip():
        raise FixInput("say why; the reason is kept in the audit")
    if found == "write_off" and not rule:
        raise FixInput("name the rule of approval.automatic under which it is written off")
    owner = (owner.strip() or who) if found == "take" else ""
    return Wish(found, who, reason.strip()[:LONGEST_REASON], owner, rule if found == "write_off" else "")


def preview(desks: Desks, those: Iterable[Break], wanted: Wish) -> Preview:
    """What would change and what would not, and why.

    Raises NotAllowed for a decision by somebody without a role, FixInput for an owner or a rule that nobody named.
    """
    if wanted.owner not in {"", wanted.who, *desks.retailer.approval.people}:
        named = ", ".join(sorted(desks.retailer.approval.people)) or "nobody yet"
        raise FixInput(f"{wanted.owner[:40]!r} can own nothing; approval.people of the profile names {named}")
    return Preview(wanted, tuple(_judged(those, wanted, _judge(desks, wanted))))


def decide(desks: Desks, numbers: Sequence[str], wanted: Wish, seen: str = "") -> Preview:
    """Write what the preview shows, in one transaction. Raises Refused where it is not what was `seen` any more.

    Raises Moved, which is tried later, while somebody else changes exceptions.
    """
    desks.at.read()
    shown = preview(desks, desks.at.of(numbers), wanted)
    if seen and shown.digest != seen:
        raise Refused("exceptions changed since they were looked at; look again")
    try:
        desks.at.write(wanted.who, [_deed(wanted, one) for one in shown.coming])
    except Moved:
        desks.at.read()
        raise
    return shown


Judge = Callable[[Break], None]


def _judged(those: Iterable[Break], wanted: Wish, judge: Judge) -> Iterator[Change]:
    for one in those:
        change = Change(one, AFTER[wanted.what], _owner(one, wanted))
        try:
            judge(one)
        except HeSyncError as error:
            yield replace(change, why_not=str(error))
        else:
            yield change


def _owner(one: Break, wanted: Wish) -> str:
    if wanted.what == "take":
        return wanted.owner
    if wanted.what == "put_back":
        return ""
    return one.owner or (wanted.who if wanted.what == "wait" else "")


def _judge(desks: Desks, wanted: Wish) -> Judge:
    """Raises where a wish may not change an exception; a write-off is judged after those before it."""
    retailer = desks.retailer
    if wanted.what == "take":
        return lambda one: _takes(one, wanted)
    if wanted.what == "wait":
        return _waits
    if wanted.what == "put_back":
        return lambda one: _goes_back(one, retailer, wanted.who)
    person = approver(retailer, wanted.who)
    if wanted.what == "explain":
        return lambda one: _closes(one, person, retailer.currency)
    return _Rule(desks, person, _rule(retailer, wanted.rule)).judge


def _takes(one: Break, wanted: Wish) -> None:
    _still_open(one)
    if one.status == "taken" and one.owner.casefold() == wanted.owner.casefold():
        raise Refused(f"{one.owner} has it already")


def _waits(one: Break) -> None:
    _still_open(one)
    if one.status == "waits":
        raise Refused("it waits already")


def _still_open(one: Break) -> None:
    if one.status in CLOSED:
        raise Refused(f"it is {one.status}; {_way_back(one)}")


def _way_back(one: Break) -> str:
    return "only a close finds it again" if one.status in BY_THE_CLOSE else "put it back first"


def _goes_back(one: Break, retailer: Retailer, who: str) -> None:
    if one.status in BY_THE_CLOSE:
        raise Refused(f"it is {one.status}; {_way_back(one)}")
    if one.status == "open" and not one.owner:
        raise Refused("it is open already")
    if one.status in CLOSED:
        approver(retailer, who)


def _closes(one: Break, person: Approver, currency: str) -> None:
    _still_open(one)
    if person.name.casefold() in {name.casefold() for name in one.hands}:
        raise NotAllowed(f"{person.name} had it; another person closes it")
    _within(one, person, currency)


def _within(one: Break, person: Approver, currency: str) -> None:
    if person.limit_minor is not None and one.risk_minor > person.limit_minor:
        limit = show(person.limit_minor, currency)
        raise NotAllowed(f"{show(one.risk_minor, currency)} is above {person.name}'s limit of {limit}")


def _rule(retailer: Retailer, name: str) -> AutomaticApproval:
    for one in retailer.approval.automatic:
        if one.name == name:
            return one
    named = ", ".join(one.name for one in retailer.approval.automatic) or "none yet"
    raise FixInput(f"no rule is called {name[:40]!r}; approval.automatic of the profile names {named}")


class _Rule:
    """A rule's limit and what is left of its month, with the journals that it approved and what is written off now."""

    def __init__(self, desks: Desks, person: Approver, rule: AutomaticApproval) -> None:
        self._desks, self._person, self._rule, self._used = desks, person, rule, Counter[str]()

    def judge(self, one: Break) -> None:
        """Counts it where it may be. Whoever had it may ask: the rule is the second pair of eyes."""
        _still_open(one)
        currency, rule, month = self._desks.retailer.currency, self._rule, one.found.day[:7]
        if not one.found.minor:
            raise Refused("it has no amount; explain it")
        _within(one, self._person, currency)
        if one.risk_minor > rule.limit_minor:
            limit = show(rule.limit_minor, currency)
            raise NotAllowed(f"{show(one.risk_minor, currency)} is above the limit of {rule.name}, {limit}")
        total = self._of_month(month) + one.risk_minor
        if total > rule.month_limit_minor:
            whole = show(rule.month_limit_minor, currency)
            raise NotAllowed(f"{show(total, currency)} would be above {whole}, the month's total of {rule.name}")
        self._used[month] = total

    def _of_month(self, month: str) -> int:
        if month not in self._used:
            self._used[month] = rule_used(self._desks.at, self._desks.store, month, self._rule.name)
        return self._used[month]


def _deed(wanted: Wish, change: Change) -> Deed:
    one = change.one
    detail: dict[str, Any] = {"reason": wanted.reason, "was": one.status, "content": one.found.content}
    detail |= {"owner": change.owner, "at risk": one.risk_minor, "store": one.found.store, "day": one.found.day}
    return Deed(DEEDS[wanted.what], one.subject, detail | ({"rule": wanted.rule} if wanted.rule else {}))
