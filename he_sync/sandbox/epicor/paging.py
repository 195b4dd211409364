"""Whole numbers among a method's arguments, and the page that `pageSize` and `absolutePage` ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import BadEntity
from he_sync.sandbox.epicor.rows import INT32, INT64, Row
from he_sync.sandbox.epicor.switches import FIRST_PAGE

INTEGER = re.compile(r"-?[0-9]{1,18}")


def number(value: Any) -> int:
    """An integer argument: a number of a body, or the text of a query string. Raises BadEntity."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64:
        return value
    raise BadEntity


@dataclass(frozen=True)
class Page:
    """`pageSize` (0: everything) and `absolutePage` of GetRows, GetList and the searches."""

    size: int
    place: int

    @classmethod
    def asked(cls, ctx: Context, args: Row) -> Page:
        """The page that the arguments ask for; which number the first page has is a switch. Raises BadEntity."""
        size, place = (number(args.get(name) or 0) for name in ("pageSize", "absolutePage"))
        first = FIRST_PAGE.read(ctx.state)
        place = max(place - 1, 0) if first == "both" else place - int(first)
        if not 0 <= size < INT32 or not 0 <= place < INT32:
            raise BadEntity
        return cls(size, place)

    @property
    def limit(self) -> int | None:
        """One row more than the page, to see whether there is one."""
        return self.size + 1 if self.size else None

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return self.place * self.size

    def cut(self, found: list[Row]) -> list[Row]:
        """The page without the row beyond it."""
        return found[: self.size] if self.size else found

    def more(self, found: list[Row]) -> bool:
        """Whether there was a row beyond it."""
        return bool(self.size) and len(found) > self.size
