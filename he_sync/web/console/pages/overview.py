"""The first page: what is missing in money, what waits for whom, and whether events flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import alerts, completeness
from he_sync.flows import conflicts as queue
from he_sync.model.errors import HeSyncError
from he_sync.model.money import show
from he_sync.store import board
from he_sync.store.master.reviews import count
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import age, page

LATE = timedelta(minutes=1)
"""An event that waits longer than this is shown as late: in traffic it waits milliseconds, after idle seconds."""


@dataclass(frozen=True)
class Card:
    """One figure, where it leads, and whether it wants something done."""

    name: str
    figure: str
    about: str
    to: str
    calls: bool = False


def overview(request: Request) -> Response:
    """GET /, the first page."""
    place = place_of(request)
    day, line = _freshness(place)
    cards = [*_events(place), *_effects(place), *_letters(place), *_open(place), _unusual(place)]
    return page(request, "overview", "Overview", day=day, line=line, cards=cards)


def _freshness(place: Place) -> tuple[str, str]:
    """The last date that was proven, and what the ERP lacks of it."""
    day = completeness.last_day(place.lake)
    if day is None:
        return "", "No date was closed yet; nothing is proven."
    return day, completeness.freshness_of(completeness.kept(place.lake, day), place.retailer().currency)


def _events(place: Place) -> Iterator[Card]:
    now = place.now()
    found = board.events(place.look, now)
    late = found.oldest is not None and now - found.oldest > LATE
    about = f"the oldest for {age(found.oldest, now)}" if found.oldest else "none waits"
    yield Card("Events waiting", f"{found.waiting:,}", about, "/events?state=new", calls=late)
    capped = "at least " if found.last_minute >= board.RATE_OF else ""
    yield Card("Events in the last minute", f"{found.last_minute:,}", f"{capped}received and stored", "/events")
    yield Card(
        "Events parked", f"{found.parked:,}", "until their cause is mended", "/events?state=parked", found.parked > 0
    )


def _effects(place: Place) -> Iterator[Card]:
    found = board.effects_by_state(place.look)
    waiting, worth = found.get("waiting_approval", (0, 0))
    about = f"over {show(worth)}" if worth else "writes that wait for a person"
    yield Card("Approvals", f"{waiting:,}", about, "/approvals", waiting > 0)
    stuck = sum(found.get(state, (0, 0))[0] for state in ("rejected", "parked"))
    yield Card(
        "Writes set aside",
        f"{stuck:,}",
        "refused by the other side or in doubt too often",
        "/approvals?state=rejected",
        stuck > 0,
    )
    doubtful = found.get("doubtful", (0, 0))[0]
    yield Card(
        "Writes in doubt", f"{doubtful:,}", "looked up before anything is sent again", "/approvals?state=doubtful"
    )


def _letters(place: Place) -> Iterator[Card]:
    rules = board.letters_by_rule(place.look)
    first = f"most often: {rules[0].column_name} {rules[0].rule}" if rules else "every record keeps its contract"
    yield Card("Dead letters", f"{sum(row.n for row in rules):,}", first, "/letters", bool(rules))


def _open(place: Place) -> Iterator[Card]:
    closed = board.dates(place.look, 1)
    if closed:
        [last] = closed
        about = f"on {last.business_date}, over {show(last.minor)}"
        yield Card("Differences of the last close", f"{last.n:,}", about, f"/close/{last.business_date}", last.n > 0)
    reviews = count(place.look)
    yield Card("Match reviews", f"{reviews:,}", "pairs that may be one customer", "/reviews", reviews > 0)
    conflicts = len(queue.queue(place.look))
    yield Card("Conflicts", f"{conflicts:,}", "two sides say different things", "/conflicts", conflicts > 0)


def _unusual(place: Place) -> Card:
    """A file of mutes that cannot be read is said here; the other figures stand without it."""
    try:
        day, number = alerts.loud(place.lake, place.home)
    except HeSyncError as error:
        return Card("Anomalies", "?", str(error), "/anomalies", calls=True)
    about = f"days, shares, lines and sales of {day}" if day else "no date was judged yet"
    return Card("Anomalies", f"{number:,}", about, "/anomalies", number > 0)


ROUTES = [Route("/", overview)]
