"""A person in the Dagster UI: the pages he opens, what he clicks and types there, and what he then sees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect, sync_playwright

from he_sync.cli.orchestrator import request
from tests.browser import installation

QUIET = (
    "--no-sandbox",  # root, as in CI, may not use Chromium's own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1400, "height": 900}
PATIENCE = 60_000
"""Milliseconds for one thing to appear: two busy cores, shared with the run itself."""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
RUN_WITHIN = 400.0


def enter(page: Page) -> None:
    """Press Enter where that leads to another page, and wait for the whole of it: a page is seen while it is parsed."""
    with page.expect_event("load", timeout=PATIENCE):
        page.keyboard.press("Enter")


@dataclass(frozen=True)
class Visitor:
    """One browser tab on one installation."""

    page: Page
    url: str

    def arrive(self) -> None:
        """Decline the newsletter that Dagster offers over the first page of a new installation."""
        if request(self.url, "POST", "/graphql", {"query": "{ shouldShowNux }"})["data"]["shouldShowNux"]:
            self.page.goto(f"{self.url}/overview")
            self.page.get_by_role("button", name="Skip").click()
            expect(self.page.get_by_role("dialog")).to_have_count(0)

    def open(self, path: str, sees: str) -> None:
        """Go to a page and wait until it shows a text."""
        self.page.goto(self.url + path)
        expect(self.page.get_by_text(sees).first).to_be_visible()

    def back_fill(self, job: str, first: str, last: str) -> None:
        """Materialize a range of dates: open the job, type the range into the dialog, launch."""
        self.page.goto(f"{self.url}/locations/he-sync/jobs/{job}")
        self.page.get_by_role("button", name="Materialize all").click()
        dialog = self.page.get_by_role("dialog").filter(has_text="Launch runs to materialize")
        box = dialog.get_by_placeholder("partitions")
        box.fill(f"[{first}...{last}]")
        box.press("Enter")
        expect(dialog.get_by_text(f"{installation.DAYS} partitions", exact=True)).to_be_visible()
        dialog.get_by_role("button", name="Launch backfill").click()
        expect(self.page.get_by_text("Created backfill")).to_be_visible()

    def wait_for_runs(self) -> list[dict[str, object]]:
        """Every run but those that drain events, once there is one and all have ended."""
        until = time.monotonic() + RUN_WITHIN
        while not (found := self._launched()) or any(run["status"] not in ENDED for run in found):
            assert time.monotonic() < until, f"no end within {RUN_WITHIN:.0f} s: {found}"
            self.page.wait_for_timeout(500)
        return found

    def _launched(self) -> list[dict[str, object]]:
        return [run for run in installation.runs(self.url) if run["jobName"] != "drain"]

    def partition(self, asset: str, day: str) -> None:
        """One date of an asset with what was noted about it."""
        self.open(f"/assets/{asset}?view=partitions&partition={day}", "Latest materialization")
        expect(
            self.page.get_by_role("heading", name="Metadata").or_(self.page.get_by_text("Metadata")).first
        ).to_be_visible()

    def check(self, asset: str) -> None:
        """The contract check of a canonical asset."""
        self.open(f"/assets/{asset}?view=checks", "Latest execution")

    def picture_in(self, key: str) -> Locator:
        """Open what Dagster keeps behind a click: the image of a Markdown entry."""
        row = self.page.get_by_role("row").filter(has=self.page.get_by_text(key, exact=True))
        row.get_by_text("[Show Markdown]").click()
        image = self.page.get_by_role("dialog").get_by_role("img", name="differences by class")
        expect(image).to_be_visible()
        return image


@contextmanager
def a_page(chromium: str) -> Iterator[Page]:
    """A tab of a browser that closes with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(QUIET))
        page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        try:
            yield page
        finally:
            browser.close()


@contextmanager
def visiting(chromium: str, url: str) -> Iterator[Visitor]:
    """A visitor of a Dagster UI, who has declined what it offers first."""
    with a_page(chromium) as page:
        visitor = Visitor(page, url)
        visitor.arrive()
        yield visitor
