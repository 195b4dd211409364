"""The sandbox's own port: faults, clock, switches, the oracle ledger, the request log, and letting days happen.

| request | what |
|---|---|
| GET /healthz | liveness |
| GET, PUT /faults | the fault plan, a list of rules (see faults.py) |
| GET, PUT /clock | `{"frozen": "...Z"}`, `{"offset": seconds}` or `{}` for the wall clock |
| GET, PUT /switches | every switch with value, default and reason; `{"name": "value"}` sets some |
| GET /oracle?collection=&origin=&after= | what was ever committed, oldest first |
| GET /requests?system= | the last 20,000 requests |
| POST /world/day | `{"date": "2026-11-20"}`: that business day happens in all three systems |
| GET /world | size, seed, days that happened, addresses, the retailer's profile |
"""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from he_sync.sandbox import world
from he_sync.sandbox.epicor.switches import SWITCHES as EPICOR
from he_sync.sandbox.faults import Fault, Faults
from he_sync.sandbox.heartland.switches import SWITCHES as HEARTLAND
from he_sync.sandbox.http import Answer, Call, Handler, Routes, Service
from he_sync.sandbox.processor.switches import SWITCHES as PROCESSOR
from he_sync.sandbox.state import State

SWITCHES = (*HEARTLAND, *PROCESSOR, *EPICOR)


def _guard(call: Call, handler: Handler | None, known: bool) -> Answer:
    if handler is None:
        return Answer(405 if known else 404, {"error": "no such admin address"})
    try:
        return handler(call)
    except (ValueError, TypeError, KeyError, OverflowError, re.error) as error:
        return Answer(400, {"error": str(error)})


def _object(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one kind of complaint
    return body


def _clock(call: Call) -> Answer:
    if call.method == "PUT":
        asked = _object(call)
        frozen, offset = asked.get("frozen", ""), float(asked.get("offset", 0))
        if frozen and datetime.fromisoformat(frozen).tzinfo is None:
            raise ValueError("frozen is a time with its offset, such as 2026-11-20T18:04:05Z")
        datetime.now(UTC) + timedelta(seconds=offset)  # raises for a time beyond the calendar
        with call.state.transaction("admin"):
            call.state.set_setting("clock.frozen", frozen)
            call.state.set_setting("clock.offset", str(offset))
    return Answer(200, {"now": call.state.now().isoformat()})


def _switches(call: Call) -> Answer:
    by_name = {switch.name: switch for switch in SWITCHES}
    if call.method == "PUT":
        with call.state.transaction("admin"):
            for name, value in _object(call).items():
                if name not in by_name:
                    raise ValueError(f"no switch is called {name!r}")
                by_name[name].set(call.state, value)
    return Answer(200, [{**asdict(switch), "value": switch.read(call.state)} for switch in SWITCHES])


def _oracle(call: Call) -> Answer:
    asked = call.params()
    where, params = ["seq > ?"], [asked.get("after", "0")]
    for name in ("collection", "origin"):
        if name in asked:
            where.append(f"{name} = ?")
            params.append(asked[name])
    return Answer(200, call.state.oracle(" AND ".join(where), params))


def _happen(call: Call) -> Answer:
    return Answer(200, world.happen(call.state, date.fromisoformat(_object(call)["date"])))


def service(state: State, faults: Faults, services: dict[str, Service]) -> Service:
    """The admin service over a state and the three stand-ins."""

    def plan(call: Call) -> Answer:
        if call.method == "PUT":
            faults.set([Fault(**rule) for rule in call.json()])
        return Answer(200, [asdict(rule) for rule in faults.rules()])

    def requests(call: Call) -> Answer:
        system = call.params().get("system")
        asked = [one for name, one in services.items() if system in {None, name}]
        return Answer(200, [asdict(seen) for one in asked for seen in list(one.seen)])

    routes = Routes()
    routes.add("GET", "/healthz", lambda _: Answer(200, {"status": "ok"}))
    routes.add("GET PUT", "/faults", plan)
    routes.add("GET PUT", "/clock", _clock)
    routes.add("GET PUT", "/switches", _switches)
    routes.add("GET", "/oracle", _oracle)
    routes.add("GET", "/requests", requests)
    routes.add("POST", "/world/day", _happen)
    routes.add("GET", "/world", lambda call: Answer(200, world.describe(call.state)))
    return Service("admin", state, routes, _guard, Faults(state))
