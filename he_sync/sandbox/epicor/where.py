"""The where clause of GetRows and GetList (`CustNum > 123 AND Name BEGINS 'A' BY SysRevID DESC`) as SQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from he_sync.sandbox.epicor.catalog import Table
from he_sync.sandbox.epicor.errors import Business

TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|(<>|<=|>=|=|<|>|\(|\))|([A-Za-z_][\w.]*))")
WORDS = {"and": "AND", "or": "OR", "not": "NOT", "like": "LIKE", "true": "1", "yes": "1", "false": "0", "no": "0"}
# Only the first of several blanks starts a match: otherwise a long run of them takes the square of its length.
BY = re.compile(r"(?:^|(?<!\s)\s+)BY\s+(\w[\w.]*)(\s+DESC(?:ENDING)?)?$", re.IGNORECASE)


def clause(table: Table, text: str) -> tuple[str, list[Any], str]:
    """SQL condition, its parameters and the SQL order. Raises Business for what does not parse."""
    order, text = head_order(table), text.strip()
    if by := BY.search(text):
        order = f"{column(table, by[1])}{' DESC' if by[2] else ''}, key"
        text = text[: by.start()]
    parts: list[str] = []
    params: list[Any] = []
    begins = False
    for kind, token in _tokens(text):
        if kind == "name" and token.lower() == "begins":
            begins = True
            parts.append("LIKE")
        elif kind == "name":
            parts.append(WORDS.get(token.lower()) or column(table, token))
        elif kind == "sign":
            parts.append(token)
        else:
            parts.append("? ESCAPE '\\'" if begins else "CAST(? AS REAL)" if kind == "number" else "?")
            params.append(_prefix(token) if begins else token)
            begins = False
    return " ".join(parts), params, order


@contextmanager
def syntax() -> Iterator[None]:
    """Around the read of a clause: its words may be known and still make no sentence. Raises Business."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        raise Business("Incorrect syntax in the where clause.") from error


def head_order(table: Table) -> str:
    """The order in which a head set comes: its number where it has one, so that an index serves it."""
    if len(table.keys) == 2 and table.keys[0] == "Company":  # noqa: PLR2004 - Company and the number
        return f"{table.sql(table.keys[1])}, key"
    return "key"


def column(table: Table, name: str) -> str:
    """SQL of a column with its default, the table's name before it or not. Raises Business."""
    bare = name.rsplit(".", 1)[-1]
    if bare not in table.columns:
        raise Business(f"Invalid column name '{bare}'.", table=table.name)
    default = table.defaults()[bare]
    if default is None:
        return table.sql(bare)
    return f"coalesce({table.sql(bare)}, {int(default) if isinstance(default, bool | int) else repr(default)})"


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise Business(f"Incorrect syntax near '{text[place:].strip()[:10]}'.")
        kind = next(
            name
            for name, group in zip(("text", "number", "sign", "name"), match.groups(), strict=True)
            if group is not None
        )
        token = match[match.lastindex or 0]
        found.append((kind, token[1:-1].replace("''", "'") if kind == "text" else token))
        place = match.end()
    return found


def _prefix(text: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", text) + "%"
