"""What a draft or a waiting change says otherwise, and the way of a change: asked for, approved, live."""

from __future__ import annotations

import difflib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.design.checking import checked
from he_sync.flows.design.craft import beside, differences, others
from he_sync.flows.design.editing import parts_of
from he_sync.flows.design.outline import inner
from he_sync.mapping.shelf.desk import same_person
from he_sync.model.errors import FixInput
from he_sync.store import board
from he_sync.web.console import drafts
from he_sync.web.console.drafts import named
from he_sync.web.console.flows.figures import ORDERS, over_limit
from he_sync.web.console.flows.room import Room, room_of
from he_sync.web.console.forms import Form
from he_sync.web.console.render import page

LOOKED_AT = 200
"""Sales orders on which a changed limit is tried."""


def changes(request: Request) -> Response:
    """GET /flows/NAME/changes?of=: the draft, or the change that waits (`of=proposal`), beside the live one."""
    room, name = room_of(request), named(request)
    draft, waits = room.draft(name), room.desk.proposal(name)
    proposal = waits if request.query_params.get("of") == "proposal" else None
    text, live = proposal.text if proposal else draft.text, room.shelf.live(name)
    seen = checked(text, name)
    values: dict[str, Any] = {
        **room.common(name),
        "draft": draft,
        "waits": waits,
        "proposal": proposal,
        "own": bool(proposal) and room.another and same_person(proposal.by, room.who) if proposal else False,
        "wrong": seen.wrong,
        "diff": _parts(live, text),
        "lines": _lines(live, text),
        "asked": _asked(room, live, text),
        "beside": beside(seen.flow, others(room.shelf.folder, name)) if seen.flow else [],
    }
    return page(request, "flow_changes", f"What would change of {name}", **values)


def _parts(live: str, text: str) -> list[Any] | None:
    """None where one of both cannot be read."""
    try:
        return differences(live, text)
    except FixInput:
        return None


def _lines(live: str, text: str) -> list[str]:
    """What differs in the file, line by line."""
    return list(difflib.unified_diff(live.splitlines(), text.splitlines(), lineterm="", n=1))[2:]


def _asked(room: Room, live: str, text: str) -> tuple[int, int, int] | None:
    """Of the newest sales orders: how many there are, how many were asked about by the live limit, and by the new."""
    try:
        before, after = parts_of(live) if live else {}, parts_of(text)
    except FixInput:
        return None
    if inner(after, "map").get("to") != "sales_order":
        return None
    amounts, currency = board.newest_amounts(room.place.look, ORDERS, LOOKED_AT), room.place.retailer().currency
    return (
        (len(amounts), over_limit(amounts, before, currency), over_limit(amounts, after, currency)) if amounts else None
    )


def decide(request: Request, form: Form) -> Response:
    """POST /flows/NAME/changes: `do` is ask, approve or withdraw."""
    return drafts.decide_change(request, form, room_of(request))
