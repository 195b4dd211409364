"""The suite of the close over a date: our contracts and rules held against it, the published pages linked."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.days import CLOSED_BY, DAYS, ONE_RUN, days_of
from assets.guard import retries_only_what_can_help
from assets.show import Shown, table
from he_sync.flows.books.expectations import FOLDER, Held, hold
from he_sync.flows.books.ground import Memory
from he_sync.quality.close_suite.rules import Met
from he_sync.settings import variable
from resources.memory import MemoryResource

KEY = dg.AssetKey(["close", "expectations"])
MET = (
    "Every expectation of the close is met: contracts, balances, four eyes, completeness, accounts at their open items."
)


def _case(one: Met) -> dict[str, str | int]:
    told = {"table": one.table, "columns": one.column, "because": one.why, "such as": "; ".join(one.examples)}
    return {**told, "rows": one.broken}


def _by_table(held: Held) -> Shown:
    names = dict.fromkeys(one.table for one in held.found)
    mine = {name: [one for one in held.found if one.table == name] for name in names}
    return table(
        [
            {"table": name, "expectations": len(some), "met": sum(one.success for one in some)}
            for name, some in mine.items()
        ]
    )


def _pages(held: Held, day: str) -> dg.MetadataValue[str]:
    """The console's address of the pages where one is set, else their place on disk."""
    console = variable("HE_CONSOLE_URL", os.environ, "").rstrip("/")
    if console:
        return dg.MetadataValue.url(f"{console}/close/{day}/expectations/index.html")
    return dg.MetadataValue.path(str(held.index))


def _check(results: dict[str, Held]) -> dg.AssetCheckResult:
    wrong = [{"day": day, **_case(one)} for day, held in results.items() for one in held.broken]
    count = sum(len(held.found) for held in results.values())
    return dg.AssetCheckResult(
        check_name="expectations_met",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} of {count} expectations are not met" if wrong else f"all {count} are met",
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["close", "clearing"])],
    group_name="5_close",
    kinds={"greatexpectations"},
    owners=["team:finance"],
    description="What our contracts and rules expect of a close, with the published pages",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    freshness_policy=CLOSED_BY,
    code_version="1",
    check_specs=[dg.AssetCheckSpec("expectations_met", asset=KEY, description=MET)],
)
def close_expectations(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """The same as `he-sync close docs DATE`, into `data_docs` of the home."""
    results: dict[str, Held] = {}
    with retries_only_what_can_help(), memory.store() as store:
        books = Memory(store, memory.lake(), memory.retailer())
        for day in days_of(context):
            held = hold(books, day.isoformat(), Path(memory.home) / FOLDER / day.isoformat())
            results[day.isoformat()] = held
            context.add_asset_metadata(
                {
                    "data docs": _pages(held, day.isoformat()),
                    "tables": _by_table(held),
                    "not met": len(held.broken),
                    "expectations": len(held.found),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(results)])
