"""The console in a real browser by keyboard alone and without a script: its forms work before any has loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from he_sync.store import effects
from tests.browser.visitor import PATIENCE, QUIET, WIDE, enter
from tests.console.conftest import NOBODY_LISTENS, Served, profile, serving
from tests.console.test_decisions import letter
from tests.store.examples import effect

MOST_STEPS = 60
__all__ = ["profile"]


@contextmanager
def looking(chromium: str, served: Served, **options: object) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(QUIET))
        page = browser.new_page(viewport=WIDE, java_script_enabled=False, **options)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://{served.address}/enter/{served.keys.way_in}")
        try:
            yield page
        finally:
            browser.close()


@pytest.fixture
def served(tmp_path: Path, profile: str) -> Iterator[Served]:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(tmp_path, {**NOBODY_LISTENS, "HE_HOME": str(tmp_path)}) as one:
        effects.plan(one.store, [effect(f"ticket {number}", limit_ok=False) for number in range(3)])
        letter(one.store, 7)
        yield one


def tab_to(page: Page, target: Locator, most: int = MOST_STEPS) -> None:
    """Press Tab until the target has the focus, as a person without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"{target} is not reached by keyboard")


def test_a_write_is_approved_by_keyboard_alone_before_any_script_has_loaded(chromium: str, served: Served) -> None:
    with looking(chromium, served) as page:
        tab_to(page, page.get_by_role("navigation").get_by_role("link", name="Approvals"))
        enter(page)
        tab_to(page, page.get_by_role("checkbox", name="ticket 1, create_sales_order"))
        page.keyboard.press("Space")
        tab_to(page, page.get_by_role("button", name="Approve"))
        enter(page)
        page.get_by_role("status").filter(has_text="1 approved").wait_for()
    states = {status.effect.entity: status.state for status in effects.listing(served.store)}
    assert states == {"ticket 0": "waiting_approval", "ticket 1": "planned", "ticket 2": "waiting_approval"}
