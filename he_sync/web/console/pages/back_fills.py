"""Back-fills for finance: ask for stores and dates, see what would move, have it approved by another, watch it run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows.back_fill import deciding
from he_sync.flows.back_fill.difference import by_account, journals
from he_sync.flows.back_fill.kept import LONGEST, Asked, Kept, ask
from he_sync.flows.books.ground import Memory
from he_sync.model.errors import FixInput, HeSyncError
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.web.console.forms import Form, day_asked, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page
from he_sync.web.console.work import alive, start

LISTED = 20
LOOKS_AGAIN = 2
"""Seconds between two looks of a page that waits."""
STATES = {
    "asked": "being looked at",
    "failed": "could not be looked at",
    "shown": "waits for approval",
    "approved": "waits for Dagster",
    "running": "runs",
    "done": "done",
    "cancelled": "cancelled",
}
RULES = {"day": "the rules of that day", "today": "today's rules"}


@dataclass(frozen=True)
class Line:
    """One store-day of a difference, in figures."""

    day: str
    store: str
    reversed: int
    posted: int
    minor: int
    refused: str
    journals: Sequence[dict[str, Any]]


def listing(request: Request) -> Response:
    """GET /back-fills: the form, and those that were asked for."""
    place = place_of(request)
    kept, retailer = Kept(place.home), place.retailer()
    rows = [(one, STATES[kept.state(one.name)]) for one in kept.newest(LISTED)]
    stores = [store.code for store in retailer.stores]
    values: dict[str, Any] = {"rules": RULES, "longest": LONGEST, "day": day_asked(request)}
    return page(request, "back_fills", "Back-fills", rows=rows, stores=stores, **values)


def asked(request: Request, form: Form) -> Response:
    """POST /back-fills: keep the question and find out what it would do."""
    place, which = place_of(request), form.one("rules")
    rules: Literal["day", "today"] = "today" if which == "today" else "day"
    stores = [] if form.one("all") else form.many("store")
    if not stores and not form.one("all"):
        raise FixInput("tick the stores, or all of them")
    new = ask(form.one("first"), form.one("last") or form.one("first"), stores, rules, place.who)
    deciding.begin(_books(place), place.home, new)
    start(place, "back-fill", new.name)
    return done(f"/back-fills/{new.name}", "Nothing has moved. What would move is being worked out.")


def one(request: Request) -> Response:
    """GET /back-fills/NAME: how far it is, and what is to be decided; looks again by itself while it waits."""
    place, name = place_of(request), request.path_params["name"]
    kept, retailer = Kept(place.home), place.retailer()
    found, state, told = kept.asked(name), kept.state(name), kept.told(name)
    moves = kept.difference(name)
    still = bool(request.query_params.get("still")) or state not in {"asked", "approved", "running"}
    values: dict[str, Any] = {
        "asked": found,
        "state": state,
        "words": STATES[state],
        "rules": RULES[found.rules],
        "line": kept.failed(name) or str(told.get("line", "")),
        "stopped": state == "asked" and bool(told) and not alive(told),
        "moves": _moves(moves) if moves else None,
        "digest": kept.digest(name),
        "currency": retailer.currency,
        "names": _names(retailer),
        "may_not": _may_not(retailer, found, moves, place.who) if state == "shown" else "",
        "approvers": _approvers(retailer, found),
        "approved": kept.approved(name),
        "cancelled": kept.cancelled(name),
        "went": kept.progress(name),
        "turn": kept.turn(name),
        "still": still,
    }
    answer = page(request, "back_fill", f"Back-fill {name}", **values)
    if not still:
        answer.headers["refresh"] = str(LOOKS_AGAIN)
    return answer


def _moves(difference: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows of a difference."""
    lines = [_line(day["day"], store) for day in difference["days"] for store in day["stores"]]
    every = journals(difference)
    return {
        "lines": [one for one in lines if one.journals or one.refused],
        "untouched": sum(not (one.journals or one.refused) for one in lines),
        "accounts": by_account(every),
        "posted": sum(one["what"] == "post" for one in every),
        "reversed": sum(one["what"] == "reverse" for one in every),
        "minor": sum(one["amount_minor"] for one in every),
        "net": sum(max(debit - credit, 0) for _, debit, credit in by_account(every)),
        "refused": difference["refused"],
    }


def _names(retailer: Retailer) -> dict[str, str]:
    """What each natural account is for: tenders by their own names, others as the profile calls them."""
    found = {account: name.replace("_", " ") for name, account in retailer.accounts.model_dump().items()}
    for tender in retailer.tenders:
        found[tender.account] = ", ".join(
            dict.fromkeys([*filter(None, [found.get(tender.account, "")]), tender.payment_type])
        )
    return found


def _line(day: str, store: Mapping[str, Any]) -> Line:
    those = store["journals"]
    back = sum(one["what"] == "reverse" for one in those)
    minor = sum(one["amount_minor"] for one in those)
    return Line(day, store["store"], back, len(those) - back, minor, store["refused"], those)


def asked_for(home: Path) -> list[tuple[Asked, Mapping[str, Any]]]:
    """Back-fills that wait for a word, with what they would move: shown among all approvals."""
    kept = Kept(home)
    waiting = [one for one in kept.newest(LISTED) if kept.state(one.name) == "shown"]
    return [(one, _moves(kept.difference(one.name) or {"days": [], "refused": []})) for one in waiting]


def _may_not(retailer: Retailer, asked: Asked, difference: dict[str, Any] | None, who: str) -> str:
    """Why this person's word would not do; "" where it would."""
    try:
        deciding.allowed(retailer, asked, difference or {"days": []}, who, "to be said")
    except HeSyncError as error:
        return str(error)
    return ""


def _approvers(retailer: Retailer, asked: Asked) -> list[str]:
    """Others who have a role, with its limit."""
    roles = {name: retailer.approval.roles[role] for name, role in retailer.approval.people.items()}
    return [
        name if role.limit_minor is None else f"{name} (journals up to {show(role.limit_minor, retailer.currency)})"
        for name, role in roles.items()
        if name.casefold() != asked.who.casefold()
    ]


def decide(request: Request, form: Form) -> Response:
    """POST /back-fills/NAME: `do` is approve, look, again or cancel."""
    place, name, what = place_of(request), request.path_params["name"], form.one("do")
    kept, books = Kept(place.home), _books(place)
    if what == "approve":
        deciding.let(books, place.home, name, place.who, form.reason(), form.one("digest"))
        told = "Approved as it is shown. It begins within half a minute."
    elif what == "cancel":
        deciding.cancel(books, place.home, name, place.who, form.reason())
        told = "Cancelled; nothing has moved."
    elif what == "again":
        deciding.again(books, place.home, name, place.who)
        told = "Sent off again; dates that are through stay as they are."
    elif what == "look":
        told = _look_again(place, kept, name)
    else:
        raise FixInput("choose approve, look, again or cancel")
    return done(f"/back-fills/{name}", told)


def _look_again(place: Place, kept: Kept, name: str) -> str:
    if kept.state(name) not in {"asked", "failed", "shown"}:
        raise FixInput(f"{name} is {STATES[kept.state(name)]}; it is not looked at again")
    kept.forget(name)
    start(place, "back-fill", name)
    return "Looked at again; nothing has moved."


def _books(place: Place) -> Memory:
    return Memory(place.store, place.lake, place.retailer())


ROUTES = [
    Route("/back-fills", listing, methods=["GET"]),
    Route("/back-fills", posts(asked), methods=["POST"]),
    Route("/back-fills/{name}", one, methods=["GET"]),
    Route("/back-fills/{name}", posts(decide), methods=["POST"]),
]
