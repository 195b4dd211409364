"""Entity sets over HTTP: reading with query options, creating, patching, deleting, and the traps of child sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from he_sync.sandbox.epicor import catalog, filters, odata, rows, scratch
from he_sync.sandbox.epicor.bo import BusinessObject, project
from he_sync.sandbox.epicor.catalog import Table
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity, BadQuery, Business, Failed, NotFound
from he_sync.sandbox.epicor.odata import Expand, Query, Shape
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import CHILD_FILTER, COMPOSITE_ROLLBACK, DATE_SUFFIX, POST_UPSERT
from he_sync.sandbox.epicor.where import head_order

KEY = re.compile(r"\s*(?:(\w+)\s*=\s*)?('(?:[^']|'')*'|[^,']+)\s*(?:,|$)")
REFUSED_FILTER = {("InvcDtl", "InvoiceDate")}  # seen to fail, with 400 or 500
ORDERED_CHILD = {("InvcDtl", "SysRowID")}  # the one order on a child set that was seen to work


@dataclass(frozen=True)
class Target:
    """What an address below a service names: a set, perhaps one row, perhaps the children of that row."""

    bo: BusinessObject
    table: Table
    key: str | None = None
    under: str | None = None

    @property
    def shape(self) -> Shape:
        """The type of its rows."""
        return odata.shape(self.table, namespace(self.bo))


def namespace(bo: BusinessObject) -> str:
    """The EDM namespace of a service: Erp or Ice."""
    return bo.name.split(".", 1)[0]


def key_of(table: Table, text: str) -> str:
    """The state's key of `'EPIC06',5001,1` or of `Company='EPIC06',OrderNum=5001,OrderLine=1`. Raises BadQuery."""
    found, place = [], 0
    while place < len(text):
        match = KEY.match(text, place)
        if match is None:
            raise BadQuery(f"The key '{text}' is not in the correct format.")
        found.append((match[1], match[2].strip()))
        place = match.end()
    own = table.odata_names
    names = [own.get(column, column) for column in table.keys]
    if found and all(name is None for name, _ in found):
        found = list(zip(names, (value for _, value in found), strict=False)) if len(found) == len(names) else []
    given = dict(found)
    if sorted(str(name) for name in given) != sorted(names):
        raise BadQuery(f"The number of keys specified in the URI does not match the key properties of '{table.name}'.")
    return catalog.join_key([_key_value(table, column, given[own.get(column, column)]) for column in table.keys])


def _key_value(table: Table, column: str, text: str) -> Any:
    kind, quoted = table.columns[column], text.startswith("'")
    if quoted != (kind == "string"):
        raise BadQuery(f"The key value '{text}' does not fit '{column}' of '{table.name}'.")
    if quoted:
        return text[1:-1].replace("''", "'")
    if kind in {"int32", "int64"} and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    try:
        return rows.typed(table, {column: text})[column]
    except BadEntity as error:
        raise BadQuery(f"The key value '{text}' does not fit '{column}' of '{table.name}'.") from error


# reading


def collection(ctx: Context, target: Target, query: Query) -> tuple[list[Row], int | None]:
    """Rows of a set as they go out, and their count where it was asked for."""
    table = rows.prepare(ctx.state, target.table.name)
    where, params = filters.condition(query.filter, target.shape)
    if rows.hooks(table.name).derived:
        return _derived(ctx, target, query)
    if target.under is not None:
        where, params = _and("parent = ?", [target.under], where, params)
    elif target.bo.is_child(table.name):
        return _window(ctx, target, query)
    order = odata.order(query.orderby, target.shape, head_order(table))
    found = ctx.state.select(table.collection, where, params, order, query.page, query.skip)
    counted = ctx.state.count(table.collection, where, params) if query.count else None
    return shown(ctx, target, [rows.fill(table, one) for one in found], query.select, query.expand), counted


def _and(first: str, some: list[Any], second: str, others: list[Any]) -> tuple[str, list[Any]]:
    return (f"{first} AND ({second})" if second else first), [*some, *others]


def _window(ctx: Context, target: Target, query: Query) -> tuple[list[Row], int | None]:
    """A child set: the filter sees only children of the first `$top` parents, and an order is a failure."""
    _check_child(ctx, target, query)
    root = catalog.table(target.bo.root)
    above = [root.key_of(row) for row in _heads(ctx, target, query)]
    for name in _path(target.bo, target.table.name):
        table = rows.prepare(ctx.state, name)
        below = ctx.state.children(table.collection, above)
        above = [table.key_of(row) for parent in above for row in below[parent]]
    found = _kept(ctx, target, above, query.filter)
    return shown(ctx, target, found, query.select, query.expand), len(found) if query.count else None


def _check_child(ctx: Context, target: Target, query: Query) -> None:
    """What a child set cannot be asked: an order, a filter on some columns; by switch any that its root has not."""
    ordered = (target.table.name, next(iter(query.orderby.split()), ""))
    if query.orderby.strip() and ordered not in ORDERED_CHILD:
        raise Failed
    if any(name == target.table.name and column in query.filter for name, column in REFUSED_FILTER):
        raise Failed
    if CHILD_FILTER.read(ctx.state) == "parent":
        filters.condition(query.filter, odata.shape(catalog.table(target.bo.root), namespace(target.bo)))


def _heads(ctx: Context, target: Target, query: Query) -> list[Row]:
    """The root rows of the window."""
    root = catalog.table(target.bo.root)
    found = ctx.state.select(root.collection, order=head_order(root), limit=query.page, offset=query.skip)
    return [rows.fill(root, one) for one in found]


def _derived(ctx: Context, target: Target, query: Query) -> tuple[list[Row], int | None]:
    """The same for rows that are nowhere stored: below one row, or below the window's."""
    if target.under is None:
        _check_child(ctx, target, query)
        heads = _heads(ctx, target, query)
    else:
        above = rows.by_key(ctx, catalog.table(target.table.parent or ""), target.under)
        heads = [above] if above else []
    found = list(chain.from_iterable(rows.families(ctx, target.table.name, heads)))
    where, params = filters.condition(query.filter, target.shape)
    chosen = scratch.chosen(found, where, params, odata.order(query.orderby, target.shape, "key"))
    return shown(ctx, target, chosen, query.select, query.expand), len(chosen) if query.count else None


def _path(bo: BusinessObject, name: str) -> list[str]:
    """Tables from below the root down to the child."""
    parent = catalog.table(name).parent
    return [name] if parent in {None, bo.root} else [*_path(bo, str(parent)), name]


def _kept(ctx: Context, target: Target, keys: Sequence[str], text: str) -> list[Row]:
    where, params = filters.condition(text, target.shape)
    found: list[Row] = []
    for start in range(0, len(keys), 500):
        some = list(keys[start : start + 500])
        sql, values = _and(f"key IN ({','.join('?' * len(some))})", some, where, params)
        found += [rows.fill(target.table, one) for one in ctx.state.select(target.table.collection, sql, values)]
    return rows.sort(found, target.table)


def entity(ctx: Context, target: Target, query: Query) -> Row:
    """One row by its key. Raises NotFound."""
    row = _row(ctx, target)
    if row is None:
        raise NotFound("Record not found.", table=target.table.name)
    return shown(ctx, target, [row], query.select, query.expand)[0]


def _row(ctx: Context, target: Target) -> Row | None:
    table, key = target.table, target.key or ""
    if not rows.hooks(table.name).derived or table.parent is None:
        return rows.by_key(ctx, table, key)
    parent = catalog.table(table.parent)
    above = rows.by_key(ctx, parent, "~".join(key.split("~")[: len(parent.keys)]))
    return (
        next((row for row in rows.children(ctx, table.name, above) if table.key_of(row) == key), None)
        if above
        else None
    )


def listed(ctx: Context, bo: BusinessObject, query: Query) -> tuple[list[Row], int | None]:
    """The List projection: roots with the columns of GetList."""
    table = catalog.table(bo.list_table or bo.root)
    of = odata.shape(table, namespace(bo))
    root = rows.prepare(ctx.state, bo.root)
    where, params = filters.condition(query.filter, of)
    order = odata.order(query.orderby, of, head_order(root))
    found = ctx.state.select(root.collection, where, params, order, query.page, query.skip)
    out = odata.wire(of, query.select, DATE_SUFFIX.read(ctx.state))
    counted = ctx.state.count(root.collection, where, params) if query.count else None
    return [out(project(bo, rows.fill(root, one))) for one in found], counted


def shown(
    ctx: Context, target: Target, found: list[Row], select: tuple[str, ...], expand: tuple[Expand, ...]
) -> list[Row]:
    """Rows as OData shows them: properties selected, calculated columns zero, children expanded."""
    defaults, table = target.table.defaults(), target.table
    for row in found:
        row.update({column: defaults[column] for column in table.calculated})
    out = odata.wire(target.shape, select, DATE_SUFFIX.read(ctx.state))
    answer = [out(row) for row in found]
    for nav in expand:
        _expand(ctx, target, nav, found, answer)
    return answer


def _expand(ctx: Context, target: Target, nav: Expand, found: list[Row], answer: list[Row]) -> None:
    known = target.bo.children_of(target.table.name)
    if nav.name not in known:
        raise BadQuery(f"Could not find a property named '{nav.name}' on type '{target.shape.name}'.")
    below = Target(target.bo, rows.prepare(ctx.state, known[nav.name]))
    children = rows.families(ctx, below.table.name, found)
    wired = iter(shown(ctx, below, list(chain.from_iterable(children)), nav.select, nav.expand))
    for row, own in zip(answer, children, strict=True):
        row[nav.name] = list(islice(wired, len(own)))


# writing


def create(ctx: Context, target: Target, body: Any) -> Row:
    """POST: the row and everything nested in it, all or nothing; the header alone comes back."""
    whole = ctx.transaction() if COMPOSITE_ROLLBACK.read(ctx.state) == "yes" else nullcontext()
    with whole:
        above = _parent_keys(ctx, target)
        values, nested = _parts(target, body)
        stored = (
            rows.insert(ctx, target.table.name, {**values, **above})
            if not _known(ctx, target, values)
            else _upsert(ctx, target, values)
        )
        _nested(ctx, target, [stored], [nested])
        ctx.settle()
        document = ctx.state.get(target.table.collection, target.table.key_of(stored)) or {}
    return shown(ctx, target, [rows.fill(target.table, document)], (), ())[0]


def _known(ctx: Context, target: Target, values: Row) -> bool:
    if POST_UPSERT.read(ctx.state) == "no" or not all(
        values.get(column) for column in target.table.keys if column != "Company"
    ):
        return False
    return ctx.state.get(target.table.collection, target.table.key_of({"Company": ctx.company, **values})) is not None


def _upsert(ctx: Context, target: Target, values: Row) -> Row:
    return rows.put(ctx, target.table.name, values)


def _parent_keys(ctx: Context, target: Target) -> Row:
    """Key columns that the address above a nested set gives."""
    if target.under is None or target.table.parent is None:
        return {}
    parent = catalog.table(target.table.parent)
    document = ctx.state.get(parent.collection, target.under)
    if document is None:
        raise Business(f"{parent.name} not available", table=parent.name)
    return {own: document[key] for own, key in zip(target.table.parent_columns, parent.keys, strict=True)}


def _parts(target: Target, body: Any) -> tuple[Row, dict[str, list[Any]]]:
    """Column values of a body by column name, and the arrays nested in it. Raises BadEntity."""
    if not isinstance(body, dict):
        raise BadEntity
    known, properties = target.bo.children_of(target.table.name), target.shape.columns
    nested = {name: value for name, value in body.items() if name in known}
    given = {
        name: value
        for name, value in body.items()
        if name not in known and not name.startswith("@") and name != "RowMod"
    }
    if given.keys() - properties.keys() or not all(isinstance(value, list) for value in nested.values()):
        raise BadEntity
    return rows.typed(target.table, {properties[name][0]: value for name, value in given.items()}), nested


def _nested(ctx: Context, target: Target, parents: list[Row], arrays: list[dict[str, list[Any]]]) -> None:
    """Children level by level, so that the order's lines are all there before anything below a line is."""
    for name, child in target.bo.children_of(target.table.name).items():
        below = Target(target.bo, catalog.table(child))
        stored, deeper = [], []
        for place, one in enumerate(arrays):
            choose = rows.hooks(child).nested_under
            for index, body in enumerate(one.get(name, [])):
                parent = choose(ctx, parents, place) if choose else parents[place]
                values, more = _parts(below, body)
                stored.append(_child(ctx, below.table, parent, values, index))
                deeper.append(more)
        if stored:
            _nested(ctx, below, stored, deeper)


def _child(ctx: Context, table: Table, parent: Row, values: Row, index: int) -> Row:
    """A nested row: its parent's keys, and its number by its place in the array whatever the body says.

    The release that a line makes for itself is there already: the first nested one changes it.
    """
    keys = dict(zip(table.parent_columns, (parent[key] for key in catalog.table(table.parent or "").keys), strict=True))
    counted = rows.hooks(table.name).numbers
    if counted is not None and not rows.hooks(table.name).nested_under:
        keys[counted[0]] = counted[1] + index
        return rows.put(ctx, table.name, {**values, **keys})
    return rows.insert(ctx, table.name, {**values, **keys})


def patch(ctx: Context, target: Target, body: Any) -> None:
    """PATCH: last writer wins; an absent row is a business error; a locked row takes it and stores nothing."""
    values, nested = _parts(target, body)
    if nested:
        raise BadEntity
    with ctx.transaction():
        before = _stored(ctx, target)
        lock = rows.hooks(target.table.name).locked
        if lock is None or not lock(ctx, before):
            rows.update(ctx, target.table.name, before, values)


def remove(ctx: Context, target: Target) -> None:
    """DELETE."""
    with ctx.transaction():
        rows.delete(ctx, target.table.name, _stored(ctx, target))


def _stored(ctx: Context, target: Target) -> Row:
    name = target.table.name
    document = ctx.state.get(target.table.collection, target.key or "")
    if document is None:
        raise Business(f"{name} not available", table=name, method="ThrowUpdateExtException")
    return rows.fill(target.table, document)
