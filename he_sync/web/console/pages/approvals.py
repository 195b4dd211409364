"""Writes that wait for a person, and those that were refused, parked or are in doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows.books.deciding import approver
from he_sync.mapping.shelf.desk import Proposal
from he_sync.model.errors import FixInput, NotAllowed
from he_sync.model.money import show
from he_sync.store import board, effects
from he_sync.store.database import Store
from he_sync.web.console.flows import room as flows
from he_sync.web.console.forms import Form, number, posts
from he_sync.web.console.mapping import room as mappings
from he_sync.web.console.pages.back_fills import asked_for
from he_sync.web.console.pages.rules import in_short
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page

STATES = {
    "waiting_approval": "wait for approval",
    "rejected": "refused by the other side",
    "parked": "parked",
    "doubtful": "in doubt",
    "planned": "planned",
}
LEDGER = ("post_journal", "post_store_day")
MAY = {
    "waiting_approval": ("approve", "withdraw"),
    "rejected": ("release", "withdraw"),
    "parked": ("release", "withdraw"),
    "planned": ("withdraw",),
}
"""What a person may do with a write, by its state."""


def listing(request: Request) -> Response:
    """GET /approvals?state=&after=: the page."""
    place, state = place_of(request), request.query_params.get("state", "waiting_approval")
    look = place.look
    if state not in STATES:
        raise FixInput(f"choose {', '.join(STATES)}")
    rows = board.effects_in(look, state, number(request, "after") or 0)
    more = rows[-1].seq if len(rows) == board.PAGE else None
    counts = board.effects_by_state(look)
    may = MAY.get(state, ())
    waiting = state == "waiting_approval"
    also: dict[str, Any] = {
        "rule_changes": in_short(place.home) if waiting else [],
        "back_fills": asked_for(place.home) if waiting else [],
        "changes": _changes(request) if waiting else [],
    }
    listed = {"rows": rows, "states": STATES, "state": state, "counts": counts, "more": more, "may": may}
    return page(request, "approvals", "Approvals", **(also | listed))


def _changes(request: Request) -> list[tuple[str, str, Proposal]]:
    """Changes of flows and mappings that wait: "flow" or "mapping", its name, the change."""
    rooms = (flows.room_of(request), mappings.room_of(request))
    return [(room.word, name, one) for room in rooms for name, one in room.desk.waiting()]


def decide(request: Request, form: Form) -> Response:
    """POST /approvals: `do` is approve, release or withdraw, for every ticked key."""
    place, keys, what = place_of(request), form.many("key"), form.one("do")
    if not keys:
        raise FixInput("tick at least one row")
    note = form.one("note") if what == "approve" else form.reason()
    if what == "approve":
        _require_limit(place, keys)
    acts: dict[str, Callable[[Store, str], bool]] = {
        "approve": lambda store, key: effects.approve(store, key, place.who),
        "release": lambda store, key: effects.release(store, key, place.who, note),
        "withdraw": lambda store, key: effects.withdraw(store, key, place.who, note),
    }
    if what not in acts:
        raise FixInput(f"choose {', '.join(acts)}")
    came = sum(acts[what](place.store, key) for key in keys)
    left = f"; {len(keys) - came} were decided by somebody else meanwhile" if came < len(keys) else ""
    words = {"approve": "approved", "release": "go on", "withdraw": "withdrawn"}[what]
    return done(f"/approvals?state={form.one('state') or 'waiting_approval'}", f"{came} {words}{left}")


def _require_limit(place: Place, keys: Sequence[str]) -> None:
    """Postings into the ledger are approved within the limit of one's role, wherever the profile names roles.

    Raises NotAllowed for the first that is not, before any is approved.
    """
    retailer = place.retailer()
    found = [effects.find(place.store, key) for key in keys] if retailer.approval.people else []
    for each in (status.effect for status in found if status and status.effect.kind in LEDGER):
        person = approver(retailer, place.who)
        if person.limit_minor is not None and abs(each.amount_minor) > person.limit_minor:
            over = show(abs(each.amount_minor), retailer.currency)
            most = show(person.limit_minor, retailer.currency)
            raise NotAllowed(f"{each.entity}: {over} is above {person.name}'s limit of {most}; ask somebody with more")


ROUTES = [
    Route("/approvals", listing, methods=["GET"]),
    Route("/approvals", posts(decide), methods=["POST"]),
]
