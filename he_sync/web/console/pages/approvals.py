"""Writes that wait for a person, and those that were refused, parked or are in doubt."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.model.errors import FixInput
from he_sync.store import board, effects
from he_sync.store.database import Store
from he_sync.web.console.forms import Form, number, posts
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done, page

STATES = {
    "waiting_approval": "wait for approval",
    "rejected": "refused by the other side",
    "parked": "parked",
    "doubtful": "in doubt",
    "planned": "planned",
}
MAY = {
    "waiting_approval": ("approve", "withdraw"),
    "rejected": ("release", "withdraw"),
    "parked": ("release", "withdraw"),
    "planned": ("withdraw",),
}
"""What a person may do with a write, by its state."""


def listing(request: Request) -> Response:
    """GET /approvals?state=&after=: the page."""
    look, state = place_of(request).look, request.query_params.get("state", "waiting_approval")
    if state not in STATES:
        raise FixInput(f"choose {', '.join(STATES)}")
    rows = board.effects_in(look, state, number(request, "after") or 0)
    more = rows[-1].seq if len(rows) == board.PAGE else None
    counts = board.effects_by_state(look)
    may = MAY.get(state, ())
    return page(
        request, "approvals", "Approvals", rows=rows, states=STATES, state=state, counts=counts, more=more, may=may
    )


def decide(request: Request, form: Form) -> Response:
    """POST /approvals: `do` is approve, release or withdraw, for every ticked key."""
    place, keys, what = place_of(request), form.many("key"), form.one("do")
    if not keys:
        raise FixInput("tick at least one row")
    note = form.one("note") if what == "approve" else form.reason()
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


ROUTES = [
    Route("/approvals", listing, methods=["GET"]),
    Route("/approvals", posts(decide), methods=["POST"]),
]
