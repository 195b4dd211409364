"""Rows that are in no table (a BAQ's result, derived rows), filtered and ordered by the same SQL as those that are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.state import decode, encode


def chosen(found: Sequence[Row], where: str, params: Sequence[Any], order: str) -> list[Row]:
    """The rows that a condition keeps, in an SQL order; `key` is their place in what came."""
    if not where and order == "key":
        return list(found)
    with sqlite3.connect(":memory:") as memory:
        memory.execute("CREATE TABLE result (key, doc)")
        memory.executemany(
            "INSERT INTO result VALUES (?, ?)", ((place, encode(row)) for place, row in enumerate(found))
        )
        kept = memory.execute(f"SELECT doc FROM result WHERE {where or '1'} ORDER BY {order}", params).fetchall()  # noqa: S608 - own names
    memory.close()
    return [decode(row[0]) for row in kept]
