"""Exceptions in a real browser by keyboard alone: filtered, explained many at once after a preview."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.test_console import looking, tab_to
from tests.browser.visitor import enter
from tests.console.conftest import NOBODY_LISTENS, Served, phrase, profile, serving
from tests.console.test_exceptions import close, exceptions, lacks, with_people

MANY = 60
__all__ = ["profile"]


@pytest.fixture
def served(tmp_path: Path, profile: str) -> Iterator[Served]:
    """A date of which more differs than fits a page, in two stores."""
    with_people(tmp_path, profile)
    with serving(tmp_path, {**NOBODY_LISTENS, "HE_HOME": str(tmp_path)}) as one:
        close(one, *(lacks(number, -100 - number, f"S00{1 + number % 2}") for number in range(MANY)))
        yield one


def test_by_keyboard_alone_a_filtered_list_is_explained_in_one_go_after_its_preview(
    chromium: str, served: Served
) -> None:
    with looking(chromium, served) as page:
        page.get_by_label("Name").fill("carl")
        page.get_by_label("Password").fill(phrase("carl"))
        enter(page)
        tab_to(page, page.get_by_role("navigation").get_by_role("link", name="Exceptions"))
        enter(page)
        page.get_by_text(f"{MANY} exceptions, ").wait_for()
        tab_to(page, page.get_by_label("Store"))
        page.keyboard.type("S002")
        tab_to(page, page.get_by_role("button", name="Filter"))
        enter(page)
        page.get_by_text(f"{MANY // 2} exceptions, ").wait_for()
        tab_to(page, page.get_by_label(f"all {MANY // 2} of this list"), 200)
        page.keyboard.press("Space")
        tab_to(page, page.get_by_label("Why"))
        page.keyboard.type("the bank took its fee")
        tab_to(page, page.get_by_role("button", name="Explain"))
        enter(page)
        page.get_by_text(f"{MANY // 2} of {MANY // 2} would change").wait_for()
        assert {one.status for one in exceptions(served).values()} == {"open"}
        tab_to(page, page.get_by_role("button", name="Do it as shown"))
        enter(page)
        page.get_by_role("status").filter(has_text=f"{MANY // 2} explained").wait_for()
        ended = [one.status for one in exceptions(served).values() if one.found.store == "S002"]
        assert ended == ["explained"] * (MANY // 2)
