"""Two people of finance in the console: one asks for past closes anew, the other lets them, signs, takes evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Page, expect

from he_sync.cli.orchestrator import request
from he_sync.store import books
from he_sync.store.database import open_store
from tests.browser.visitor import PATIENCE, WIDE, enter
from tests.console.conftest import named, phrase

STORES = ("S001", "S002", "S003")
CASH, ANOTHER = "1155", "1165"
"""Where cash was booked, and where it belongs from today on."""
WHY = "cash has an account of its own since November"
ENDS_WITHIN = 150_000
"""Milliseconds from a word to the last date: Dagster looks for back-fills every 30 s."""
BACK_FILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status title numPartitions } } } }"


@dataclass(frozen=True)
class Desk:
    """One person of finance, signed in."""

    page: Page
    base: str

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)

    def press(self, name: str, why: str = "") -> None:
        if why:
            self.page.get_by_label("Why").fill(why)
        with self.page.expect_event("load", timeout=PATIENCE):
            self.page.get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_role("main").get_by_text(text).first).to_be_visible()


@contextmanager
def at_the_desk(browser: Browser, base: str, name: str) -> Iterator[Desk]:
    """Somebody in a browser of their own, without scripts."""
    context = browser.new_context(viewport=WIDE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{base}/close")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(phrase(name))
    enter(page)
    expect(page.get_by_role("heading", name="Close", exact=True)).to_be_visible()
    try:
        yield Desk(page, base)
    finally:
        context.close()


def prepare(home: Path) -> None:
    """Two people with a role, and a tender that belongs on another account from now on."""
    named(home, "cora", "carl")
    path = home / "profile.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    profile["approval"] = {"roles": {"controller": {}}, "people": {"cora": "controller", "carl": "controller"}}
    for tender in profile["tenders"]:
        tender["account"] = ANOTHER if tender["kind"] == "cash" else tender["account"]
    path.write_text(yaml.safe_dump(profile, sort_keys=False), encoding="utf-8")


def asks(cora: Desk, days: list[str]) -> str:
    """Choose, and see the difference to the cent; gives the back-fill's name."""
    cora.open("/back-fills")
    cora.page.get_by_role("textbox", name="First").fill(days[0])
    cora.page.get_by_role("textbox", name="Last").fill(days[-1])
    for store in STORES:
        cora.page.get_by_label(store).check()
    cora.page.get_by_label("Today's rules").check()
    cora.press("Show what would move")
    cora.sees("By account")
    for account in (CASH, ANOTHER):
        expect(cora.page.get_by_role("rowheader", name=account, exact=True)).to_be_visible()
    cora.sees("cora asked for it; another person approves")
    expect(cora.page.get_by_role("button", name="Approve and start")).to_have_count(0)
    return cora.page.url.rpartition("/")[2]


def lets(carl: Desk, name: str, days: list[str]) -> None:
    """Another person says why, and follows it to its end."""
    carl.open(f"/back-fills/{name}")
    carl.press("Approve and start", WHY)
    carl.sees("Approved by carl")
    expect(carl.page.get_by_text("Sign each date on its own page")).to_be_visible(timeout=ENDS_WITHIN)
    for day in days:
        expect(carl.page.get_by_role("rowheader", name=day).first).to_be_visible()


def signs(carl: Desk, day: str) -> None:
    carl.open(f"/close/{day}/books")
    carl.press("Look again")
    for box in carl.page.get_by_role("checkbox").all():
        box.set_checked(any(store in (box.get_attribute("value") or "") for store in STORES))
    carl.press("Sign", "looked at")
    carl.sees("3 store-days signed")


def tries_rules(cora: Desk) -> None:
    """Propose fewer rules, and see what they would lose."""
    cora.open("/rules")
    cora.page.get_by_label("Other rules, to be tried").fill(
        "name: no guesses\nwithout: [PL amount_day, PL amount_day_fee]\n"
    )
    cora.press("Try on all kept history")
    cora.sees("on all kept history")
    cora.sees("cora proposed it; another person approves")


def takes_evidence(carl: Desk, day: str) -> bytes:
    carl.open(f"/packs?day={day}")
    carl.page.get_by_label("all").check()
    carl.press("Write the pack")
    with carl.page.expect_download() as download:
        carl.page.get_by_role("link", name="close.pdf").click()
    return Path(download.value.path()).read_bytes()


def moved(home: Path, days: list[str]) -> set[tuple[str, str, str | None]]:
    """Who prepared and who approved what is posted of the dates, by state."""
    with open_store(home / "he_sync.db") as store:
        found = [one for day in days for one in books.of_day(store, day) if one.store in STORES]
    return {(one.state, one.prepared_by, one.approved_by) for one in found if ANOTHER in one.key}


def in_dagster(url: str) -> list[dict[str, object]]:
    """Dagster's back-fills."""
    answer = request(url, "POST", "/graphql", {"query": BACK_FILLS})
    found: list[dict[str, object]] = answer["data"]["partitionBackfillsOrError"]["results"]
    return found
