"""Signing in by name and password, and out. No session is there yet, so the form's token is of a cookie of its own."""

from __future__ import annotations

import secrets
from math import ceil
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.web.console.door import BEFORE, COOKIE, SIGN_IN, let_in
from he_sync.web.console.forms import Form, posts, read_form
from he_sync.web.console.oidc.routes import BEGIN, inside
from he_sync.web.console.place import place_of
from he_sync.web.console.render import page

SUBJECT = "console"
WRONG = "This name and password do not belong together."


def asked(request: Request) -> Response:
    """GET /sign-in?to=: the page, for whom is not in already."""
    if place_of(request).who:
        return RedirectResponse("/", 303)
    return _page(request, inside(request.query_params.get("to", "/")))


def _page(request: Request, to: str, line: str = "", status: int = 200) -> Response:
    before = secrets.token_urlsafe(24)
    token = request.app.state.keys.form(before)
    provider = f"{BEGIN}?to={quote(to, safe='/')}" if request.app.state.provider else ""
    answer = page(request, "sign_in", "Sign in", status, to=to, line=line, own_token=token, provider=provider)
    answer.set_cookie(BEFORE, before, httponly=True, samesite="strict")
    return answer


async def signed_in(request: Request) -> Response:
    """POST /sign-in: the form was read with the token of its own cookie."""
    form = await read_form(request, BEFORE)
    return await run_in_threadpool(_enter, request, form)


def _enter(request: Request, form: Form) -> Response:
    state, name, to = request.app.state, form.one("name"), inside(form.one("to"))
    begun = state.tries.begin(name)
    if begun.wait:
        told = f"Too many wrong passwords for this name. Wait {ceil(begun.wait.total_seconds())} seconds."
        return _page(request, to, told, 429)
    user, store = None, place_of(request).store
    try:
        user = state.users.check(name, form.fields.get("password", [""])[0])
    finally:  # a try that nobody had time to look at counts, and may be the one that locks
        if user is None and begun.locks and (known := state.users.named(name)):
            _note(store, known.name, "locked out of the console")
    if user is None:
        return _page(request, to, WRONG, 401)
    state.tries.right(name)
    state.sessions.end(request.cookies.get(COOKIE, ""))
    _note(store, user.name, "signed in to the console")
    answer = let_in(state.sessions.begin(user.name, user.stamp, user.roles), to)
    answer.delete_cookie(BEFORE)
    return answer


def signed_out(request: Request, form: Form) -> Response:
    """POST /sign-out: the session is over, whoever has its cookie."""
    del form
    request.app.state.sessions.end(request.cookies.get(COOKIE, ""))
    _note(place_of(request).store, place_of(request).who, "signed out of the console")
    answer = RedirectResponse(SIGN_IN if request.app.state.provider or request.app.state.users.known() else "/", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _note(store: Store, who: str, what: str) -> None:
    store.run(lambda connection: audit.record(connection, who, what, SUBJECT))


ROUTES = [
    Route(SIGN_IN, asked, methods=["GET"]),
    Route(SIGN_IN, signed_in, methods=["POST"]),
    Route("/sign-out", posts(signed_out), methods=["POST"]),
]
