"""Who asks for a back-fill and whose word lets it run: another person, within the limit of their role."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from he_sync.flows.back_fill.difference import journals
from he_sync.flows.back_fill.kept import Approved, Asked, Kept
from he_sync.flows.books import deciding
from he_sync.flows.books.ground import Books
from he_sync.model.errors import FixInput, NotAllowed, Refused
from he_sync.model.retailer import Retailer
from he_sync.reconcile.journals.life import Proposal, approve
from he_sync.store import audit
from he_sync.store.database import Store

ASKED, APPROVED, CANCELLED = "back-fill asked", "back-fill approved", "back-fill cancelled"


def begin(books: Books, home: Path, asked: Asked) -> None:
    """Keep a question; what it would do is found out next. Raises FixInput for a store that the profile lacks."""
    codes = {store.code for store in books.retailer.stores}
    if unknown := set(asked.stores) - codes:
        raise FixInput(f"the profile names no store {min(unknown)}; it has {', '.join(sorted(codes))}")
    Kept(home).begin(asked)
    detail = {"first": asked.first, "last": asked.last, "stores": list(asked.stores), "rules": asked.rules}
    _note(books.store, asked.who, ASKED, asked, detail)


def let(  # noqa: PLR0913, PLR0917 - a word with all that it is given over
    books: Books, home: Path, name: str, who: str, reason: str, seen: str
) -> None:
    """Let it run as it was looked at; `seen` is the digest of the difference on the page.

    Raises NotAllowed for who asked for it, has no role, or may not approve one of its journals; Refused for what has
    changed, moves nothing or was decided already.
    """
    kept = Kept(home)
    asked, difference, state = kept.asked(name), kept.difference(name), kept.state(name)
    if state != "shown" or difference is None:
        raise Refused(f"{name} is {state}; only one whose difference is shown can be approved")
    if seen != kept.digest(name):
        raise Refused(f"{name} was looked at anew meanwhile; look at it again")
    allowed(books.retailer, asked, difference, who, reason)
    _note(books.store, who, APPROVED, asked, {"difference": seen, "reason": reason.strip()})
    kept.approve(name, Approved(who, reason.strip(), datetime.now(UTC).isoformat(), seen))


def allowed(retailer: Retailer, asked: Asked, difference: dict[str, Any], who: str, reason: str) -> None:
    """Raises NotAllowed or Refused where a person may not let all of this difference run."""
    person, those = deciding.approver(retailer, who), journals(difference)
    if asked.who.casefold() == who.casefold():
        raise NotAllowed(f"{asked.name}: {who} asked for it; another person approves")
    if not those:
        raise Refused(f"{asked.name} moves nothing; there is nothing to approve")
    for one in those:
        shown = Proposal(one["key"], one["content"], one["amount_minor"], asked.who, retailer.currency)
        approve(shown, person, one["content"], reason)


def cancel(books: Books, home: Path, name: str, who: str, reason: str) -> None:
    """Never run it. Raises Refused for one that has begun."""
    kept = Kept(home)
    asked, state = kept.asked(name), kept.state(name)
    if state not in {"asked", "failed", "shown", "approved"}:
        raise Refused(f"{name} is {state}; what it posted is corrected by another back-fill")
    kept.cancel(name, who, reason)
    _note(books.store, who, CANCELLED, asked, {"reason": reason})


def again(books: Books, home: Path, name: str, who: str) -> None:
    """Send one off again whose run ended before its last date. Raises Refused for one that may not run."""
    kept = Kept(home)
    asked, state = kept.asked(name), kept.state(name)
    if state not in {"approved", "running"}:
        raise Refused(f"{name} is {state}; it is not sent off again")
    kept.again(name)
    _note(books.store, who, "back-fill sent off again", asked, {"turn": kept.turn(name)})


def word(store: Store, kept: Kept, asked: Asked) -> Approved:
    """Whose word lets it run, as the audit has it. Raises Refused where the files say something else than the audit."""
    said, digest = kept.approved(asked.name), kept.digest(asked.name)
    rows = audit.entries(store, asked.subject)
    agreed = [row for row in rows if row.action == APPROVED and f'"{digest}"' in row.detail]
    stopped = kept.cancelled(asked.name) or any(row.action == CANCELLED for row in rows)
    own = any(row.action == ASKED and row.actor == asked.who for row in rows)
    if said is None or stopped or not own or not any(row.actor == said.who for row in agreed):
        raise Refused(f"{asked.name}: the audit has no approval of this difference; ask for the back-fill anew")
    return said


def _note(store: Store, who: str, what: str, asked: Asked, detail: dict[str, Any]) -> None:
    store.run(lambda connection: audit.record(connection, who, what, asked.subject, detail))
