"""Whose word puts proposed rules in force: another person with a role, who has the trial before them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from he_sync.flows.books.deciding import approver
from he_sync.flows.books.ground import Books
from he_sync.flows.rule_change.kept import Kept, Proposed, rules_in_force
from he_sync.model.errors import NotAllowed, Refused
from he_sync.model.retailer import Retailer
from he_sync.store import audit
from he_sync.store.database import Store

PROPOSED, APPROVED, CANCELLED = "rules proposed", "rules approved", "rules cancelled"


def begin(books: Books, home: Path, one: Proposed) -> None:
    """Keep a proposal; the trial is next."""
    Kept(home).begin(one)
    _note(books.store, one.who, PROPOSED, one, {"version": one.version, "instead of": one.instead_of})


def enforce(  # noqa: PLR0913, PLR0917 - a word with all that it is given over
    books: Books, home: Path, name: str, who: str, reason: str, seen: str
) -> None:
    """Put proposed rules in force from the next run on; `seen` is the digest of the trial on the page.

    Raises NotAllowed for who proposed them or has no role, Refused for what was tried against other rules than those
    in force, was not looked at, or was decided already.
    """
    kept = Kept(home)
    one, state = kept.proposed(name), kept.state(name)
    allowed(books.retailer, one, who)
    if state != "tried":
        raise Refused(f"{name} is {state}; only one that was tried and waits can be approved")
    if seen != kept.digest(name):
        raise Refused(f"{name} was tried anew meanwhile; look at it again")
    now = rules_in_force(home).version
    if now != one.instead_of or (kept.trial(name) or {}).get("instead_of") != now:
        raise Refused(f"{name} was tried against {one.instead_of}, and {now} is in force; propose it anew")
    detail = {"version": one.version, "instead of": now, "trial": seen, "reason": reason}
    _note(books.store, who, APPROVED, one, detail)
    kept.enforce(one)
    word = {"who": who, "reason": reason, "at": datetime.now(UTC).isoformat(), "trial": seen}
    kept.write(name, "approved", word)


def allowed(retailer: Retailer, one: Proposed, who: str) -> None:
    """Raises NotAllowed for who may not decide about it."""
    approver(retailer, who)
    if one.who.casefold() == who.casefold():
        raise NotAllowed(f"{one.name}: {who} proposed it; another person approves")


def cancel(books: Books, home: Path, name: str, who: str, reason: str) -> None:
    """Never put it in force. Raises Refused for one that is."""
    kept = Kept(home)
    one, state = kept.proposed(name), kept.state(name)
    if state in {"approved", "cancelled"}:
        raise Refused(f"{name} is {state}; propose other rules instead")
    kept.cancel(name, who, reason)
    _note(books.store, who, CANCELLED, one, {"reason": reason})


def _note(store: Store, who: str, what: str, one: Proposed, detail: dict[str, Any]) -> None:
    store.run(lambda connection: audit.record(connection, who, what, one.subject, detail))
