"""Paging survives rows that come and go, and never goes in circles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from he_sync.connect.pages import Page, walk_by_key, walk_by_number, walk_by_offset
from he_sync.model.errors import BrokenPromise

Row = dict[str, Any]
SIZE = 3


def rows(*keys: int) -> list[Row]:
    return [{"id": key} for key in keys]


def keys(pages: object) -> list[int]:
    return [row["id"] for page in pages for row in page]  # type: ignore[attr-defined]


def by_key(listing: list[Row], between: Callable[[int], None] = lambda _: None) -> Callable[[int], list[Row]]:
    """A listing that pages by key; `between` changes it after each page."""

    def fetch(last: int) -> list[Row]:
        found = [row for row in sorted(listing, key=lambda row: row["id"]) if row["id"] > last][:SIZE]
        between(last)
        return found

    return fetch


def by_number(listing: list[Row], between: Callable[[int], None] = lambda _: None) -> Callable[[int], Page]:
    def fetch(number: int) -> Page:
        found = Page(listing[(number - 1) * SIZE : number * SIZE], len(listing), -(-len(listing) // SIZE))
        between(number)
        return found

    return fetch


def row_id(row: Row) -> int:
    return int(row["id"])


def test_a_walk_by_key_survives_a_row_that_vanishes_behind_it() -> None:
    listing = rows(*range(1, 10))
    walked = keys(walk_by_key(by_key(listing, lambda last: listing.pop(0) if last == 3 else None), row_id))
    assert walked == list(range(1, 10))


def test_a_walk_by_key_finds_a_row_that_appears_while_it_walks() -> None:
    listing = rows(1, 2, 3, 4)
    growing = by_key(listing, lambda last: listing.append({"id": 10 + last}) if last < 4 else None)
    assert keys(walk_by_key(growing, row_id)) == [1, 2, 3, 4, 10, 13]


def test_a_short_page_is_not_the_end_when_the_server_gives_fewer_rows_than_asked() -> None:
    capped = by_key(rows(*range(1, 8)))
    assert keys(walk_by_key(lambda last: capped(last)[:2], row_id)) == list(range(1, 8))


def test_a_walk_begins_after_the_key_it_is_given() -> None:
    assert keys(walk_by_key(by_key(rows(1, 2, 3, 4, 5)), row_id, start=3)) == [4, 5]


@pytest.mark.parametrize("page", [rows(5, 5), rows(7, 6), rows(0), rows(1, 2, 2)])
def test_a_page_whose_keys_do_not_rise_is_a_broken_promise(page: list[Row]) -> None:
    with pytest.raises(BrokenPromise, match="keys must rise"):
        list(walk_by_key(lambda _: page, row_id))


def test_a_server_that_ignores_the_filter_is_found_on_the_second_page() -> None:
    with pytest.raises(BrokenPromise, match="keys must rise"):
        list(walk_by_key(lambda _: rows(1, 2, 3), row_id))


def test_numbered_pages_give_every_row_once_when_rows_are_pushed_back() -> None:
    listing, late = rows(*range(1, 9)), rows(100)
    push_back = by_number(listing, lambda _: listing.insert(0, late.pop()) if late else None)
    walked = keys(walk_by_number(push_back, row_id))
    assert sorted(walked) == [*range(1, 9), 100]


def test_a_row_that_slipped_over_a_page_border_is_collected_by_another_pass() -> None:
    """Row 1 vanishes after page 1, so row 4 moves to page 1 unseen; the count then fits although row 4 is missing."""
    listing = rows(*range(1, 9))
    taken: list[int] = []

    def vanish(number: int) -> None:
        if number == 1 and not taken:
            taken.append(listing.pop(0)["id"])

    assert sorted(keys(walk_by_number(by_number(listing, vanish), row_id))) == list(range(1, 9))


def test_a_listing_that_never_rests_is_accepted_once_every_counted_row_was_seen() -> None:
    listing = rows(*range(1, 8))
    restless = iter(range(100, 1000))
    walked = keys(walk_by_number(by_number(listing, lambda _: listing.append({"id": next(restless)})), row_id))
    assert set(range(1, 8)) <= set(walked)
    assert len(walked) == len(set(walked))


def test_a_listing_that_repeats_its_first_page_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromise, match="repeats rows"):
        list(walk_by_number(lambda _: Page(rows(1, 2, 3), 9, 3), row_id))


def test_a_listing_that_counts_more_than_it_gives_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromise, match="counts 9 rows but 3 passes found 3"):
        list(walk_by_number(lambda n: Page(rows(1, 2, 3) if n == 1 else [], 9, 3), row_id))


def test_an_empty_listing_is_no_page() -> None:
    assert list(walk_by_number(lambda _: Page([], 0, 0), row_id)) == []
    assert list(walk_by_offset(lambda _: ([], 0))) == []


def test_offsets_go_on_after_a_truncated_page_until_the_count_is_reached() -> None:
    listing = rows(*range(1, 251))
    assert keys(walk_by_offset(lambda offset: (listing[offset : offset + 100], 250))) == list(range(1, 251))


def test_offsets_without_a_count_end_at_an_empty_page() -> None:
    listing = rows(*range(1, 8))
    assert keys(walk_by_offset(lambda offset: (listing[offset : offset + 2], None))) == list(range(1, 8))


def test_an_offset_that_is_ignored_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromise, match="offset is ignored"):
        list(walk_by_offset(lambda _: (rows(1, 2), None)))
