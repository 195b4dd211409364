"""The pictures of the README, taken from a real installation: `python -m tests.browser.pictures docs/pictures`.

`day`, `night` or `canvas` behind the folder takes that part alone.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from he_sync.cli import house
from he_sync.model.retailer import dump_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from tests.bench.latency_shop import Shop
from tests.browser import finance, installation
from tests.browser.visitor import Visitor, a_page, visiting
from tests.console.conftest import NOBODY_LISTENS, serving
from tests.mapping_language import shop

COLOURS = 192
SETTLES = 1500
"""Milliseconds: a graph fades in and comes to rest, and no element says when it has."""
SCREEN = {"width": 1440, "height": 900}
ORDERS, WITHIN = 60, 120.0
OUT = 12
"""Clicks on "zoom out" until ten assets fit."""
BOTH_NAMES = {"sql": "trim(customer.first_name) || ' ' || trim(customer.last_name)"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def take(visitor: Visitor, folder: Path, name: str) -> None:
    """A screenshot in few colours: flat surfaces and text lose nothing by it, the file shrinks to a third."""
    visitor.page.wait_for_timeout(SETTLES)
    shot = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    shot.quantize(COLOURS).save(folder / f"{name}.png", optimize=True)


def size(visitor: Visitor, height: int) -> None:
    visitor.page.set_viewport_size({"width": 1400, "height": height})


def lineage(visitor: Visitor, folder: Path) -> None:
    size(visitor, 480)
    visitor.open("/asset-groups", "1_pull_heartland")
    visitor.page.get_by_role("button", name="Hide navigation").click()
    visitor.open("/asset-groups", "1_pull_heartland")
    take(visitor, folder, "lineage")


def run(visitor: Visitor, folder: Path, number: str) -> None:
    size(visitor, 1050)
    visitor.open(f"/runs/{number}", "RUN_SUCCESS")
    visitor.page.get_by_role("button").filter(has=visitor.page.get_by_role("img", name="expand_arrows")).first.click()
    take(visitor, folder, "run")


def partitions(visitor: Visitor, folder: Path) -> None:
    size(visitor, 1000)
    visitor.open("/locations/he-sync/jobs/nightly_close/partitions", "Backfill history")
    visitor.page.get_by_role("button", name="Show per-asset status").click()
    take(visitor, folder, "partitions")


def closed(visitor: Visitor, folder: Path, day: str) -> None:
    size(visitor, 1420)
    visitor.partition("reconcile/close", day)
    take(visitor, folder, "close")
    visitor.picture_in("plot")
    size(visitor, 1000)
    take(visitor, folder, "plot")


def chained(visitor: Visitor, folder: Path, day: str) -> None:
    size(visitor, 1250)
    visitor.partition("reconcile/chain", day)
    take(visitor, folder, "chain")


def report(visitor: Visitor, folder: Path, page: Path) -> None:
    """What finance opens: a file, not a page of Dagster."""
    size(visitor, 1500)
    visitor.page.goto(page.as_uri())
    take(visitor, folder, "report")


def check(visitor: Visitor, folder: Path) -> None:
    size(visitor, 800)
    visitor.check("canonical/tickets")
    take(visitor, folder, "contract")


def flows(visitor: Visitor, folder: Path) -> None:
    """The group of flows, drawn small enough that all of it is seen."""
    visitor.open("/locations/he-sync/asset-groups/0_flows", "order_to_fulfilment")
    smaller = visitor.page.get_by_role("button").filter(has=visitor.page.get_by_role("img", name="zoom_out")).first
    for _ in range(OUT):
        smaller.click()
    take(visitor, folder, "flows")


def drained(visitor: Visitor, folder: Path) -> None:
    """The run that answered a busy minute, and the newest micro-batch of orders in it."""
    [one] = [run for run in installation.runs(visitor.url) if (run["jobName"], run["status"]) == ("drain", "STARTED")]
    visitor.open(f"/runs/{one['runId']}", "ASSET_MATERIALIZATION")
    take(visitor, folder, "drain")
    visitor.open("/assets/flow/order_to_fulfilment?view=events", "latency p50")
    take(visitor, folder, "batch")


def sell(urls: dict[str, str], home: Path) -> None:
    """A minute of the shop: many orders at once, then a last one alone, whose micro-batch fits a screen."""
    shop = Shop(urls, home)
    try:
        announce(shop, [shop.order() for _ in range(ORDERS)])
        announce(shop, [shop.order()])
    finally:
        shop.close()


def announce(shop: Shop, orders: list[int]) -> None:
    mark, until = shop.mark(), time.monotonic() + WITHIN
    for order in orders:
        shop.tell(order)
    while shop.count(mark) < len(orders):
        if time.monotonic() > until:
            raise RuntimeError(f"{len(orders)} orders are not in Epicor after {WITHIN:.0f} s")
        time.sleep(0.1)


def day(folder: Path, chromium: str) -> None:
    """What the Dagster UI shows of events."""
    with (
        tempfile.TemporaryDirectory() as name,
        installation.up(Path(name)) as urls,
        visiting(chromium, urls["dagster"]) as visitor,
    ):
        sell(urls, Path(name))
        visitor.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        drained(visitor, folder)
        flows(visitor, folder)


def night(folder: Path, chromium: str) -> None:
    """A week in a fresh installation, back-filled from the UI, and what it then looks like."""
    with tempfile.TemporaryDirectory() as name:
        days = installation.a_week(Path(name), house.last_friday())
        with installation.up(Path(name)) as urls, visiting(chromium, urls["dagster"]) as visitor:
            visitor.back_fill("nightly_close", days[0], days[-1])
            [done] = visitor.wait_for_runs()
            lineage(visitor, folder)
            run(visitor, folder, str(done["runId"]))
            closed(visitor, folder, days[-1])
            chained(visitor, folder, days[-1])
            check(visitor, folder)
            partitions(visitor, folder)
            report(visitor, folder, Path(name) / "chain" / days[-1] / "report.html")
            consoled(visitor, folder, urls["console"], days[-1])
            financed(visitor, folder, urls["console"].partition("/enter/")[0], Path(name), days[:5])


def canvas(folder: Path, chromium: str) -> None:
    """Orders of a shop that were read, and a mapping of them that somebody began."""
    with tempfile.TemporaryDirectory() as name, a_page(chromium) as page:
        home, state = Path(name), State(Path(name) / "world")
        world.create(state, size="small", seed=5)
        (home / "profile.yaml").write_text(dump_retailer(world.profile(state)), encoding="utf-8")
        file = home / "mappings" / shop.NAME / "mapping.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(shop.mapping({"PONum": {"from": "id"}, "CustName": BOTH_NAMES}), encoding="utf-8")
        with serving(home, {**NOBODY_LISTENS, "HE_HOME": name}) as served:
            shop.tell(served.store)
            visitor = Visitor(page, f"http://{served.address}")
            page.goto(f"{visitor.url}/enter/{served.keys.way_in}")
            size(visitor, 1150)
            page.goto(f"{visitor.url}/mappings/{shop.NAME}")
            take(visitor, folder, "mapping")


def consoled(visitor: Visitor, folder: Path, way_in: str, day: str) -> None:
    """The pages of operators and finance, after a close that left something to decide."""
    base = way_in.partition("/enter/")[0]
    size(visitor, 560)
    visitor.page.goto(way_in)
    take(visitor, folder, "console")
    for path, name, height in (
        ("/approvals", "approvals", 700),
        (f"/close/{day}", "store_days", 900),
        ("/letters", "letters", 700),
        ("/flows/order_to_fulfilment", "designer", 900),
    ):
        size(visitor, height)
        visitor.page.goto(base + path)
        take(visitor, folder, name)


def financed(visitor: Visitor, folder: Path, base: str, home: Path, days: list[str]) -> None:
    """What finance sees of a back-fill: the difference, and what was done; then a trial of rules, and evidence."""
    browser = visitor.page.context.browser
    if browser is None:
        raise RuntimeError("this page belongs to no browser")
    finance.prepare(home)
    with finance.at_the_desk(browser, base, "cora") as cora, finance.at_the_desk(browser, base, "carl") as carl:
        name = finance.asks(cora, days)
        carl.open(f"/back-fills/{name}")
        shot(carl, folder, "back_fill", 1000)
        finance.lets(carl, name, days)
        shot(carl, folder, "back_fill_done", 900)
        finance.signs(carl, days[0])
        cora.open("/exceptions")
        shot(cora, folder, "exceptions", 900)
        finance.tries_rules(cora)
        shot(cora, folder, "rules", 900)
        finance.takes_evidence(carl, days[0])
        shot(carl, folder, "evidence", 800)


def shot(desk: finance.Desk, folder: Path, name: str, height: int) -> None:
    desk.page.set_viewport_size({"width": 1400, "height": height})
    take(Visitor(desk.page, desk.base), folder, name)


def main(folder: Path, *parts: str) -> None:
    """All of them, or those that are named."""
    chromium = next(found for name in CHROMIUM if (found := shutil.which(name)))
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts or ("day", "night", "canvas"):
        {"day": day, "night": night, "canvas": canvas}[part](folder, chromium)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
