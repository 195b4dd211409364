"""The mapping as YAML, and its tests: the same draft that the canvas shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from he_sync.mapping.spec.applying import apply
from he_sync.mapping.spec.comparing import flat
from he_sync.mapping.spec.editing import with_test
from he_sync.mapping.spec.trying import tried
from he_sync.model.errors import FixInput
from he_sync.store.canonical import canonical_json
from he_sync.web.console.drafts import write_text
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.offers import ROWS
from he_sync.web.console.mapping.room import looked, named, record_of, room_of
from he_sync.web.console.render import done, page


def text_page(request: Request) -> Response:
    """GET /mappings/NAME/yaml: the page."""
    room, name = room_of(request), named(request)
    draft = room.draft(name)
    return page(
        request, "mapping_text", f"{name} as YAML", which=name, draft=draft, wrong=looked(draft.text, name).wrong
    )


def write(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/yaml: the text as it was typed."""
    name = named(request)
    return write_text(request, form, room_of(request), lambda text: len(looked(text, name).wrong))


def tests(request: Request) -> Response:
    """GET /mappings/NAME/tests: every test with what comes of it."""
    room, name = room_of(request), named(request)
    draft = room.draft(name)
    seen = looked(draft.text, name)
    documents = room.documents(name, seen.engine.mapping.source.record, ROWS) if seen.engine else []
    rows = tried(seen.engine) if seen.engine and not seen.wrong else []
    return page(
        request,
        "mapping_tests",
        f"Tests of {name}",
        which=name,
        draft=draft,
        rows=rows,
        wrong=seen.wrong,
        documents=documents,
        exact=canonical_json,
    )


def add_test(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/tests: a recorded document and what the draft makes of it, as one more test."""
    room, name = room_of(request), named(request)
    seen = looked(room.draft(name).text, name)
    if seen.engine is None or seen.wrong:
        raise FixInput("the draft has things to mend; a test is taken from a mapping that works")
    one = record_of(room.documents(name, seen.engine.mapping.source.record), form.one("record"))
    if one is None:
        raise FixInput("nothing is recorded that a test could be taken from")
    made = apply(seen.engine, [one.document])
    comes: dict[str, object] = {"expect": flat(made.records[0])} if made.records[0] else {"left_out": True}
    if made.failures:
        comes = {"refused": made.failures[0].field}
    test = {"name": form.one("title") or one.entity, "given": one.document, **comes}
    room.desk.edit(name, room.who, form.one("mark"), lambda text: with_test(text, test))
    return done(f"/mappings/{name}/tests", f"{one.entity} is a test of {name} now")
