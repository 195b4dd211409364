"""The exceptions of the close: filtered, looked into, and decided many at once after a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows.exceptions.choosing import AGES, NOBODY, STATUSES, Aged, Filter, aged, asked, chosen, sheet
from he_sync.flows.exceptions.deciding import Desks, Preview, decide, preview, wish
from he_sync.flows.exceptions.finding import desk
from he_sync.model.errors import FixInput
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.reconcile.evidence.sheets import as_csv
from he_sync.store.board import PAGE
from he_sync.store.exceptions import Desk
from he_sync.web.console.forms import Form, number, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page

HERE = "/exceptions"
NAMES = tuple(each.name for each in fields(Filter))
SHOWN, TOLD = 200, 3
"""Rows of a preview, and refusals in the line after a decision; the others are counted."""
WORDS = {
    "take": "Take",
    "wait": "Waits for the other side",
    "explain": "Explain",
    "write_off": "Write off",
    "put_back": "Put back",
}


@dataclass(frozen=True)
class Unresolved:
    """What nobody has closed: how many, and what they are worth."""

    count: int
    minor: int
    currency: str


def unresolved(place: Place, day: str = "") -> Unresolved:
    """Of a date, or of all."""
    with desk(place.store, place.lake) as at:
        return Unresolved(*at.worth(day), place.retailer().currency)


@contextmanager
def _room(place: Place) -> Iterator[tuple[Desk, Retailer]]:
    with desk(place.store, place.lake) as at:
        yield at, place.retailer()


def listing(request: Request) -> Response:
    """GET /exceptions?store=&day=&until=&klass=&owner=&age=&status=&skip=: the page."""
    place, wanted, skip = place_of(request), _filter(request.query_params).checked(), number(request, "skip") or 0
    with _room(place) as (at, retailer):
        those, classes = asked(at, wanted, retailer, place.now()), at.classes()
        number_of, minor = at.sums(those)
        rows = list(aged(at.page(those, skip, PAGE), retailer, place.now()))
    values: dict[str, Any] = {
        "rows": rows,
        "number": number_of,
        "minor": minor,
        "more": _address(wanted, skip=str(skip + PAGE)) if number_of > skip + PAGE else "",
        "csv": _address(wanted, at=f"{HERE}.csv"),
        "wanted": wanted,
        "classes": classes,
    }
    return page(request, "exceptions", "Exceptions", **values, **_choices(retailer))


def _choices(retailer: Retailer) -> dict[str, Any]:
    return {
        "stores": [store.code for store in retailer.stores],
        "owners": [NOBODY, *sorted(retailer.approval.people)],
        "ages": list(AGES),
        "statuses": STATUSES,
        "people": sorted(retailer.approval.people),
        "rules": [one.name for one in retailer.approval.automatic],
        "currency": retailer.currency,
        "words": WORDS,
    }


def download(request: Request) -> Response:
    """GET /exceptions.csv: the same list, whole."""
    place = place_of(request)
    with _room(place) as (at, retailer):
        text = as_csv(sheet(chosen(at, _filter(request.query_params), retailer, place.now()), retailer.currency))
    heads = {"content-disposition": 'attachment; filename="exceptions.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=heads)


def one(request: Request) -> Response:
    """GET /exceptions/ID: one of them and everything that was done about it."""
    place, named = place_of(request), request.path_params["id"]
    with _room(place) as (at, retailer):
        each, steps = _known(at, named, retailer, place), at.steps(named)
    title = f"{each.one.found.klass} of {each.one.found.subject}"
    return page(request, "exception", title, each=each, steps=steps, **_choices(retailer))


def _known(at: Desk, named: str, retailer: Retailer, place: Place) -> Aged:
    found = list(aged(at.of([named]), retailer, place.now()))
    if not found:
        raise FixInput(f"no exception has the number {named[:40]}")
    return found[0]


def act(request: Request, form: Form) -> Response:
    """POST /exceptions: `do` is one of WORDS, which shows what would change; with `digest`, it is done as shown."""
    place = place_of(request)
    wanted = wish(form.one("do"), place.who, form.one("note"), form.one("owner_of"), form.one("rule"))
    which, whole = _filter({name: form.one(name) for name in NAMES}), bool(form.one("all"))
    with _room(place) as (at, retailer):
        those = chosen(at, which, retailer, place.now()) if whole else []
        numbers = [each.one.id for each in those] or form.many("id")
        if not numbers:
            raise FixInput("tick at least one exception, or all of the list")
        desks = Desks(at, place.store, retailer)
        if form.one("digest"):
            made = decide(desks, numbers, wanted, form.one("digest"))
            return done(_address(which), _told(made, retailer.currency))
        shown = preview(desks, at.of(numbers), wanted)
    return _preview(request, shown, which, whole=whole, currency=retailer.currency)


def _preview(request: Request, shown: Preview, which: Filter, *, whole: bool, currency: str) -> Response:
    values: dict[str, Any] = {
        "shown": shown,
        "coming": shown.coming[:SHOWN],
        "staying": shown.staying[:SHOWN],
        "which": {name: getattr(which, name) for name in NAMES},
        "ids": [] if whole else [each.one.id for each in shown.changes],
        "back": _address(which),
        "currency": currency,
    }
    return page(request, "exceptions_preview", f"{WORDS[shown.wish.what]}: what would change", **values)


def _told(made: Preview, currency: str) -> str:
    word = made.coming[0].to if made.coming else "changed"
    told = f"{len(made.coming)} {word}, {show(made.risk_minor, currency)} at risk"
    stay = [f"{each.one.found.klass} of {each.one.found.subject}: {each.why_not}" for each in made.staying[:TOLD]]
    return "; ".join([told, *([f"{len(made.staying)} stay as they are", *stay] if stay else [])])


def _filter(asked: Mapping[str, str]) -> Filter:
    told = {name: asked.get(name, "").strip() for name in NAMES}
    return Filter(**{**told, "status": told["status"] or "unresolved"})


def _address(wanted: Filter, at: str = HERE, **more: str) -> str:
    asked = urlencode({**wanted.said, **more})
    return f"{at}?{asked}" if asked else at


ROUTES = [
    Route(HERE, listing, methods=["GET"]),
    Route(HERE, posts(act), methods=["POST"]),
    Route(f"{HERE}.csv", download, methods=["GET"]),
    Route(f"{HERE}/{{id}}", one, methods=["GET"]),
]
