"""POST, PUT and DELETE of table-driven resources. What is special about one of them is in its `Rules`.

A write runs in one transaction: read the body, check it, let the rules prepare the document, store it, let the rules
settle what follows (lines, totals, stock). Anything refused on the way leaves nothing behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from he_sync.sandbox.heartland import fields, switches
from he_sync.sandbox.heartland.errors import Refused, not_found, validation_error
from he_sync.sandbox.heartland.lists import key_of
from he_sync.sandbox.heartland.resources import RESOURCES, Resource, blank
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Document, Key, State

NOT_WRITTEN = frozenset({"id", "updated_at", "uuid"})
KEYS_SENT = "heartland/idempotency_keys"


@dataclass(frozen=True)
class Write:
    """One write as its rules see it. `document` is what will be stored and may be changed; `asked` is the body."""

    state: State
    resource: Resource
    key: Key
    owner: Key | None
    before: Document | None
    document: Document
    asked: Document

    def turns(self, name: str, value: Any) -> bool:
        """Whether this write makes a field become a value it did not have."""
        return bool(self.document.get(name) == value and (self.before or {}).get(name) != value)


def nothing(_: Write) -> None:
    """No rule."""


def next_key(state: State, resource: Resource) -> Key:
    """The next id of a resource of its own."""
    return state.next_id(resource.store)


@dataclass(frozen=True)
class Rules:
    """What a resource does beside being stored. `nested` are body keys that hold documents of their own."""

    prepare: Callable[[Write], None] = nothing
    settle: Callable[[Write], None] = nothing
    remove: Callable[[Write], None] = nothing
    next_key: Callable[[State, Resource], Key] = next_key
    nested: tuple[str, ...] = ()
    address: Callable[[Write], str] = field(default=lambda write: str(write.key))


def body_of(call: Call) -> Document:
    """The body as an object. Raises Refused when it is none."""
    try:
        body = call.json()
    except ValueError as error:
        raise Refused("invalid_request", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused("invalid_request", "The body is not a JSON object.")
    return body


def changes(
    state: State, resource: Resource, asked: Document, nested: tuple[str, ...] = ()
) -> tuple[Document, Document]:
    """The written fields and custom values of a body, in stored types. Raises a validation error by field."""
    found: Document = {}
    custom: Document = {}
    wrong: dict[str, str] = {}
    for name, value in asked.items():
        if name.startswith("custom@"):
            custom[name.removeprefix("custom@")] = value
        elif name == "custom" and "custom" in resource.fields and isinstance(value, dict):
            custom |= value
        elif (stored := resource.name(name)) in resource.fields and stored not in NOT_WRITTEN:
            try:
                found[stored] = fields.stored(stored, value)
            except ValueError as error:
                wrong[name] = str(error)
        elif name not in NOT_WRITTEN and name not in nested and switches.UNKNOWN_FIELDS.read(state) == "refused":
            wrong[name] = "is not a field"
    if wrong:
        raise validation_error(wrong)
    return found, custom if "custom" in resource.fields else {}


def check_references(state: State, resource: Resource, found: Document) -> None:
    """Every id that was written names a row."""
    wrong = {
        name: "does not exist"
        for name, path in resource.references.items()
        if found.get(name) is not None and state.get(RESOURCES[path].store, found[name]) is None
    }
    if wrong:
        raise validation_error(wrong)


def _check_required(state: State, resource: Resource, document: Document) -> None:
    wrong = {name: "can't be blank" for name in resource.required if document.get(name) in (None, "", [])}
    if resource.custom_group:
        where = "json_extract(doc, '$.group_id') = ? AND json_extract(doc, '$.required') = 1"
        for one in state.select("heartland/custom_fields", where, (resource.custom_group,)):
            if document.get("custom", {}).get(one["key"]) in (None, ""):
                wrong[f"custom@{one['key']}"] = "can't be blank"
    if wrong:
        raise validation_error(wrong)


def fresh(state: State, resource: Resource, key: Key) -> Document:
    """A new document with every field of its resource."""
    now = fields.stamp(state)
    document = blank(resource, key) | {"id": key, "created_at": now, "updated_at": now}
    return document | ({"uuid": str(uuid.uuid4())} if "uuid" in resource.fields else {})


def insert(state: State, resource: Resource, rules: Rules, owner: Key | None, asked: Document) -> Write:
    """Store a new document by its rules."""
    found, custom = changes(state, resource, asked, rules.nested)
    check_references(state, resource, found)
    key = rules.next_key(state, resource)
    document = fresh(state, resource, key) | {name: value for name, value in found.items() if value is not None}
    if custom:
        document["custom"] = custom
    write = Write(state, resource, key, owner, None, document, asked)
    rules.prepare(write)
    _check_required(state, resource, document)
    state.put(resource.store, key, document, owner)
    rules.settle(write)
    return write


def replace(  # noqa: PLR0913, PLR0917 - an address, its body and its rules
    state: State, resource: Resource, rules: Rules, key: Key, owner: Key | None, asked: Document
) -> Write:
    """Store the sent fields of an existing document by its rules."""
    before = existing(state, resource, key, owner)
    found, custom = changes(state, resource, asked, rules.nested)
    found.pop("created_at", None)
    check_references(state, resource, found)
    blank = {name: "can't be blank" for name in resource.required if name in found and found[name] is None}
    if blank:
        raise validation_error(blank)
    document = {**before, **found, "updated_at": fields.stamp(state)}
    if custom:
        document["custom"] = {**(before.get("custom") or {}), **custom}
    write = Write(state, resource, key, owner, before, document, asked)
    rules.prepare(write)
    state.put(resource.store, key, document)
    rules.settle(write)
    return write


def existing(state: State, resource: Resource, key: Key, owner: Key | None) -> Document:
    """A stored document, under its owner where it has one. 404 otherwise."""
    where, params = ("key = ?", [key]) if owner is None else ("key = ? AND parent = ?", [key, owner])
    found = state.select(resource.store, where, params)
    if not found:
        raise not_found()
    return found[0]


def owner_of(call: Call, resource: Resource) -> Key | None:
    """The parent of a sub-resource as the address names it, every link of the chain there."""
    parts = resource.path.split(".")
    key: Key | None = None
    for depth in range(1, len(parts)):
        found = key_of(call.path[f"owner{depth}"])
        existing(call.state, RESOURCES[".".join(parts[:depth])], found, key)
        key = found
    return key


def create(call: Call, resource: Resource, rules: Rules) -> Answer:
    """POST: 201, empty body, Location."""
    if location := _answered_before(call):
        return Answer(201, None, {"location": location})
    write = insert(call.state, resource, rules, owner_of(call, resource), body_of(call))
    location = f"{call.url.rstrip('/')}/{quote(rules.address(write), safe='')}"
    if switches.LOCATION_HEADER.read(call.state) == "absolute":
        location = f"http://{call.headers.get('host', 'localhost')}{location}"
    _remember(call, location)
    return Answer(201, None, {"location": location})


def update(call: Call, resource: Resource, rules: Rules) -> Answer:
    """PUT: only the sent fields change, empty body."""
    replace(call.state, resource, rules, key_of(call.path["id"]), owner_of(call, resource), body_of(call))
    return done(call.state)


def delete(call: Call, resource: Resource, rules: Rules) -> Answer:
    """DELETE of a row and of what hangs below it."""
    key, owner = key_of(call.path["id"]), owner_of(call, resource)
    before = existing(call.state, resource, key, owner)
    rules.remove(Write(call.state, resource, key, owner, before, before, {}))
    for child in RESOURCES.values():
        if (
            not child.table
            and child.path.startswith(f"{resource.path}.")
            and child.path.count(".") == resource.path.count(".") + 1
        ):
            for row in call.state.select(child.store, "parent = ?", (key,)):
                call.state.delete(child.store, row["id"])
    call.state.delete(resource.store, key)
    rules.settle(Write(call.state, resource, key, owner, before, before, {}))
    return done(call.state)


def done(state: State) -> Answer:
    """The empty 2xx of PUT and DELETE."""
    return Answer(int(switches.WRITE_STATUS.read(state)))


def _idempotency(call: Call) -> str:
    key = call.headers.get("idempotency-key", "")
    return f"{call.url} {key}" if key and switches.IDEMPOTENCY.read(call.state) == "replayed" else ""


def _answered_before(call: Call) -> str:
    key = _idempotency(call)
    found: Mapping[str, Any] = (call.state.get(KEYS_SENT, key) or {}) if key else {}
    return str(found.get("location", ""))


def _remember(call: Call, location: str) -> None:
    if key := _idempotency(call):
        call.state.put(KEYS_SENT, key, {"location": location})
