"""What a person sent: fields of a form, and of an address, checked."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.books.ground import date_of
from he_sync.model.card_numbers.sweep import sweep
from he_sync.model.errors import FixInput
from he_sync.web.console.access import require_deed
from he_sync.web.console.door import COOKIE, Keys
from he_sync.web.console.sessions import Session

MOST = 64 * 1024
"""Bytes of a form: some hundred ticked rows and a reason."""
LONGEST_REASON = 500


@dataclass(frozen=True)
class Form:
    """The fields of a form whose token was right."""

    fields: dict[str, list[str]]

    def one(self, name: str) -> str:
        """A field's text, "" where it is empty or not there."""
        return self.fields.get(name, [""])[0].strip()

    def many(self, name: str) -> list[str]:
        """Every value of a field, such as ticked rows."""
        return self.fields.get(name, [])

    def numbers(self, name: str) -> list[int]:
        """Ticked rows by their numbers. Raises FixInput where none is ticked."""
        found = [int(value) for value in self.many(name) if value.isdecimal()]
        if not found:
            raise FixInput("tick at least one row")
        return found

    def reason(self, name: str = "note") -> str:
        """The reason that the audit keeps. Raises FixInput without one."""
        said = self.one(name)
        if not said:
            raise FixInput("say why; the reason is kept in the audit")
        return said[:LONGEST_REASON]


async def read_form(request: Request, cookie: str = COOKIE) -> Form:
    """The form of a request. Raises FixInput for one that is too large or does not carry its session's token."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            raise FixInput(f"a form has at most {MOST // 1024} kB; tick fewer rows")
    form = Form(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=5_000))
    keys: Keys = request.app.state.keys
    token = keys.form(request.cookies.get(cookie, ""))
    if not hmac.compare_digest(form.one("token").encode(), token.encode()):
        raise FixInput("this page is from an older session; open it again")
    return form


def require_no_card_data(form: Form) -> None:
    """Raises FixInput where a person typed a card number or a verification code: a reason is kept for good.

    Of numbers only those of 15 and 16 digits count: a form may hold bar codes.
    """
    if hits := sweep(form.fields, [f"$.{name}[*]" for name in form.fields]).hits:
        at = hits[0].path.removeprefix("$.").removesuffix("[*]")
        raise FixInput(f"{at[:40]!r} holds what looks like a {hits[0].what}; take it out, nothing was kept")


def number(request: Request, name: str) -> int | None:
    """A number in the address; None where it is not there. Raises FixInput for what is none."""
    text = request.query_params.get(name, "")
    if text and not text.isdecimal():
        raise FixInput(f"{name}={text[:20]} is not a number")
    return int(text) if text else None


def day_asked(request: Request) -> str:
    """The date in the address, "" where there is none. Raises FixInput for what is none."""
    text = request.query_params.get("day", "")
    return date_of(text) if text else ""


def posts(decide: Callable[[Request, Form], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for a form: read and checked on the loop, decided in a thread, because the store waits for disks."""

    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        session: Session = request.state.session
        require_deed(request.state.rule, session.roles, session.who, form.one("do"))
        require_no_card_data(form)
        return await run_in_threadpool(decide, request, form)

    return endpoint
