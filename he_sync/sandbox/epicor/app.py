"""The Kinetic stand-in's service: v2 and v1 addresses, TokenResource, EFx and BAQ behind one door.

The door (`_entered`) decides who calls, for which company, under which licence; what is behind an address is decided
by the service's name: the BAQ service, or a business object with sets and methods.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import Receive, Scope, Send

from he_sync.sandbox.epicor import (
    agent,
    auth,
    baq,
    bpm,
    catalog,
    cdc,
    efx,
    errors,
    metadata,
    odata,
    registry,
    sessions,
    sets,
    stale,
)
from he_sync.sandbox.epicor.bo import READING, BusinessObject
from he_sync.sandbox.epicor.context import COMPANY, PLANT, Context
from he_sync.sandbox.epicor.errors import BadEntity, Failed, KineticError, NoAddress, NotAllowed, TooLarge
from he_sync.sandbox.epicor.sets import Target
from he_sync.sandbox.epicor.switches import WRONG_COMPANY_STATUS
from he_sync.sandbox.faults import Faults
from he_sync.sandbox.http import Answer, Call, Handler, Routes, Service
from he_sync.sandbox.state import State, decode

MAX_REQUEST_LINE = 8 * 1024  # the proxy before Kinetic refuses longer ones with 414
# A text ends at a quote that no other follows: with only one way to read it, a row of quotes cannot hang the match.
SEGMENT = re.compile(r"([^/(]+)(?:\(((?:'(?:[^']|'')*'(?!')|[^')])*)\))?(?:/|$)")
COMPANIES = frozenset({COMPANY})
SESSION_METHODS = frozenset({"login", "logout", "setcompany", "setplant"})  # a reader may have a session
# What a hostile value raises below the checks: no JSON, nested too deep, too large or of no type for the database.
UNREADABLE = (ValueError, RecursionError, OverflowError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
log = logging.getLogger(__name__)


class Kinetic(Service):
    """The service with the proxy's limit in front of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        length = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
        if scope["type"] != "http" or length <= MAX_REQUEST_LINE:
            await super().__call__(scope, receive, send)
            return
        body = b"<html><head><title>414 Request-URI Too Large</title></head><body><center>nginx</center></body></html>"
        headers = [
            (b"content-type", b"text/html"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 414, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def service(state: State, faults: Faults) -> Service:
    """The service over a state."""
    routes = Routes(case_sensitive=False)
    any_method = "GET POST PATCH DELETE PUT"
    routes.add("POST", "/kinetic/TokenResource.svc", auth.token_resource)
    routes.add("POST", "/kinetic/api/v2/efx/{company}/{library}/{function}", _efx)
    routes.add(any_method, "/kinetic/api/v2/odata/{company}/{service}", _v2)
    routes.add(any_method, "/kinetic/api/v2/odata/{company}/{service}/{rest:path}", _v2)
    routes.add(any_method, "/kinetic/api/v1/{service}", _v1)
    routes.add(any_method, "/kinetic/api/v1/{service}/{rest:path}", _v1)
    auth.install(state)
    bpm.listen(state)
    cdc.listen(state)
    return Kinetic("epicor", state, routes, _guard, faults)


def _guard(call: Call, handler: Handler | None, known: bool) -> Answer:
    try:
        return (handler or (_elsewhere if known else _nowhere))(call)
    except KineticError as error:
        return errors.answer(error, call)
    except UNREADABLE:
        return errors.answer(BadEntity(), call)
    except ArithmeticError:
        return errors.answer(TooLarge(), call)
    except Exception:
        log.exception("the Kinetic stand-in failed on %s %s", call.method, call.url)
        return errors.answer(Failed(), call)


def _elsewhere(_: Call) -> Answer:
    raise NotAllowed("The requested resource does not support this HTTP method.")


def _nowhere(_: Call) -> Answer:
    raise NoAddress("Resource not found.")


# the door


@contextmanager
def _entered(call: Call, name: str, *, v1: bool = False) -> Iterator[Context]:
    """Who calls, for which company and plant, with a licence for as long as the block lasts."""
    user = auth.user(call)
    if not v1:
        auth.may_use(auth.scope(call), name)
    agent.run_due(call.state)
    session = sessions.current(call)
    wanted = _call_settings(call)
    company = call.path.get("company") or wanted.get("Company") or (session or {}).get("company") or COMPANY
    if company not in COMPANIES:
        raise KineticError(f"Invalid company '{company}'.", status=int(WRONG_COMPANY_STATUS.read(call.state)))
    plant = wanted.get("Plant") or (session or {}).get("plant") or PLANT
    with sessions.licensed(call, session):
        yield Context(call.state, user, company, plant if plant == PLANT else PLANT, call)


def _call_settings(call: Call) -> dict[str, Any]:
    """`CallSettings`: an unknown key or plant is ignored, an unknown company is not."""
    found = decode(call.headers.get("callsettings") or "{}")
    if not isinstance(found, dict) or not all(isinstance(found.get(name, ""), str) for name in ("Company", "Plant")):
        raise BadEntity
    return found


def _efx(call: Call) -> Answer:
    library, function = call.path["library"], call.path["function"]
    with _entered(call, f"{library}.{function}") as ctx:
        auth.may_write(ctx.user)
        return Answer(200, efx.run(ctx, library, function, _body(call)))


def _v2(call: Call) -> Answer:
    with _entered(call, call.path["service"]) as ctx:
        base = f"http://{call.headers.get('host', '')}/kinetic/api/v2/odata/{ctx.company}/{call.path['service']}"
        return _answered(ctx, call, base, v1=False)


def _v1(call: Call) -> Answer:
    with _entered(call, call.path["service"], v1=True) as ctx:
        return _answered(
            ctx, call, f"http://{call.headers.get('host', '')}/kinetic/api/v1/{call.path['service']}", v1=True
        )


# what is behind an address


def _answered(ctx: Context, call: Call, base: str, *, v1: bool) -> Answer:
    rest = call.path.get("rest", "").strip("/")
    if call.path["service"].lower() == "baqsvc":
        return _baq(ctx, call, rest, base, v1=v1)
    bo = registry.find(call.path["service"])
    if bo is None:
        raise NoAddress(f"Service {call.path['service']} not found.")
    if not rest:
        return Answer(200, {_meta(v1): f"{base}/$metadata", **metadata.service_document(bo)})
    if rest == "$metadata":
        return _metadata(bo, call)
    segments = _segments(rest)
    if segments[0][0] in bo.sets:
        return _set(ctx, call, _target(bo, segments), base, v1=v1)
    if segments[0][0] == "List" and bo.root and call.method == "GET":
        query = odata.parse(call.query, v1=v1)
        with stale.reads(call):
            return _collection(sets.listed(ctx, bo, query), f"{base}/$metadata#List", v1=v1)
    if len(segments) > 1:
        raise NoAddress(f"Resource not found for the segment '{segments[0][0]}'.")
    return _method(ctx, bo, segments[0][0], call)


def _segments(rest: str) -> list[tuple[str, str | None]]:
    """Names with the keys in their brackets."""
    found, place = [], 0
    while place < len(rest):
        match = SEGMENT.match(rest, place)
        if match is None:
            raise NoAddress(f"Resource not found for the segment '{rest[place:]}'.")
        found.append((match[1], match[2]))
        place = match.end()
    return found


def _target(bo: BusinessObject, segments: list[tuple[str, str | None]]) -> Target:
    target: Target | None = None
    for name, key in segments:
        known = bo.sets if target is None else bo.children_of(target.table.name)
        if name not in known or (target is not None and target.key is None):
            raise NoAddress(f"Resource not found for the segment '{name}'.")
        table = catalog.table(known[name])
        under = None if target is None else target.key
        target = Target(bo, table, None if key is None else sets.key_of(table, key), under)
    if target is None:
        raise NoAddress("Resource not found.")
    return target


def _metadata(bo: BusinessObject, call: Call) -> Answer:
    if call.method != "GET":
        raise NotAllowed("The requested resource does not support this HTTP method.")
    if "json" in call.headers.get("accept", ""):
        return Answer(200, metadata.json(bo.name.lower()))
    return Answer(200, metadata.xml(bo.name.lower()).encode(), {"content-type": "application/xml; charset=utf-8"})


def _set(ctx: Context, call: Call, target: Target, base: str, *, v1: bool) -> Answer:
    context = f"{base}/$metadata#{target.bo.set_of(target.table.name)}"
    if call.method == "GET":
        query = odata.parse(call.query, v1=v1)
        with stale.reads(call):
            if target.key is None:
                return _collection(sets.collection(ctx, target, query), context, v1=v1)
            return Answer(
                200, {_meta(v1): context + ("/@Element" if v1 else "/$entity"), **sets.entity(ctx, target, query)}
            )
    auth.may_write(ctx.user)
    if call.method == "POST" and target.key is None:
        return Answer(
            201, {_meta(v1): context + ("/@Element" if v1 else "/$entity"), **sets.create(ctx, target, call.json())}
        )
    if call.method in {"PATCH", "DELETE"} and target.key is not None:
        if call.method == "PATCH":
            sets.patch(ctx, target, call.json())
        else:
            sets.remove(ctx, target)
        return Answer(204)
    raise NotAllowed("The requested resource does not support this HTTP method.")


def _meta(v1: bool) -> str:
    return "odata.metadata" if v1 else "@odata.context"


def _collection(found: tuple[list[dict[str, Any]], int | None], context: str, *, v1: bool) -> Answer:
    """An envelope without nextLink: clients page until a short page."""
    value, counted = found
    body: dict[str, Any] = {_meta(v1): context}
    if counted is not None:
        body |= {"odata.count": str(counted)} if v1 else {"@odata.count": counted}
    return Answer(200, {**body, "value": value})


def _method(ctx: Context, bo: BusinessObject, name: str, call: Call) -> Answer:
    method = bo.by_lower.get(name.lower())
    if method is None:
        raise NoAddress(f"Method or entity set {name} not found in service {bo.name}.")
    if call.method == "GET" and name.lower() in READING:
        args = {key: value for key, value in call.query if not key.startswith("$") and key != "api-key"}
    elif call.method == "POST":
        args = _body(call)
    else:
        raise NotAllowed("The requested resource does not support this HTTP method.")
    return Answer(200, _run(ctx, method, name.lower(), args) or {})


def _run(
    ctx: Context, method: Callable[[Context, dict[str, Any]], dict[str, Any]], name: str, args: dict[str, Any]
) -> dict[str, Any]:
    """A reading method under the fault's past; a writing one all or nothing, but UpdateExt, which keeps what it can."""
    if name.startswith(("get", "is", "check")):
        with stale.reads(ctx.call):
            return method(ctx, args)
    if name not in SESSION_METHODS:
        auth.may_write(ctx.user)
    if name == "updateext":
        return method(ctx, args)
    with ctx.transaction():
        return method(ctx, args)


def _body(call: Call) -> dict[str, Any]:
    found = call.json()
    if not isinstance(found, dict):
        raise BadEntity
    return found


def _baq(ctx: Context, call: Call, rest: str, base: str, *, v1: bool) -> Answer:
    """`BaqSvc/{id}/Data`; v1 has no `/Data`."""
    query, _, tail = rest.partition("/")
    if tail not in {"", "Data", "GetNew"} or (not v1 and not tail):
        raise NoAddress(f"Resource not found for the segment '{rest}'.")
    if call.method != "GET" or tail == "GetNew":
        raise NotAllowed(f"BAQ {query} is not updatable.")
    with stale.reads(call):
        found = baq.run(ctx, query, call.query, odata.parse(call.query, v1=v1))
    return _collection(found, f"{base}/$metadata#{query}", v1=v1)
