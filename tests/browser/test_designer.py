"""A flow changed in a real browser by keyboard alone and without a script, until what runs runs by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from he_sync.flows import last_good, registry
from tests.browser.test_canvas import press, typed
from tests.browser.test_console import looking
from tests.browser.visitor import enter
from tests.console.conftest import NOBODY_LISTENS, Served, profile, serving

__all__ = ["profile"]
NAME = "order_to_fulfilment"
DAGSTER = "http://127.0.0.1:3000"
"""Where its UI may be; its link is one more in the navigation."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped flows, in a folder of their own."""
    return Path(shutil.copytree(registry.FOLDER, tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def served(tmp_path: Path, folder: Path, profile: str) -> Iterator[Served]:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(tmp_path, {**NOBODY_LISTENS, "HE_HOME": str(tmp_path)}, flows=folder, dagster=DAGSTER) as one:
        yield one


def test_by_keyboard_alone_a_limit_and_the_order_of_checks_are_changed_approved_and_the_next_batch_runs_by_them(
    chromium: str, served: Served, folder: Path
) -> None:
    running = last_good.Watched(served.store, lambda _: None, folder)
    with looking(chromium, served) as page:
        press(page, page.get_by_role("navigation").get_by_role("link", name="Flows"))
        press(page, page.get_by_role("link", name=NAME))
        typed(page, page.get_by_label("amount over", exact=True), "7500.00")
        typed(page, page.get_by_label("amount: the person reads"), "the outlet manager looks")
        enter(page)  # in a form, Enter keeps the draft and presses no other button
        page.get_by_role("status").filter(has_text="kept in your draft").wait_for()
        press(page, page.get_by_role("button", name="known_parts earlier"))
        page.get_by_role("button", name="has_lines earlier").wait_for()
        press(page, page.get_by_role("navigation").get_by_role("link", name="What would change"))
        sees_old_and_new(page)
        typed(page, page.get_by_label("Why (kept in the audit)"), "fewer small ones to look at")
        press(page, page.get_by_role("button", name="Ask for approval"))
        page.get_by_role("status").filter(has_text="waits for approval").wait_for()
        press(page, page.get_by_role("link", name="A change by ana waits for approval"))
        press(page, page.get_by_role("button", name="Approve, make it live"))
        page.get_by_role("status").filter(has_text=f"version 2 of {NAME} is live").wait_for()
    [flow] = [one for one in running() if one.name == NAME]
    assert (str(flow.route[0].over), flow.route[0].because) == ("7500.00", "the outlet manager looks")
    assert flow.checks[:3] == ("contract", "known_parts", "has_lines")
    before = (registry.FOLDER / NAME / "defs.yaml").read_text(encoding="utf-8")
    assert (folder / NAME / "defs.yaml").read_text(encoding="utf-8") == before.replace(
        "version: 1", "version: 2"
    ).replace('"5000.00", to: approval}', '"7500.00", to: approval, because: the outlet manager looks}').replace(
        "has_lines, known_parts", "known_parts, has_lines"
    )


def sees_old_and_new(page: Page) -> None:
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="route.amount"))
    assert "5000.00" in row.locator("del").inner_text()
    assert "7500.00" in row.locator("ins").inner_text()
    assert page.locator("pre ins").count() == 2


ROWS = "() => new Set([...document.querySelectorAll('header nav a')].map(one => one.getBoundingClientRect().y)).size"
OUTSIDE = """() => [...document.querySelectorAll('svg.flow g.box')].flatMap(group => {
  const box = group.querySelector('rect').getBoundingClientRect()
  return [...group.querySelectorAll('text')].filter(text => {
    const inside = text.getBoundingClientRect()
    return inside.right > box.right || inside.bottom > box.bottom + 1 || inside.left < box.left
  }).map(text => text.textContent)
})"""


def test_the_navigation_is_one_row_and_no_text_of_a_picture_leaves_its_box(
    chromium: str, served: Served, folder: Path
) -> None:
    with looking(chromium, served) as page:
        page.goto(f"http://{served.address}/flows")
        assert page.evaluate(ROWS) == 1
        for file in registry.files(folder):
            page.goto(f"http://{served.address}/flows/{file.parent.name}")
            assert page.evaluate(OUTSIDE) == [], file
