"""GET: lists and single rows of every table-driven resource."""

from __future__ import annotations

from he_sync.sandbox.heartland import filters, query
from he_sync.sandbox.heartland.errors import Refused, not_found
from he_sync.sandbox.heartland.query import ListRequest, repeated
from he_sync.sandbox.heartland.reader import Reader, reading
from he_sync.sandbox.heartland.resources import RESOURCES, Resource
from he_sync.sandbox.heartland.rows import PAGE_TYPE, Row, dressed, envelope, sparse
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Key

NO_ROW = -1


def key_of(text: str) -> Key:
    """An integer key from an address; anything else finds nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("9223372036854775807") else NO_ROW


def owner_key(call: Call, reader: Reader, resource: Resource) -> Key | None:
    """The parent of a sub-resource, None for a top one. 404 when a link of the chain is missing."""
    parts = resource.path.split(".")
    key: Key | None = None
    for depth in range(1, len(parts)):
        owner = RESOURCES[".".join(parts[:depth])]
        found = key_of(call.path[f"owner{depth}"])
        if reader.one(owner.store, found, key) is None:
            raise not_found()
        key = found
    return key


def listing(call: Call, resource: Resource, also: filters.Where = filters.EVERYTHING) -> Answer:
    """One page of rows: `{"total", "pages", "results"}`; `also` narrows them further."""
    request = query.parse(call)
    with reading(call) as reader:
        where = filters.joined([filters.Compiler(resource, call.state).where(request), also], "AND")
        if (owner := owner_key(call, reader, resource)) is not None:
            where = filters.joined([filters.Where("parent = ?", (owner,)), where], "AND")
        if filters.wide_range(resource, request, call.state):
            raise Refused("internal_server_error", "Something went wrong.", 500)
        total, rows = _page(reader, resource, request, where, filters.order(resource, request, call.state))
        rows = dressed(call.state, reader, resource, rows, request.includes)
    texts = [row.text for row in sparse(rows, request.only, request.includes)]
    return Answer(200, envelope(total, request.per_page, texts), PAGE_TYPE)


def _page(
    reader: Reader, resource: Resource, request: ListRequest, where: filters.Where, order: str
) -> tuple[int, list[Row]]:
    source = reader.source(resource.store)
    total = reader.rows(f"SELECT count(*) FROM {source} {where.clause}", where.params)[0][0]  # noqa: S608 - checked names
    limit, offset = request.per_page or -1, (request.page - 1) * request.per_page
    sql = f"SELECT key, doc FROM {source} {where.clause} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - checked names
    return total, [Row(key, text) for key, text in reader.rows(sql, (*where.params, limit, offset))]


def single(call: Call, resource: Resource, key: Key | None = None) -> Answer:
    """One row by its address, or by a key found otherwise."""
    wanted = repeated(call.query, "_include")
    with reading(call) as reader:
        owner = owner_key(call, reader, resource)
        found = key_of(call.path["id"]) if key is None else key
        text = reader.one(resource.store, found, owner)
        if text is None:
            raise not_found()
        rows = dressed(call.state, reader, resource, [Row(found, text)], wanted)
    return Answer(200, sparse(rows, repeated(call.query, "_only"), wanted)[0].text.encode(), PAGE_TYPE)
