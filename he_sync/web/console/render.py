"""Templates filled: numbers to the cent, times in UTC with their age, text of others never as markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from he_sync.model.money import show
from he_sync.model.quantity import from_milli
from he_sync.web.console.door import COOKIE, Keys
from he_sync.web.console.place import place_of
from he_sync.web.console.roles import EVERY, in_words
from he_sync.web.console.sessions import Session

TOLD = "he_told"
SHOWN_FOR = 60
LINKS = (
    (("/", "Overview"), ("/events", "Events"), ("/letters", "Dead letters"), ("/approvals", "Approvals")),
    (("/reviews", "Match reviews"), ("/conflicts", "Conflicts"), ("/anomalies", "Anomalies"), ("/rules", "Rules")),
    (("/flows", "Flows"), ("/mappings", "Mappings"), ("/connections", "Connections")),
    (
        ("/stock", "Stock"),
        ("/close", "Close"),
        ("/exceptions", "Exceptions"),
        ("/back-fills", "Back-fills"),
        ("/packs", "Evidence"),
        ("/audit", "Audit"),
    ),
)
"""Pages by what people come for: the day's work, who is who, how it runs, stock and books. One row at 1,400 px."""
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(then: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if then is None:
        return ""
    seconds = max(0, int((now - then) / timedelta(seconds=1)))
    return next((f"{seconds // size} {unit}" for size, unit in UNITS if seconds >= size), f"{seconds} s")


def instant(then: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{then.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if then else ""


def pretty(text: str) -> str:
    """JSON indented for reading; other text as it is."""
    try:
        return json.dumps(json.loads(text, parse_float=Decimal), indent=2, ensure_ascii=False, default=str)
    except ValueError:
        return text


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("he_sync.web.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"money": show, "units": lambda milli: f"{from_milli(milli)}", "instant": instant}
    found.filters |= {"pretty": pretty, "path": lambda text: quote(str(text), safe="")}
    found.globals |= {"links": LINKS}
    return found


TEMPLATES = _environment()


def page(request: Request, name: str, title: str, status: int = 200, **values: Any) -> Response:
    """A page of ours."""
    place, keys, now = place_of(request), request.app.state.keys, place_of(request).now()
    session: Session | None = getattr(request.state, "session", None)
    told = unquote(request.cookies.get(TOLD, "")) if session else ""
    common = {
        "title": title,
        "here": "/" + request.url.path.split("/")[1],
        "who": place.who,
        "roles": in_words(session.roles) if session and session.roles != EVERY else "",
        "allowed": lambda path, do="": session is not None and request.state.access.may(session.roles, path, do),
        "named": bool(request.app.state.users.known()),
        "dagster": place.dagster,
        "token": _token(request, keys),
        "told": told,
        "now": now,
        "age": lambda then: age(then, now),
    }
    answer = HTMLResponse(TEMPLATES.get_template(f"{name}.html").render(**common, **values), status)
    if told:
        answer.delete_cookie(TOLD)
    return answer


def done(to: str, told: str) -> Response:
    """Back to a list after a decision, which the next page confirms; a reload sends nothing twice."""
    answer = RedirectResponse(to, 303)
    answer.set_cookie(TOLD, quote(told), max_age=SHOWN_FOR, httponly=True, samesite="strict")
    return answer


def _token(request: Request, keys: Keys) -> str:
    return keys.form(request.cookies.get(COOKIE, ""))
