"""The frame of a business object: its sets, its methods, and the generic ones that every business object has.

A plain business object is one `register(BusinessObject(...))`. What a method gets is the request's arguments by name;
what it returns is the body: `answer(dataset, morePages=False)` is `{"returnObj": dataset, "parameters": {...}}`.
Behaviour of rows is no matter of methods: it stands in the tables' hooks (rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from he_sync.sandbox.epicor import catalog, rows
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity, Business, KineticError, NotFound
from he_sync.sandbox.epicor.paging import Page, number
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.switches import MORE_PAGE, UPDATE_COLUMNS
from he_sync.sandbox.epicor.where import clause, syntax

Method = Callable[[Context, Row], Row]
Dataset = dict[str, Any]
READING = ("getbyid", "getlist", "getrows", "getbysysrowid", "getbysysrowids", "getnewparameters")


@dataclass(frozen=True)
class BusinessObject:
    """One service. `sets` is entity set to table, the root's set first; `hooks` is table to behaviour.

    `list_table` is the catalogue's projection of GetList (the root itself without one). `extra` are tables of the
    dataset without an entity set (the parameter tables of processes have no root row in the state: `root` is then "").
    """

    name: str
    sets: dict[str, str] = field(default_factory=dict)
    root: str = ""
    methods: dict[str, Method] = field(default_factory=dict)
    hooks: dict[str, Hooks] = field(default_factory=dict)
    list_table: str = ""
    extra: tuple[str, ...] = ()

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Tables of the dataset, the root first."""
        return tuple(dict.fromkeys([*([self.root] if self.root else []), *self.sets.values(), *self.extra]))

    @cached_property
    def by_lower(self) -> dict[str, Method]:
        """Every method, generic ones included, by lower-case name: the wire does not mind the case."""
        return {name.lower(): method for name, method in {**generic(self), **self.methods}.items()}

    def is_child(self, table: str) -> bool:
        """Whether the table hangs below the root, so that its set has the child sets' traps."""
        parent = catalog.table(table).parent
        return table != self.root and parent is not None and (parent == self.root or self.is_child(parent))

    def set_of(self, table: str) -> str:
        """The entity set that shows a table."""
        return next(name for name, shown in self.sets.items() if shown == table)

    def children_of(self, table: str) -> dict[str, str]:
        """Navigation properties of a table: set to child table."""
        return {name: child for name, child in self.sets.items() if catalog.table(child).parent == table}


REGISTRY: dict[str, BusinessObject] = {}


def register(bo: BusinessObject) -> BusinessObject:
    """Make a business object known by its name (any case), and its hooks by their tables."""
    REGISTRY[bo.name.lower()] = bo
    rows.HOOKS.update(bo.hooks)
    return bo


def answer(returned: Any = None, **parameters: Any) -> Row:
    """A method's body: the return value as `returnObj`, ref and out parameters below `parameters`."""
    body: Row = {} if returned is None else {"returnObj": returned}
    return {**body, "parameters": parameters} if parameters else body


def dataset_in(args: Row) -> Dataset:
    """The `ds` that came in, every table a list of rows of its own. Raises BadEntity."""
    ds = args.get("ds") or {}
    if not isinstance(ds, dict):
        raise BadEntity
    return {name: _rows_in(found) for name, found in ds.items()}


def _rows_in(found: Any) -> list[Row]:
    rows_in = [] if found is None else found
    if not isinstance(rows_in, list) or not all(isinstance(row, dict) for row in rows_in):
        raise BadEntity
    if not all(isinstance(row.get("RowMod", ""), str | None) for row in rows_in):
        raise BadEntity
    return [dict(row) for row in rows_in]


def argument(args: Row, name: str, default: Any = None) -> Any:
    """An argument by its name in any case; numbers of a query string come as text."""
    found = {key.lower(): value for key, value in args.items()}.get(name.lower(), default)
    if found is None:
        raise Business(f"Parameter {name} is not found in the input object")
    return found


# reading


def dataset(ctx: Context, bo: BusinessObject, *roots: Row) -> Dataset:
    """The roots with everything below them, one array a table, calculated columns right."""
    found: Dataset = {name: [] for name in bo.tables}
    found[bo.root] = list(roots)
    for name in bo.tables:
        parent = catalog.table(name).parent
        if bo.is_child(name) and parent is not None:
            found[name] = [row for above in found[parent] for row in rows.children(ctx, name, above)]
    for name, some in found.items():
        rows.calculated(ctx, name, some)
    return {**found, "ExtensionTables": []}


def by_key(ctx: Context, bo: BusinessObject, args: Row) -> Row:
    """The root row that the arguments name by its key columns (orderNum, custNum, key1...). Raises NotFound."""
    table = catalog.table(bo.root)
    keys = [_key(table.columns[column], argument(args, column)) for column in table.keys if column != "Company"]
    row = rows.read(ctx, bo.root, *keys)
    if row is None:
        raise NotFound("Record not found.", table=bo.root, method="GetByID")
    return row


def _key(kind: str, value: Any) -> Any:
    if kind in {"int32", "int64"}:
        return number(value)
    if isinstance(value, dict | list):
        raise BadEntity
    return value


def get_by_id(bo: BusinessObject) -> Method:
    """GetByID(keys) -> the dataset."""
    return lambda ctx, args: answer(dataset(ctx, bo, by_key(ctx, bo, args)))


def get_rows(bo: BusinessObject) -> Method:
    """GetRows(whereClause<Root>, pageSize, absolutePage) -> datasets of the roots found."""

    def method(ctx: Context, args: Row) -> Row:
        found, more = _page(ctx, bo, str(args.get(f"whereClause{bo.root}") or args.get("whereClause") or ""), args)
        return _paged(ctx, dataset(ctx, bo, *found), more)

    return method


def get_list(bo: BusinessObject) -> Method:
    """GetList(whereClause, pageSize, absolutePage) -> the list projection."""

    def method(ctx: Context, args: Row) -> Row:
        found, more = _page(ctx, bo, str(args.get("whereClause") or ""), args)
        return _paged(ctx, {f"{bo.root}List": [project(bo, row) for row in found]}, more)

    return method


def project(bo: BusinessObject, row: Row) -> Row:
    """A root row as GetList shows it."""
    return {name: row.get(name, value) for name, value in catalog.table(bo.list_table or bo.root).defaults().items()}


def _page(ctx: Context, bo: BusinessObject, where: str, args: Row) -> tuple[list[Row], bool]:
    """One page of roots, and whether more follow."""
    table = rows.prepare(ctx.state, bo.root)
    page = Page.asked(ctx, args)
    sql, params, order = clause(table, where)
    with syntax():
        found = ctx.state.select(table.collection, sql, params, order, page.limit, page.offset)
    return [rows.fill(table, one) for one in page.cut(found)], page.more(found)


def _paged(ctx: Context, ds: Dataset, more: bool) -> Row:
    twin = {"morePage": more} if MORE_PAGE.read(ctx.state) == "yes" else {}
    return answer(ds, morePages=more, **twin)


def _by_row_id(bo: BusinessObject, several: bool) -> Method:
    def method(ctx: Context, args: Row) -> Row:
        asked = str(argument(args, "ids" if several else "id")).split(",")
        found = [row for one in asked for row in rows.find(ctx, bo.root, SysRowID=one.strip().lower())]
        if not found and not several:
            raise NotFound("Record not found.", table=bo.root, method="GetBySysRowID")
        return answer(dataset(ctx, bo, *found))

    return method


# writing


def get_new(name: str) -> Method:
    """GetNew<Table>(ds, parent's keys) -> ds with one more row, RowMod A."""
    table = catalog.table(name)
    inherited = table.keys[:-1]

    def method(ctx: Context, args: Row) -> Row:
        ds = dataset_in(args)
        given = {
            column: _key(table.columns[column], argument(args, column, ""))
            for column in inherited
            if column != "Company"
        }
        ds.setdefault(name, []).append(
            rows.new(ctx, name, **{column: value for column, value in given.items() if value != ""})
        )
        return answer(ds=ds)

    return method


def changes(bo: BusinessObject, ds: Dataset) -> Iterator[tuple[str, Row]]:
    """Rows of a dataset that ask for something, parents first; known columns only."""
    for name in bo.tables:
        table = catalog.table(name)
        for row in ds.get(name) or []:
            if row.get("RowMod") in {"A", "U", "D"}:
                yield name, {column: value for column, value in row.items() if column in table.columns}


def apply(ctx: Context, name: str, given: Row, *, full: bool = False) -> Row | None:
    """Do what one dataset row asks for by its RowMod and return the stored row (None when deleted).

    `full` wants every column of a changed row, as Update does. Raises Business, Conflict, Duplicate, BadEntity.
    """
    table = catalog.table(name)
    mode, values = (
        given.get("RowMod"),
        rows.typed(table, {key: value for key, value in given.items() if key != "RowMod"}),
    )
    if mode == "A":
        return rows.insert(ctx, name, values)
    if full and (missing := [column for column in table.columns if column not in given]):
        raise Business(f"Column '{missing[0]}' does not belong to table {name}.", table=name, field=missing[0])
    keys = {**table.defaults(), "Company": ctx.company, **values}
    stored = ctx.state.get(table.collection, table.key_of(keys))
    if stored is None:
        raise Business(f"{name} not available", table=name)
    before = rows.fill(table, stored)
    if mode == "D":
        rows.delete(ctx, name, before)
        return None
    return rows.update(ctx, name, before, values)


def root_of(ctx: Context, bo: BusinessObject, name: str, row: Row) -> Row | None:
    """The root row above a row of the dataset."""
    while name != bo.root:
        parent = catalog.table(name).parent
        key = catalog.table(name).parent_key_of(row)
        document = None if parent is None or key is None else ctx.state.get(catalog.table(parent).collection, key)
        if parent is None or document is None:
            return None
        name, row = parent, rows.fill(catalog.table(parent), document)
    return rows.read(ctx, bo.root, *[row[column] for column in catalog.table(bo.root).keys if column != "Company"])


def save(ctx: Context, bo: BusinessObject, ds: Dataset) -> Dataset:
    """Everything a dataset asks for, all or nothing; the roots it touched as they are now, with all below them."""
    full = UPDATE_COLUMNS.read(ctx.state) == "error"
    touched: list[tuple[str, Row]] = []
    with ctx.transaction():
        for name, given in changes(bo, _adopted(bo, ds)):
            stored = apply(ctx, name, _below(bo, name, given, touched), full=full)
            touched += [(name, stored)] if stored is not None else []
        ctx.settle()
        roots = [root_of(ctx, bo, name, row) for name, row in touched]
    table = catalog.table(bo.root)
    return dataset(ctx, bo, *{table.key_of(row): row for row in roots if row is not None}.values())


def _adopted(bo: BusinessObject, ds: Dataset) -> Dataset:
    return {name: ds.get(name) or [] for name in bo.tables}


def _below(bo: BusinessObject, name: str, given: Row, touched: list[tuple[str, Row]]) -> Row:
    """A new row whose parent was added in the same call with a number of the server's takes that number."""
    parent = catalog.table(name).parent
    if given.get("RowMod") != "A" or not bo.is_child(name) or parent is None:
        return given
    above = next((row for table, row in reversed(touched) if table == parent), None)
    pairs = zip(catalog.table(name).parent_columns, catalog.table(parent).keys, strict=True)
    return {**given, **{own: above[key] for own, key in pairs if above and not given.get(own)}}


def update(bo: BusinessObject) -> Method:
    """Update(ds) -> ds; any refusal undoes all of it."""
    return lambda ctx, args: answer(ds=save(ctx, bo, dataset_in(args)))


def update_ext(bo: BusinessObject) -> Method:
    """UpdateExt(ds, continueProcessingOnError, rollbackParentOnChildError): HTTP 200 even when rows failed."""

    def method(ctx: Context, args: Row) -> Row:
        asked = list(changes(bo, dataset_in(args)))
        stop, together = not args.get("continueProcessingOnError"), bool(args.get("rollbackParentOnChildError"))
        failed: list[Row] = []
        groups = _groups(bo, asked) if together else [[one] for one in asked]
        kept: list[tuple[str, Row]] = []
        for group in groups:
            try:
                kept += _one(ctx, group)
            except KineticError as error:
                failed.append(_failure(error, group))
                if stop:
                    break
        ds: Dataset = {name: [row for table, row in kept if table == name] for name in bo.tables}
        return answer({"BOUpdError": failed}, ds=ds, errorsOccurred=bool(failed))

    return method


def _one(ctx: Context, group: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    with ctx.transaction():
        done = [(name, apply(ctx, name, row)) for name, row in group]
    return [(name, row) for name, row in done if row is not None]


def _groups(bo: BusinessObject, asked: list[tuple[str, Row]]) -> list[list[tuple[str, Row]]]:
    """Rows by the root they belong to, so that a child's error undoes its parent."""
    keys = catalog.table(bo.root).keys
    found: dict[tuple[Any, ...], list[tuple[str, Row]]] = {}
    for name, row in asked:
        columns = catalog.table(name).parent_columns or keys
        found.setdefault(tuple(row.get(column) for column in columns[: len(keys)]), []).append((name, row))
    return list(found.values())


def _failure(error: KineticError, group: list[tuple[str, Row]]) -> Row:
    name, row = next(((name, row) for name, row in group if name == error.table), group[-1])
    identity = row.get("SysRowID", "")
    return {
        "TableName": error.table or name,
        "ErrorLevel": "Error",
        "ErrorType": error.kind,
        "ErrorText": error.message,
        "ErrorSysRowID": identity,
        "SysRowID": identity,
        "RowMod": row.get("RowMod", ""),
    }


def delete_by_id(bo: BusinessObject) -> Method:
    """DeleteByID(keys): nothing comes back."""

    def method(ctx: Context, args: Row) -> Row:
        rows.delete(ctx, bo.root, by_key(ctx, bo, args))
        return {}

    return method


def generic(bo: BusinessObject) -> dict[str, Method]:
    """The methods that every business object with a root has."""
    if not bo.root:
        return {}
    made = {f"GetNew{name}": get_new(name) for name in bo.tables}
    return {
        **made,
        f"GetaNew{bo.root}": get_new(bo.root),
        "GetByID": get_by_id(bo),
        "GetRows": get_rows(bo),
        "GetList": get_list(bo),
        "GetBySysRowID": _by_row_id(bo, several=False),
        "GetBySysRowIDs": _by_row_id(bo, several=True),
        "Update": update(bo),
        "UpdateExt": update_ext(bo),
        "DeleteByID": delete_by_id(bo),
    }
