"""Store-days: the board of stores and dates, and one date's journals with every step that finance takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import night
from he_sync.flows.books import deciding, posting, proposing
from he_sync.flows.books.evidence import Evidence
from he_sync.flows.books.ground import Memory, date_of
from he_sync.flows.books.look import look
from he_sync.model.errors import FixInput
from he_sync.settings import read_settings
from he_sync.store import books
from he_sync.store.books.days import StoreDay, listing
from he_sync.web.console.forms import Form, posts
from he_sync.web.console.pages.exceptions import unresolved
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page

SHOWN = 14
"""Dates of the board: two weeks, so that a weekend and what was late from before it are seen together."""


@dataclass(frozen=True)
class Board:
    """Dates by store; `cells` has where each store-day stood when it was last looked at."""

    days: Sequence[str]
    stores: Sequence[str]
    cells: dict[tuple[str, str], StoreDay]


def board_of(place: Place, last: str | None) -> Board:
    """The board up to a date; empty where no store-day was looked at yet."""
    until = date.fromisoformat(last) if last else place.now().date()
    days = [(until - timedelta(days=back)).isoformat() for back in range(SHOWN - 1, -1, -1)]
    found = {(one.store, one.business_date): one for one in listing(place.look, days[0], days[-1])}
    stores = sorted({store for store, _ in found})
    return Board([day for day in days if any((store, day) in found for store in stores)], stores, found)


def day_page(request: Request) -> Response:
    """GET /close/DATE/books: as it stood when it was last looked at."""
    place, day = place_of(request), date_of(request.path_params["day"])
    rows = listing(place.look, day, day)
    journals = {row.store: books.of_day(place.look, day, row.store) for row in rows}
    currency = place.retailer().currency
    values: dict[str, Any] = {"rows": rows, "journals": journals, "currency": currency}
    return page(request, "books", f"Store-days of {day}", day=day, unresolved=unresolved(place, day), **values)


def ledger_page(request: Request) -> Response:
    """GET /close/DATE/ledger: account by account against Epicor's ledger, as it was read last; asks no system."""
    place, day = place_of(request), date_of(request.path_params["day"])
    facts = Evidence(Memory(place.store, place.lake, place.retailer()), (day,), ())
    rows = [row[1:] for row in facts.proof()]
    every = bool(request.query_params.get("all"))
    shown = rows if every else [row for row in rows if row[-1]]
    values: dict[str, Any] = {"day": day, "rows": shown, "number": len(rows), "every": every}
    return page(request, "ledger", f"Epicor's ledger of {day}", **values)


def decide(request: Request, form: Form) -> Response:
    """POST /close/DATE/books: `do` is look, propose, approve, post, sign or reopen, for the ticked stores."""
    place, day, what = place_of(request), date_of(request.path_params["day"]), form.one("do")
    if what not in ACTS:
        raise FixInput(f"choose {', '.join(ACTS)}")
    stores = form.many("store")
    if what != "look" and not stores:
        raise FixInput("tick at least one store")
    told = ACTS[what](place, day, stores, form)
    return done(f"/close/{day}/books", told)


def _look(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    del form
    found = look(Memory(place.store, place.lake, place.retailer()), day, stores)
    return f"{len(found)} store-days looked at"


def _propose(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    which = "today" if form.one("rules") == "today" else "day"
    with night.open_office(read_settings(place.environ)) as office:
        made = proposing.propose_day(office, day, place.who, stores, "today" if which == "today" else "day")
    refused = [f"{one.store}: {one.refused}" for one in made if one.refused]
    return _told(f"{sum(len(one.new) for one in made)} journals proposed", refused)


def _post(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    del form
    with night.open_office(read_settings(place.environ)) as office:
        found = posting.post_day(office, day, place.who, stores)
    waits = [f"{one.store} is {one.state}: {one.because}" for one in found if one.state not in {"posted", "signed"}]
    return _told(f"{sum(len(one.posted) for one in found)} journals posted", waits)


def _sign(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    with night.open_office(read_settings(place.environ)) as office:
        decided = deciding.sign_day(office, day, place.who, form.reason(), stores)
    return _told(f"{len(decided.done)} store-days signed", decided.refused)


def _approve(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    ours = Memory(place.store, place.lake, place.retailer())
    decided = deciding.approve_day(ours, day, place.who, form.reason(), stores)
    return _told(f"{len(decided.done)} journals approved", decided.refused)


def _reopen(place: Place, day: str, stores: Sequence[str], form: Form) -> str:
    ours = Memory(place.store, place.lake, place.retailer())
    decided = deciding.reopen_day(ours, day, place.who, form.reason(), stores)
    return _told(f"{len(decided.done)} store-days reopened", decided.refused)


def _told(what: str, refused: Sequence[str]) -> str:
    return "; ".join([what, *refused[:SHOWN]])


ACTS: dict[str, Callable[[Place, str, Sequence[str], Form], str]] = {
    "look": _look,
    "propose": _propose,
    "approve": _approve,
    "post": _post,
    "sign": _sign,
    "reopen": _reopen,
}
ROUTES = [
    Route("/close/{day}/books", day_page, methods=["GET"]),
    Route("/close/{day}/ledger", ledger_page, methods=["GET"]),
    Route("/close/{day}/books", posts(decide), methods=["POST"]),
]
