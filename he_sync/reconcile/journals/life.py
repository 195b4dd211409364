"""A proposed journal's way: proposed -> approved -> posted -> reversed. Who prepared it never approves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from he_sync.model.errors import NotAllowed, Refused
from he_sync.model.money import show

State = Literal["proposed", "approved", "posted", "reversed", "rejected"]
NEXT: Mapping[State, frozenset[State]] = {
    "proposed": frozenset({"approved", "rejected"}),
    "approved": frozenset({"posted", "rejected"}),
    "posted": frozenset({"reversed"}),
    "reversed": frozenset(),
    "rejected": frozenset(),
}


@dataclass(frozen=True)
class Move:
    """One step of a journal's way. `by` is a person's name or the rule that approved in a person's place."""

    to: State
    by: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """A journal under its key with everything that was done about it; `content` is its hash as it was proposed."""

    key: str
    content: str
    amount_minor: int
    prepared_by: str
    currency: str = "USD"
    moves: tuple[Move, ...] = ()

    @property
    def state(self) -> State:
        """Where it is."""
        return self.moves[-1].to if self.moves else "proposed"


@dataclass(frozen=True)
class Approver:
    """A person who may approve, with the role's limit in minor units; None: no limit."""

    name: str
    limit_minor: int | None


@dataclass(frozen=True)
class Automatic:
    """A rule that approves by itself under a limit, named in the trail, never above its total of a month."""

    name: str
    limit_minor: int
    month_limit_minor: int


def move(journal: Proposal, to: State, by: str, reason: str = "") -> Proposal:
    """The journal one state on. Raises Refused for a step its state does not have."""
    if to not in NEXT[journal.state]:
        raise Refused(f"{journal.key} is {journal.state}; it cannot become {to}")
    return replace(journal, moves=(*journal.moves, Move(to, by, reason)))


def approve(journal: Proposal, approver: Approver, content: str, reason: str) -> Proposal:
    """Approve what was looked at. Raises NotAllowed for its preparer or above the limit, Refused for another content.

    `content` is the hash the approver saw: a journal that changed meanwhile is looked at again.
    """
    if approver.name == journal.prepared_by:
        raise NotAllowed(f"{journal.key}: {approver.name} prepared it; another person approves")
    if approver.limit_minor is not None and journal.amount_minor > approver.limit_minor:
        raise NotAllowed(
            f"{journal.key}: {show(journal.amount_minor, journal.currency)} is above {approver.name}'s limit of "
            f"{show(approver.limit_minor, journal.currency)}; ask somebody with a higher one"
        )
    if content != journal.content:
        raise Refused(f"{journal.key} has changed since it was looked at; open it again")
    if not reason.strip():
        raise Refused(f"{journal.key}: say why, it stands in the evidence")
    return move(journal, "approved", approver.name, reason.strip())


def approve_by_rule(journals: Sequence[Proposal], rule: Automatic, used_minor: int) -> tuple[Proposal, ...]:
    """The journals in their order, those under the rule's limit approved until the month's total is used up."""
    done = []
    for journal in journals:
        total = used_minor + journal.amount_minor
        if journal.state != "proposed" or journal.amount_minor > rule.limit_minor or total > rule.month_limit_minor:
            done.append(journal)
            continue
        text = f"under {show(rule.limit_minor)}, {show(total)} of {show(rule.month_limit_minor)} this month"
        done.append(move(journal, "approved", f"rule {rule.name}", text))
        used_minor = total
    return tuple(done)
