"""The pictures of the README, taken from a real installation: `python -m tests.browser.pictures docs/pictures`."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from he_sync.cli import house
from tests.browser import installation
from tests.browser.visitor import Visitor, visiting

COLOURS = 192
SETTLES = 1500
"""Milliseconds: a graph fades in and comes to rest, and no element says when it has."""
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


def check(visitor: Visitor, folder: Path) -> None:
    size(visitor, 800)
    visitor.check("canonical/tickets")
    take(visitor, folder, "contract")


def main(folder: Path) -> None:
    """A week in a fresh installation, back-filled from the UI, and what it then looks like."""
    chromium = next(found for name in CHROMIUM if (found := shutil.which(name)))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        days = installation.a_week(Path(name), house.last_friday())
        with installation.up(Path(name)) as urls, visiting(chromium, urls["dagster"]) as visitor:
            visitor.back_fill("nightly_close", days[0], days[-1])
            [done] = visitor.wait_for_runs()
            lineage(visitor, folder)
            run(visitor, folder, str(done["runId"]))
            closed(visitor, folder, days[-1])
            check(visitor, folder)
            partitions(visitor, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
