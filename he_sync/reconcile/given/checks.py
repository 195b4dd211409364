"""What the content of a file must keep: readable values, each key once, known tenders and stores, a rate per currency.

Each check is one set operation that gives a count; only when a count is not zero is the first bad row looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from he_sync.reconcile.given import values
from he_sync.reconcile.given.columns import Column, Kind
from he_sync.reconcile.given.files import Raw, quoted
from he_sync.reconcile.hashes import repeated

Connection = duckdb.DuckDBPyConnection
BITS_A_ROW = 64
"""Up to this many bits a row, a bit for each possible key proves keys unique: 0.02 s a million; by hashes 0.05 s."""


def scalars(connection: Connection, sql: str) -> tuple[Any, ...]:
    """The single row of a query."""
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)


def readable(connection: Connection, raw: Raw) -> int:
    """Refuses the first value that is no value of its column; gives the number of rows.

    How many values a column has stands in a Parquet file's statistics, so that empty ones are counted without reading.
    """
    columns = [column for column in raw.relation.columns if column.name in raw.types]
    tests = [
        (column, f"{values.name(column)} IS NULL", f"count(*) - count({values.name(column)})")
        for column in columns
        if values.must_be_there(raw, column)
    ]
    tests += [(column, found, f"count_if({found})") for column in columns if (found := values.odd(raw, column))]
    counts = "".join(f", {count}" for _, _, count in tests)
    rows, *bad = scalars(connection, f"SELECT count(*){counts} FROM {raw.source}")
    for (column, condition, _), count in zip(tests, bad, strict=True):
        if count:
            row, value = _first(connection, raw, column, condition)
            what = "is empty" if value is None else f"is {value!r}"
            hint = "; write money in minor units, without a point" if column.kind is Kind.CENTS else ""
            raise raw.refuse(row, f"{column.name} {what}, not {column.kind.rule}{hint}")
    return int(rows)


def _first(connection: Connection, raw: Raw, column: Column, condition: str) -> tuple[int, str | None]:
    shown = f"CAST({values.name(column)} AS VARCHAR)"
    sql = f"SELECT {raw.row} AS n, {shown} FROM {raw.source} WHERE {condition} ORDER BY n LIMIT 1"
    row, value = scalars(connection, sql)
    return int(row), value


def known(connection: Connection, raw: Raw, name: str, allowed: Iterable[object], rule: str) -> None:
    """Refuses the first value of a column outside the allowed ones."""
    column = next(one for one in raw.relation.columns if one.name == name)
    if column.name not in raw.types:
        return
    value = values.typed(raw, column)
    allowed = set(allowed)
    found = connection.execute(f"SELECT {value} AS v FROM {raw.source} GROUP BY v").fetchall()
    strange = [one for (one,) in found if one not in allowed]
    if strange:
        listed = ", ".join(quoted(one) for one in strange)
        row, shown = _first(connection, raw, column, f"{value} IN ({listed})")
        raise raw.refuse(row, f"{name} {shown!r} {rule}")


def unique(connection: Connection, raw: Raw, rows: int, *, defer: bool = False) -> bool:
    """Refuses the first row whose key an earlier row has. With `defer` nothing is looked at; False: not yet.

    Keys are counted in a bit map where that is small, else their sorted 64-bit hashes are. Two keys with one hash make
    a count too small, and a too small count is looked into; never the other way round.
    """
    if defer:
        return False
    columns = [one for one in raw.relation.columns if one.name in raw.relation.key]
    keys = [values.typed(raw, column) if column.kind is not Kind.KEY else values.name(column) for column in columns]
    whole = all(column.kind.whole or raw.types[column.name] in values.WHOLE for column in columns)
    place = _place(connection, raw, keys) if whole and rows else None
    if place:
        counted = scalars(connection, f"SELECT bit_count(bitstring_agg({place[0]}, 0, {place[1]})) FROM {raw.source}")
        twice = int(counted[0]) < rows
    else:
        twice = bool(repeated(connection, raw.source, ", ".join(keys)))
    if twice:
        _refuse_twins(connection, raw, columns, keys)
    return True


def more(connection: Connection, raw: Raw, suspects: Raw, new: Raw, rows: int) -> None:
    """Refuses a key of the `rows` new rows that is there already; only `suspects`, new ones among them, may have it."""
    unique(connection, new, rows)
    if suspects.parts == new.parts:
        return
    keys = ", ".join(raw.relation.key)
    sql = f"SELECT count(*) FROM (SELECT {keys} FROM {suspects.source}) SEMI JOIN {new.source} USING ({keys})"
    if scalars(connection, sql)[0] != rows:
        unique(connection, raw, scalars(connection, f"SELECT count(*) FROM {raw.source}")[0])


def _place(connection: Connection, raw: Raw, keys: list[str]) -> tuple[str, int] | None:
    """A key's place in a bit map and the map's last place; None where the map would be too large."""
    bounds = ", ".join(f"min({key}), max({key})" for key in keys)
    rows, *ends = scalars(connection, f"SELECT count(*), {bounds} FROM {raw.source}")
    place, size = "0", 1
    for key, low, high in zip(keys, ends[::2], ends[1::2], strict=True):
        span = high - low + 1
        place, size = f"({place}) * {span} + ({key} - ({low}))", size * span
    return (place, size - 1) if size <= BITS_A_ROW * rows + (1 << 20) else None


def _refuse_twins(connection: Connection, raw: Raw, columns: list[Column], keys: list[str]) -> None:
    key = ", ".join(keys)
    sql = (
        f"SELECT min(n, 2)[2] AS second, min(n), any_value(shown) FROM (SELECT {raw.row} AS n,"
        f" concat_ws(' ', {key}) AS shown, hash({key}) AS h, {key} FROM {raw.source})"
        f" GROUP BY h, shown HAVING count(*) > 1 ORDER BY second LIMIT 1"
    )
    for second, first, shown in connection.execute(sql).fetchall():
        names = " ".join(column.name for column in columns)
        before = raw.where(first).removeprefix(f"{raw.path.name}: ") if raw.parts else f"row {first}"
        raise raw.refuse(second, f"{names} {shown} is there already, in {before}; each may be there once")
