"""A week is closed from the Dagster UI, in a real browser, the way finance does it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from playwright.sync_api import expect

from he_sync.cli import check, house
from he_sync.flows import close
from he_sync.sandbox.state import State
from he_sync.store import dead_letters
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.browser import bad_documents, finance, installation
from tests.browser.visitor import Visitor, visiting


def test_a_week_back_filled_from_the_ui_is_one_run_seven_green_dates_and_its_findings_are_readable(
    tmp_path: Path, chromium: str
) -> None:
    days = installation.a_week(tmp_path, house.last_friday())
    with installation.up(tmp_path) as urls, visiting(chromium, urls["dagster"]) as visitor:
        visitor.back_fill("nightly_close", days[0], days[-1])
        [run] = visitor.wait_for_runs()
        assert run["status"] == "SUCCESS"
        assert (
            run["tags"]["dagster/asset_partition_range_start"],
            run["tags"]["dagster/asset_partition_range_end"],
        ) == (
            days[0],
            days[-1],
        )
        greens = installation.materialised(visitor.url)
        assert "reconcile/close" in greens
        assert greens.pop("close/back_fill") == (0, 0)  # is for what finance asks for
        assert set(greens.values()) == {(7, 0)}
        shows_seven_green_dates(visitor, days)
        shows_the_close_as_a_table_and_a_plot(visitor, days[-1])
        shows_the_bad_documents(visitor)
        lets_finance_do_five_of_them_again(visitor, urls, tmp_path, days[:5])
    keeps_the_bad_documents_and_finds_the_rest(tmp_path, days[-1])
    corrects_no_stock_twice(tmp_path)


def lets_finance_do_five_of_them_again(visitor: Visitor, urls: dict[str, str], home: Path, days: list[str]) -> None:
    """Asked for by one, let by another, one back-fill of Dagster's; the correction and nothing else is posted."""
    browser, base = visitor.page.context.browser, urls["console"].partition("/enter/")[0]
    assert browser is not None
    finance.prepare(home)
    with finance.at_the_desk(browser, base, "cora") as cora, finance.at_the_desk(browser, base, "carl") as carl:
        name = finance.asks(cora, days)
        assert finance.moved(home, days) == set()
        finance.lets(carl, name, days)
        assert finance.moved(home, days) == {("posted", "cora", "carl")}
        [mine] = [one for one in finance.in_dagster(urls["dagster"]) if str(one["id"]).startswith(name)]
        assert mine["numPartitions"] == len(days)
        finance.signs(carl, days[0])
        assert finance.takes_evidence(carl, days[0]).startswith(b"%PDF-")


def shows_seven_green_dates(visitor: Visitor, days: list[str]) -> None:
    visitor.partition("reconcile/close", days[-1])
    expect(visitor.page.get_by_text("Materialized (7)")).to_be_visible()
    expect(visitor.page.get_by_text("Failed (0)")).to_be_visible()


def shows_the_close_as_a_table_and_a_plot(visitor: Visitor, day: str) -> None:
    visitor.partition("reconcile/close", day)
    row = visitor.page.get_by_role("row").filter(has=visitor.page.get_by_role("cell", name="missing_gl", exact=True))
    expect(row.last).to_contain_text("ledger")
    plot = visitor.picture_in("plot")
    assert plot.evaluate("image => image.complete && image.naturalWidth") == 800


def shows_the_bad_documents(visitor: Visitor) -> None:
    visitor.check("canonical/tickets")
    expect(visitor.page.get_by_text("2 records set aside")).to_be_visible()
    for record, why in (
        (bad_documents.WRONG_TOTAL, "total is the sum of its parts"),
        (bad_documents.STRANGE_TENDER, f"payment type '{bad_documents.TENDER}' is no tender of the profile"),
    ):
        case = visitor.page.get_by_role("row").filter(has=visitor.page.get_by_role("cell", name=str(record)))
        expect(case.last).to_contain_text(why)


def keeps_the_bad_documents_and_finds_the_rest(home: Path, day: str) -> None:
    """Two letters of the date wait for a person; no planted difference is hidden by them, none is invented."""
    store = open_store(home / "he_sync.db")
    kept = {kept.letter.record for kept in dead_letters.listing(store, day)}
    assert kept == {str(bad_documents.WRONG_TOTAL), str(bad_documents.STRANGE_TENDER)}
    report = close.report(store, Lake(home / "lake"), day)
    assert check.compare(home / "sandbox", day, report.differences) == []


def corrects_no_stock_twice(home: Path) -> None:
    """Every date of the range finds the same drift of today's stock; it is one drift and gets one correction."""
    written = State(home / "sandbox").oracle(
        "origin = 'api' AND operation = 'insert' AND collection = 'epicor/PartTran'"
    )
    corrected = Counter((row["after"]["PartNum"], row["after"]["WareHouseCode"]) for row in written)
    assert corrected
    assert set(corrected.values()) == {1}
