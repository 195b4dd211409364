"""What people decide about store-days: to approve their journals, sign them, reopen them; each with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.ground import Books
from he_sync.flows.books.look import look
from he_sync.flows.books.proposing import proposal
from he_sync.flows.close import renew_exceptions
from he_sync.flows.exceptions.finding import desk
from he_sync.flows.night import Office
from he_sync.model.errors import HeSyncError, NotAllowed, Refused
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.life import Approver, approve
from he_sync.store import books
from he_sync.store.books import Approval
from he_sync.store.exceptions import UNRESOLVED


@dataclass(frozen=True)
class Decided:
    """What was decided: names of journals or stores, and one line for each that was refused."""

    done: tuple[str, ...]
    refused: tuple[str, ...]


def approver(retailer: Retailer, who: str) -> Approver:
    """A person with the limit of their role. Raises NotAllowed for one whom the profile does not name."""
    people = retailer.approval.people
    if who not in people:
        named = ", ".join(sorted(people)) or "nobody yet"
        raise NotAllowed(f"{who} may not approve; approval.people of the profile names {named}")
    return Approver(who, retailer.approval.roles[people[who]].limit_minor)


def approve_day(office: Books, day: str, who: str, reason: str, stores: Collection[str] = ()) -> Decided:
    """Approve the proposed journals of a date as they are now; one refusal does not stop the others.

    Raises NotAllowed for somebody without a role.
    """
    person = approver(office.retailer, who)
    agreed: list[Approval] = []
    refused: list[str] = []
    for one in look(office, day, stores):
        waiting = [each for each in one.journals if each.state == "proposed"]
        if waiting and not one.reaches("proposed"):
            refused.append(f"{one.store} of {day}: {one.standing.because}")
            continue
        for each in waiting:
            try:
                move = approve(proposal(office, each), person, each.content, reason).moves[-1]
            except (NotAllowed, Refused) as error:
                refused.append(str(error))
            else:
                agreed.append(Approval(each.key, each.content, who, move.reason))
    held = books.approve_many(office.store, agreed)
    done = [one.key for one, ok in zip(agreed, held, strict=True) if ok]
    refused += [f"{one.key} has changed; look at it again" for one, ok in zip(agreed, held, strict=True) if not ok]
    look(office, day, stores)
    return Decided(tuple(done), tuple(refused))


def sign_day(office: Office, day: str, who: str, reason: str, stores: Collection[str] = ()) -> Decided:
    """Sign the store-days of a date whose ledger, read just now, is what they say. Raises NotAllowed without a role.

    One whose unresolved exceptions are above the limit of who signs is refused.
    """
    person = approver(office.retailer, who)
    _say_why(reason, day)
    done, refused, above = [], [], _above(office, day, person)
    for one in look(office, day, stores, books_ledger.read(office, day)):
        if one.standing.state == "signed":
            continue
        try:
            if one.store in above:
                raise NotAllowed(above[one.store])
            books.sign(office.store, day, one.store, who, reason.strip())
            done.append(one.store)
        except HeSyncError as error:
            refused.append(str(error))
    return Decided(tuple(done), tuple(refused))


def _above(office: Books, day: str, person: Approver) -> dict[str, str]:
    """By store, why a person may not sign: a signature leaves standing no more than its giver could have closed."""
    if person.limit_minor is None:
        return {}
    worth: dict[str, list[int]] = defaultdict(list)
    renew_exceptions(office.store, office.lake, day)
    with desk(office.store, office.lake) as at:
        for one in at.listing(UNRESOLVED, day, day):
            worth[one.found.store].append(one.risk_minor)
    limit, currency = show(person.limit_minor, office.retailer.currency), office.retailer.currency
    return {
        code: f"{code} of {day}: {len(cents)} unresolved exceptions of {show(sum(cents), currency)} are above "
        f"{person.name}'s limit of {limit}; close them at the desk, or another person signs"
        for code, cents in worth.items()
        if sum(cents) > person.limit_minor
    }


def reopen_day(office: Books, day: str, who: str, reason: str, stores: Collection[str] = ()) -> Decided:
    """Take signatures back, so that what changed after them may be proposed. Raises NotAllowed without a role."""
    approver(office.retailer, who)
    _say_why(reason, day)
    found = look(office, day, stores)
    done = [one.store for one in found if books.reopen(office.store, day, one.store, who, reason.strip())]
    look(office, day, stores)
    return Decided(tuple(done), tuple(f"{one.store} of {day} is not signed" for one in found if one.store not in done))


def _say_why(reason: str, day: str) -> None:
    if not reason.strip():
        raise Refused(f"{day}: say why, it stands in the evidence")
