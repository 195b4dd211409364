"""Every page of the console keeps WCAG 2.2 AA by axe in real Chromium: light and dark, narrow and at 200 %."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from he_sync.web.console.access import RULES
from tests.browser.every_page import Everything, everything
from tests.browser.visitor import QUIET

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
"""axe-core as the locked package brings it: no page of ours loads it, no policy of a page has to allow it."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """only => axe.run({
  runOnly: only, rules: {'target-size': {enabled: true}}, resultTypes: ['violations'], preload: false,
}).then(found => found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`)))"""
SMALLEST = 24
"""Pixels of a target each way (WCAG 2.2, 2.5.8). axe lets a smaller one pass that has room around it; we do not."""
SMALL = """least => [...document.querySelectorAll(
  'button, input:not([type=hidden]), select, textarea, summary, header nav a, .tabs a, .cards a, main li > a'
)].filter(one => one.checkVisibility()).map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([_, box]) => Math.min(box.width, box.height) < least).map(([name]) => `target-size: ${name}`)"""
WIDE = 1400
EVERY = {"type": "tag", "values": TAGS}
LAYOUT = {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "link-in-text-block", "label"]}
VIEWS: tuple[tuple[Any, int, Any], ...] = (("light", WIDE, EVERY), ("dark", WIDE // 2, EVERY), ("light", 320, LAYOUT))
"""Half the width is what a page has at 200 %; 320 is the narrowest that it has to fit (1.4.10), and of the layout of
700 in the colours of 1,400: only what depends on room is asked again there."""
NO_PAGES = {
    *("/healthz", "/metrics", "/static", "/exceptions.csv", "/packs/{name}/{file}"),
    *("/sign-in/provider", "/sign-in/callback"),  # they send people on
    "/close/{day}/expectations/{path:path}",  # great-expectations wrote it
}
ROUTES = sorted({rule.path for rule in RULES if rule.method == "GET"} - NO_PAGES)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    with everything(tmp_path_factory.mktemp("console")) as one:
        yield one


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def inside(world: Everything, browser: Browser) -> Page:
    """A tab of somebody who signed in."""
    context, url = browser.new_context(), f"http://{world.served.address}"
    context.add_cookies([{"name": name, "value": text, "url": url} for name, text in world.person.cookies.items()])
    return context.new_page()


@pytest.fixture(scope="module")
def outside(browser: Browser) -> Page:
    return browser.new_context().new_page()


def wrong(page: Page, rules: Any = None) -> list[str]:
    found: list[str] = page.evaluate(RUN, rules or EVERY) + page.evaluate(SMALL, SMALLEST)
    width, has = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return [*found, *([f"reflow: {width} px of {has}"] if width > has else [])]


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_is_kept_from_reading_or_using_a_page(
    route: str, world: Everything, inside: Page, outside: Page
) -> None:
    page = outside if route == "/sign-in" else inside
    for address in world.addresses[route]:
        page.goto(f"http://{world.served.address}{address}")
        assert page.url.endswith(address), "sent elsewhere"
        page.evaluate(AXE)
        for scheme, width, rules in VIEWS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert wrong(page, rules) == [], (address, scheme, width)


SEEDED = {
    "color-contrast": "add('p', 'color: #999; background: #fff', 'too pale')",
    "label": "add('input', '', '')",
    "link-name": "add('a', '', '').href = '/audit'",
    "target-size": "add('button', 'min-height: 0; width: 9px; height: 9px; padding: 0', '').ariaLabel = 'a'",
    "reflow": "add('p', 'width: 2000px', 'wide')",
}
"""A mistake of each sort, by what names it. Set by script: the policy of our pages lets no style in by markup."""
ADD = """const add = (name, style, text) => {
  const made = document.querySelector('main').appendChild(document.createElement(name))
  made.style.cssText = style, made.textContent = text
  return made
}"""


@pytest.mark.parametrize("mistake", SEEDED)
def test_a_mistake_on_a_page_is_seen(mistake: str, world: Everything, inside: Page) -> None:
    inside.goto(f"http://{world.served.address}/conflicts")
    inside.set_viewport_size({"width": WIDE, "height": 900})
    inside.evaluate(AXE)
    inside.evaluate(f"() => {{ {ADD}; {SEEDED[mistake]} }}")
    assert {line.partition(":")[0] for line in wrong(inside)} == {mistake}
