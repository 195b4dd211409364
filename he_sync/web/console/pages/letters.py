"""Dead letters: cause, payload, what would happen now, and answering them again, one or many."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import replaying
from he_sync.flows.workshop import works
from he_sync.model.errors import FixInput
from he_sync.store import board, dead_letters
from he_sync.web.console.forms import Form, number, posts
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done, page


def listing(request: Request) -> Response:
    """GET /letters?rule=&after=: the page."""
    look, rule = place_of(request).look, request.query_params.get("rule", "")
    rows = board.letters(look, rule, number(request, "after") or 0)
    more = rows[-1].seq if len(rows) == board.PAGE else None
    return page(request, "letters", "Dead letters", rows=rows, rules=board.letters_by_rule(look), rule=rule, more=more)


def one(request: Request) -> Response:
    """GET /letters/N: the page."""
    letter = board.letter(place_of(request).look, request.path_params["number"])
    if letter is None:
        raise FixInput(f"no letter has number {request.path_params['number']}")
    return page(request, "letter", f"Letter {letter.seq}", letter=letter)


def decide(request: Request, form: Form) -> Response:
    """POST /letters: `do` is try (shown, nothing kept), replay or close."""
    numbers, what = form.numbers("letter"), form.one("do")
    if what == "try":
        return _tried(request, numbers)
    place = place_of(request)
    if what == "close":
        closed = sum(dead_letters.resolve(place.store, each, place.who, form.reason()) for each in numbers)
        return done("/letters", f"{closed} letters closed")
    again = dead_letters.replay(place.store, numbers, place.who, form.reason())
    return done("/letters", f"{again} events wait to be answered again; the drain takes them")


def _tried(request: Request, numbers: Sequence[int]) -> Response:
    """What answering these letters' events would do now."""
    place = place_of(request)
    kept = [board.letter(place.look, each) for each in numbers]
    seqs = [row.event_seq for row in kept if row is not None and row.event_seq is not None]
    with works() as shop:
        told = replaying.would(shop, replaying.numbered(shop.store, seqs))
    without = len(numbers) - len(seqs)
    return page(request, "tried", "What would happen", told=told, numbers=numbers, without=without)


ROUTES = [
    Route("/letters", listing, methods=["GET"]),
    Route("/letters", posts(decide), methods=["POST"]),
    Route("/letters/{number:int}", one),
]
