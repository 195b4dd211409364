"""The store-days of a date as finance will sign them: where each stands, what is in its way, its journals."""

from collections.abc import Iterator

import dagster as dg

from assets.days import CLOSED_BY, DAYS, ONE_RUN, RETRY, days_of
from assets.guard import retries_only_what_can_help
from assets.show import Shown, table
from he_sync.flows.books.nightly import Night, run
from he_sync.flows.night import Office
from he_sync.model.money import show
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

KEY = dg.AssetKey(["close", "store_days"])
READY = "Every store-day of the date is posted: nothing but a signature is missing."


def _states(found: Night) -> Shown:
    rows = [
        {
            "store": one.store,
            "state": one.standing.state,
            "taken": show(one.ground.day.tendered_minor),
            "journals": len(one.journals),
            "signed by": one.row.signed_by if one.standing.state == "signed" else "",
            "because": one.standing.because,
        }
        for one in found.looked
    ]
    return table(rows, empty="No store sold anything.")


def _check(results: dict[str, Night]) -> dg.AssetCheckResult:
    wrong = [
        {"day": day, "store": one.store, "state": one.standing.state, "because": one.standing.because}
        for day, found in results.items()
        for one in found.not_posted
    ]
    return dg.AssetCheckResult(
        check_name="store_days_posted",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} store-days wait for a person" if wrong else "every store-day may be signed",
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["reconcile", "close"]), dg.AssetKey(["reconcile", "store_days"])],
    group_name="5_close",
    owners=["team:finance"],
    description="Each store-day's state, its journals, and what keeps it from the next state",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    freshness_policy=CLOSED_BY,
    retry_policy=RETRY,
    pool="epicor_api",
    code_version="1",
    check_specs=[dg.AssetCheckSpec("store_days_posted", asset=KEY, description=READY)],
)
def close_store_days(
    context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Finance goes on from here with `he-sync close approve`, `post` and `sign`; what was signed is left alone."""
    results: dict[str, Night] = {}
    with retries_only_what_can_help(), connections.systems() as systems, memory.store() as store:
        office = Office(systems, store, memory.lake(), memory.retailer())
        for day in days_of(context):
            found = run(office, day.isoformat())
            results[day.isoformat()] = found
            context.add_asset_metadata(
                {
                    "store-days": _states(found),
                    "signed": sum(one.standing.state == "signed" for one in found.looked),
                    "not posted": len(found.not_posted),
                    "not proposed": table([{"why": line} for line in found.refused]),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(results)])
