"""What a draft or a waiting change would do to recent records, and the way of a change: asked for, approved, live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.mapped.recorded import Recorded
from he_sync.mapping.shelf.desk import same_person
from he_sync.mapping.spec.comparing import WAYS, Outcome, differences, outcomes
from he_sync.mapping.spec.trying import tried
from he_sync.web.console import drafts
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.canvas import told
from he_sync.web.console.mapping.room import Room, looked, named, room_of
from he_sync.web.console.render import page

REASONS = 50
WORDS = {
    "created": "created",
    "changed": "changed",
    "unchanged": "unchanged",
    "would_fail": "would fail",
    "left_out": "left out",
}


def changes(request: Request) -> Response:
    """GET /mappings/NAME/changes?way=&of=: the draft, or the change that waits (`of=proposal`), beside the live one."""
    room, name = room_of(request), named(request)
    draft, waits = room.draft(name), room.desk.proposal(name)
    proposal = waits if request.query_params.get("of") == "proposal" else None
    text, live = proposal.text if proposal else draft.text, room.shelf.live(name)
    found, documents = compared(room, name, live, text)
    counts = Counter(one.way for one in found)
    first = next((one for one in ("would_fail", "changed", "created") if counts[one]), "unchanged")
    way = request.query_params.get("way", first)
    seen = looked(text, name)
    values: dict[str, Any] = {
        "which": name,
        "draft": draft,
        "waits": waits,
        "proposal": proposal,
        "live": live,
        "counts": counts,
        "ways": WAYS,
        "words": WORDS,
        "way": way,
        "of": "proposal" if proposal else "draft",
        "rows": [(documents[one.row].entity, one) for one in found if one.way == way and not one.why],
        "reasons": _reasons(found, documents) if way == "would_fail" else [],
        "looked_at": len(documents),
        "diff": differences(live, text) if seen.engine and (not live or looked(live, name).engine) else [],
        "tests": tried(seen.engine) if seen.engine and not seen.wrong else [],
        "wrong": seen.wrong,
        "told_value": told,
        "own": bool(proposal and room.another and same_person(proposal.by, room.who)),
    }
    return page(request, "mapping_changes", f"What {name} would change", **values)


def _reasons(found: Sequence[Outcome], documents: Sequence[Recorded]) -> list[tuple[str, int, str]]:
    """Why records would fail: each reason with how many and the first of them, the most frequent first."""
    counts = Counter(one.why for one in found if one.why)
    firsts = {one.why: documents[one.row].entity for one in reversed(found)}
    return [(why, number, firsts[why]) for why, number in counts.most_common(REASONS)]


def compared(room: Room, name: str, live: str, text: str) -> tuple[list[Outcome], Sequence[Recorded]]:
    """What a text makes of recent records beside the live one; nothing where it cannot be compiled as a whole."""
    seen = looked(text, name)
    if seen.engine is None or seen.wrong:
        return [], []
    documents = room.documents(name, seen.engine.mapping.source.record)
    before = looked(live, name) if live else None
    old = before.engine if before and not before.wrong else None
    return outcomes(old, seen.engine, [one.document for one in documents]), documents


def decide(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/changes: `do` is ask, approve or withdraw."""
    return drafts.decide_change(request, form, room_of(request))
