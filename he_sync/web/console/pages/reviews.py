"""Pairs of customers side by side: one or two? The next run obeys."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import FIELDS
from he_sync.store import master
from he_sync.store.master import Deed, Pair
from he_sync.store.master.reviews import count
from he_sync.web.console.forms import Form, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page

SEEN = "seen side by side"
LONGEST_BAR = 5.0
"""Weight in bits that fills the bar: more says no more to a person."""


@dataclass(frozen=True)
class Bar:
    """One reason: words, weight as the run wrote it, width of its bar in percent, and which way it points."""

    words: str
    weight: str
    percent: int
    against: bool


def desk(request: Request) -> Response:
    """GET /reviews: the pair whose answer tells most, and how many wait."""
    place = place_of(request)
    waiting = master.waiting(place.look, 1)
    seen = _shown(place, waiting[0]) if waiting else {"pair": None}
    return page(request, "reviews", "Match reviews", number=count(place.look), **seen)


def _shown(place: Place, pair: Pair) -> dict[str, object]:
    left, right = master.side_by_side(place.look, pair)
    rows = [
        (name, left.fields.get(name, ""), right.fields.get(name, ""))
        for name in FIELDS
        if left.fields.get(name) or right.fields.get(name)
    ]
    rows.append(("dated", left.dated, right.dated))
    return {"pair": pair, "rows": rows, "bars": bars(pair.reasons), "percent": f"{pair.score_millionths / 10_000:.1f}"}


def bars(reasons: str) -> list[Bar]:
    """The waterfall of a score, in the order in which the run gave it."""
    found = []
    for part in filter(None, reasons.split("; ")):
        words, _, weight = part.partition(", against")[0].rpartition(" ")
        try:
            size = float(weight)
        except ValueError:
            words, weight, size = part, "", 0.0
        percent = round(min(abs(size), LONGEST_BAR) / LONGEST_BAR * 100)
        found.append(Bar(words, weight, percent, against=size < 0))
    return found


def decide(request: Request, form: Form) -> Response:
    """POST /reviews: `do` is same, apart or skip."""
    place, what = place_of(request), form.one("do")
    ends = master.record_named(form.one("left")), master.record_named(form.one("right"))
    if what == "skip":
        pair = next((one for one in master.waiting(place.look) if (one.left, one.right) == ends), None)
        if pair:
            master.skip(place.store, pair)
        return done("/reviews", "skipped; it comes again after the others")
    if what not in {"same", "apart"}:
        raise FixInput("choose one customer, two customers, or skip")
    new = master.decide(place.store, *ends, Deed(place.who, form.one("note") or SEEN), same=what == "same")
    words = "one customer" if what == "same" else "two customers"
    return done("/reviews", f"{ends[0]} and {ends[1]}: {words}" if new else "this was said already")


ROUTES = [Route("/reviews", desk, methods=["GET"]), Route("/reviews", posts(decide), methods=["POST"])]
