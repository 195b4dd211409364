"""Stock by day: what both systems counted, how far they are apart by place and worth, what the shop moved since."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, RETRY, days_of
from assets.guard import retries_only_what_can_help
from assets.plot import drift_by_place
from assets.show import table
from he_sync.flows.stock import drift as stock
from he_sync.flows.stock.night import catch_up
from he_sync.flows.stock.sets import Yard
from he_sync.model.money import show
from he_sync.model.quantity import from_milli
from he_sync.stock.policy import Policy
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

GROUP = "3_reconcile"
SNAPSHOT, DRIFT, BOOKED = (dg.AssetKey(["stock", name]) for name in ("snapshot", "differences", "booked"))
LEVELS, INVENTORY = dg.AssetKey(["canonical", "stock_levels"]), dg.AssetKey(["reconcile", "inventory"])
NEGATIVE = "No place has less than nothing of an item; what is below is published as zero and listed with its cause."
STALE = "Both sides were read together, and every movement of the shop was taken."


@dg.asset(
    key=SNAPSHOT,
    deps=[LEVELS],
    group_name=GROUP,
    kinds={"pandas"},
    owners=OWNERS,
    description="What both systems counted, by place",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec("negative_stock", asset=SNAPSHOT, description=NEGATIVE),
        dg.AssetCheckSpec("stale_stock", asset=SNAPSHOT, description=STALE),
    ],
)
def snapshot(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """As pulled."""
    below: list[dict[str, str]] = []
    old: list[dict[str, str]] = []
    with retries_only_what_can_help():
        for one in days_of(context):
            day = one.isoformat()
            rows = stock.levels(memory.lake(), day)
            below += [{"day": day, "record": name, "cause": why} for name, why in stock.negatives(rows)]
            old += [{"day": day, "reason": why} for why in stock.stale(memory.lake(), memory.store(), day)]
            sides = [f"{side}: {len(some):,} counts" for side, some in rows.groupby("side")]
            figures = {"dagster/partition_row_count": len(rows), "sides": ", ".join(sides)}
            context.add_asset_metadata(figures, partition_key=day)
    yield dg.MaterializeResult(check_results=[_check("negative_stock", below), _check("stale_stock", old)])


def _check(name: str, wrong: list[dict[str, str]]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} found" if wrong else "none",
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=DRIFT,
    deps=[INVENTORY, dg.AssetKey(["canonical", "products"])],
    group_name=GROUP,
    kinds={"pandas"},
    owners=OWNERS,
    description="How far both systems are apart, by place and worth, and what to count again",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
)
def differences(context: dg.AssetExecutionContext, memory: MemoryResource) -> None:
    """At Epicor's price of a piece."""
    with retries_only_what_can_help():
        for day in days_of(context):
            found = stock.drift(memory.lake(), day.isoformat())
            plot = drift_by_place([(one.code, one.minor, one.cells) for one in found.places])
            places = [
                {"place": one.code, "items": one.cells, "units": f"{from_milli(one.milli):f}", "worth": show(one.minor)}
                for one in found.places
            ]
            again = [
                {"of": one.subject, "evidence": one.evidence, "worth": show(minor)} for one, minor in found.recounts
            ]
            context.add_asset_metadata(
                {
                    "worth": show(found.minor),
                    "plot": dg.MetadataValue.md(f"![drift by place](data:image/png;base64,{plot})"),
                    "places": table(places, empty="Both sides agree."),
                    "count again": table(again, empty="Nothing is worth a recount."),
                },
                partition_key=day.isoformat(),
            )


@dg.asset(
    key=BOOKED,
    deps=[dg.AssetKey(["heartland", "stock"]), dg.AssetKey(["epicor", "parts"])],
    group_name=GROUP,
    kinds={"api"},
    owners=OWNERS,
    description="What the shop moved until its counts were read, taken so that no plan corrects it as a difference",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    pool="heartland_api",
    retry_policy=RETRY,
    code_version="1",
)
def booked(context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource) -> None:
    """Nothing where bookings were never begun (`he-sync stock push`)."""
    with retries_only_what_can_help(), connections.systems() as systems:
        yard = Yard(systems, memory.store(), memory.retailer(), Policy())
        out = catch_up(yard, datetime.now(UTC))
        for day in days_of(context):
            figures = {"taken": out.taken, "booked": out.booked, "transactions": len(out.effects)}
            exceptions = table([{"reason": one.reason} for one in out.troubles])
            context.add_asset_metadata({**figures, "exceptions": exceptions}, partition_key=day.isoformat())


STOCK = [snapshot, differences, booked]
