"""The Heartland Retail stand-in's service: every route behind one guard (who, how often, may they, what went wrong)."""

from __future__ import annotations

import time
from functools import partial
from typing import Protocol

from he_sync.sandbox.faults import Faults
from he_sync.sandbox.heartland import (
    auth,
    crud,
    errors,
    invoices,
    lists,
    masters,
    movements,
    orders,
    purchasing,
    reporting,
    tickets,
    values,
)
from he_sync.sandbox.heartland import switches as choices
from he_sync.sandbox.heartland.reader import make_tables
from he_sync.sandbox.heartland.resources import CATALOGUE, RESOURCES, SETTINGS, VALUES, Resource
from he_sync.sandbox.heartland.webhooks import Sender
from he_sync.sandbox.http import Answer, Call, Handler, Routes, Service
from he_sync.sandbox.state import State

API = "/api/"
OPEN_ADDRESSES = frozenset({"/oauth/authorize", "/api/oauth/token", "/api/auth/identity/callback"})
RULES: dict[str, crud.Rules] = {
    **masters.RULES,
    **tickets.RULES,
    **orders.RULES,
    **invoices.RULES,
    **movements.RULES,
    **purchasing.RULES,
}
NO_RULES = crud.Rules()


class Operation(Protocol):
    """A write of a table-driven resource."""

    def __call__(self, call: Call, resource: Resource, rules: crud.Rules) -> Answer:
        """Answer it."""
        ...


def pattern(resource: Resource) -> str:
    """The address of a resource's list: owners of a sub-resource are `owner1`, `owner2`."""
    parts = resource.path.split(".")
    return API + "".join(f"{part}/{{owner{depth}}}/" for depth, part in enumerate(parts[:-1], 1)) + parts[-1]


def _webhook_created(call: Call, resource: Resource, rules: crud.Rules) -> Answer:
    answer = crud.create(call, resource, rules)
    if choices.WEBHOOK_POST_BODY.read(call.state) == "id":
        return Answer(201, {"id": lists.key_of(answer.headers["location"].rsplit("/", 1)[1])}, answer.headers)
    return answer


CREATE: dict[str, Operation] = {"webhooks": _webhook_created}


def _card_written(call: Call, resource: Resource, rules: crud.Rules) -> Answer:
    return crud.update(masters.with_card_key(call), resource, rules)


UPDATE: dict[str, Operation] = {"gift_cards": _card_written}


def _add(routes: Routes, resource: Resource, address: str) -> None:
    rules = RULES.get(resource.path, NO_RULES)
    methods = resource.methods.split()
    routes.add("GET", address, partial(lists.listing, resource=resource))
    one: Handler = masters.card_by_number if resource.path == "gift_cards" else partial(lists.single, resource=resource)
    routes.add("GET", f"{address}/{{id}}", one)
    if "POST" in methods:
        routes.add("POST", address, partial(CREATE.get(resource.path, crud.create), resource=resource, rules=rules))
    if "PUT" in methods:
        routes.add(
            "PUT", f"{address}/{{id}}", partial(UPDATE.get(resource.path, crud.update), resource=resource, rules=rules)
        )
    if "DELETE" in methods:
        routes.add("DELETE", f"{address}/{{id}}", partial(crud.delete, resource=resource, rules=rules))


def _routes() -> Routes:
    routes = Routes()
    routes.add("GET", "/oauth/authorize", auth.authorize)
    routes.add("GET POST", "/api/oauth/token", auth.token)
    routes.add("POST", "/api/auth/identity/callback", auth.login)
    routes.add("GET", "/api/system/whoami", auth.whoami)
    routes.add("GET", "/api/system/host", auth.host)
    routes.add("GET", f"{API}{VALUES.path}", values.listing)
    routes.add("GET PUT", f"{API}{SETTINGS.path}/{{id}}", masters.setting)
    routes.add("GET", "/api/reporting/analyzer", reporting.analyzer)
    routes.add("GET", "/api/reporting/sales", reporting.sales)
    routes.add("POST", "/api/inventory/adjustments", movements.adjust_at_once)
    for resource in CATALOGUE:
        _add(routes, resource, pattern(resource))
    _add(routes, RESOURCES["gift_card_adjustments"], "/api/gift_card/adjustments")
    return routes


SCOPES = sorted(
    ((pattern(one).split("{", 1)[0], one.scope) for one in (*CATALOGUE, VALUES, SETTINGS)),
    key=lambda pair: -len(pair[0]),
)


def _scope(url: str) -> str:
    return next((scope for start, scope in SCOPES if url.startswith(start)), "")


def _answer(call: Call, handler: Handler | None, known: bool) -> Answer:
    try:
        if handler is None:
            raise errors.Refused("method_not_allowed", "Not with this method.", 405) if known else errors.not_found()
        if call.method in auth.READS or call.url in OPEN_ADDRESSES:
            return handler(call)
        with call.state.transaction("api", f"{call.method} {call.url}"):
            return handler(call)
    except errors.Refused as refused:
        return errors.answer(call.state, refused)
    except (ArithmeticError, RecursionError):
        # 28 digits hold every sum of amounts that a shop has; what a client makes larger or deeper is its own error.
        return errors.answer(call.state, errors.invalid_request("A number is too large, or something nested too deep."))


def service(state: State, faults: Faults) -> Service:
    """The service over a state."""
    make_tables(state)
    values.make_index(state)
    state.listeners.append(Sender(state))
    throttle = auth.Throttle(time.monotonic)

    def guard(call: Call, handler: Handler | None, known: bool) -> Answer:
        if call.url in OPEN_ADDRESSES:
            return _answer(call, handler, known)
        who = auth.caller(call)
        if who is None:
            return auth.unauthorized(state)
        if not auth.allowed(state, who, call.method, _scope(call.url)):
            return auth.forbidden(state)
        return throttle.refused(call) or _answer(call, handler, known)

    return Service("heartland", state, _routes(), guard, faults)
