"""Anomalies: what was expected, what was seen and why that is unusual, date by date; mutes, and their end."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import alerts
from he_sync.model.errors import FixInput
from he_sync.web.console.forms import Form, day_asked, posts
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done, page

DATES, SHOWN, ROWS = 14, 200, 50
"""Judged dates to choose from, alerts of a date on its page, and records of an alert."""


def listing(request: Request) -> Response:
    """GET /anomalies?day=: a judged date, the newest one without it."""
    place = place_of(request)
    dates = alerts.judged_dates(place.lake, DATES)
    day = day_asked(request) or next(iter(dates), "")
    found = alerts.of_date(place.lake, place.home, day) if day else []
    values: dict[str, Any] = {
        "day": day,
        "dates": dates,
        "rows": found[:SHOWN],
        "more": max(0, len(found) - SHOWN),
        "mutes": alerts.mutes_on(place.home, place.now().date()),
        "most": ROWS,
    }
    return page(request, "anomalies", "Anomalies", **values)


def silence(request: Request, form: Form) -> Response:
    """POST /anomalies: `day`, the ticked alerts by `key`, `until` and the reason."""
    place, day, ticked = place_of(request), form.one("day"), set(form.many("key"))
    found = alerts.of_date(place.lake, place.home, _one_of(day, alerts.judged_dates(place.lake, DATES)))
    chosen = [one.alert for one in found if one.key in ticked]
    if not chosen:
        raise FixInput("tick at least one alert")
    made = alerts.mutes_of(chosen, form.one("until"), form.reason())
    alerts.silence(place.store, place.home, made, place.who)
    return done(f"/anomalies?day={day}", f"{len(made)} muted until {made[0].until}")


def speak(request: Request, form: Form) -> Response:
    """POST /anomalies/mutes: ends the mute of `check` and `subject` with a reason; `day` is the date looked at."""
    place = place_of(request)
    named = form.one("check"), form.one("subject")
    ended = alerts.end(place.store, place.home, named, form.reason(), place.who)
    day = form.one("day")
    back = f"?day={day}" if day in alerts.judged_dates(place.lake, DATES) else ""
    return done(f"/anomalies{back}", f"no longer muted: {ended.check} of {ended.subject}")


def _one_of(day: str, dates: list[str]) -> str:
    if day not in dates:
        raise FixInput(f"{day[:20]!r} is none of the last {DATES} judged dates; open the page again")
    return day


ROUTES = [
    Route("/anomalies", listing, methods=["GET"]),
    Route("/anomalies", posts(silence), methods=["POST"]),
    Route("/anomalies/mutes", posts(speak), methods=["POST"]),
]
