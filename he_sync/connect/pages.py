"""Paging, once for all three systems. It survives rows that come and go meanwhile, and refuses to go in circles."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from he_sync.model.errors import BrokenPromise

Row = dict[str, Any]
MOST_PASSES = 3  # over a numbered listing that keeps moving under us


def walk_by_key(fetch: Callable[[int], list[Row]], key: Callable[[Row], int], start: int = 0) -> Iterator[list[Row]]:
    """Pages in the order of a rising key: `fetch(last)` gives rows with a key above `last`, lowest first.

    Rows that appear or vanish meanwhile move nothing. A row whose key rises while we walk (a new SysRevID) comes again
    with its new content. The end is an empty page, not a short one: a server may give fewer rows than asked for.

    Raises BrokenPromise when keys repeat or do not rise.
    """
    last = start
    while rows := fetch(last):
        keys = [last, *map(key, rows)]
        if wrong := next(((low, high) for low, high in pairwise(keys) if high <= low), None):
            low, high = wrong
            raise BrokenPromise(f"a page after key {last} has key {high} after {low}; keys must rise or no walk ends")
        yield rows
        last = keys[-1]


@dataclass(frozen=True)
class Page:
    """One numbered page with what the listing says about itself now."""

    rows: list[Row]
    total: int
    pages: int


def walk_by_number(fetch: Callable[[int], Page], key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
    """Pages of a listing that knows numbers only, every row once by its key.

    Rows that appear or vanish meanwhile shift the others over page borders, so a pass may see some twice and miss some.
    Twice is dropped. A pass during which the count moved, or that found fewer rows than the count, is repeated for the
    missed ones. What no client can see is one row vanishing and one appearing between the same two pages: walk by key
    where the system allows it.

    Raises BrokenPromise when a first pass repeats a whole page, or when the count is not reached after MOST_PASSES.
    """
    seen: set[Hashable] = set()
    for number in range(MOST_PASSES):
        one = _Pass(fetch, key, seen, first=number == 0)
        yield from one.pages()
        if one.quiet:
            return
    if len(seen) < one.total:
        raise BrokenPromise(f"the listing counts {one.total} rows but {MOST_PASSES} passes found {len(seen)}")


class _Pass:
    """One pass over a numbered listing; `quiet` afterwards says that nothing can have been missed."""

    def __init__(
        self, fetch: Callable[[int], Page], key: Callable[[Row], Hashable], seen: set[Hashable], *, first: bool
    ) -> None:
        self._fetch, self._key, self._seen, self._first = fetch, key, seen, first
        self.total, self.quiet = 0, False

    def pages(self) -> Iterator[list[Row]]:
        """Rows that no pass has seen yet, page by page. `pages` of the listing is read anew on every page."""
        number, last, totals = 0, 1, set()
        here: set[Hashable] = set()
        while number < last:
            number += 1
            page = self._fetch(number)
            last = page.pages if page.rows else 0
            totals.add(page.total)
            if fresh := _unseen(page.rows, self._key, self._seen):
                yield fresh
            elif page.rows and self._first:
                raise BrokenPromise(
                    f"page {number} of {page.pages} repeats rows that were read before; it does not page"
                )
            here.update(map(self._key, page.rows))
            self.total = page.total
        self.quiet = len(totals) == 1 and len(here) >= self.total


def _unseen(rows: list[Row], key: Callable[[Row], Hashable], seen: set[Hashable]) -> list[Row]:
    """Rows whose key is new, in order; their keys are seen from now on."""
    fresh = []
    for row in rows:
        if (one := key(row)) not in seen:
            seen.add(one)
            fresh.append(row)
    return fresh


def walk_by_offset(fetch: Callable[[int], tuple[list[Row], int | None]]) -> Iterator[list[Row]]:
    """Pages of `fetch(offset) -> rows, count of all rows or None`, until the count is reached or a page is empty.

    Raises BrokenPromise when a page equals the one before it: then the offset is ignored.
    """
    offset, before = 0, None
    while True:
        rows, count = fetch(offset)
        if rows and rows == before:
            raise BrokenPromise(f"the page at offset {offset} equals the one before it; the offset is ignored")
        if rows:
            yield rows
        offset, before = offset + len(rows), rows
        if not rows or (count is not None and offset >= count):
            return
