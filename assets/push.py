"""The way back: a plan of what would change, the writes to each system, and the close that says what remains."""

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, RETRY, days_of
from assets.guard import retries_only_what_can_help
from assets.plot import bars
from assets.show import Shown, table, worth
from assets.stock import BOOKED
from he_sync.flows import close
from he_sync.flows.compare import LEGS
from he_sync.model.difference import CLASSES
from he_sync.model.money import show
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

COMPARED = [dg.AssetKey(["reconcile", leg]) for leg in LEGS]
PLAN = dg.AssetKey(["push", "plan"])


@dg.asset(
    name="plan",
    key_prefix="push",
    deps=[*COMPARED, BOOKED],
    group_name="4_push",
    owners=OWNERS,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
)
def plan(context: dg.AssetExecutionContext, memory: MemoryResource) -> None:
    """What would change in which system, old -> new; what is over its limit waits for a person."""
    store, lake, retailer = memory.store(), memory.lake(), memory.retailer()
    with retries_only_what_can_help():
        for day in days_of(context):
            planned = close.plan(store, lake, day.isoformat(), retailer)
            context.add_asset_metadata(
                {
                    "new": planned.new,
                    "already known": planned.known,
                    "conflicts": planned.conflicts,
                    "held until an earlier one ends": len(planned.held),
                    "waiting for approval": planned.waiting,
                    "refused": len(planned.refused),
                    "plan": _preview(planned),
                },
                partition_key=day.isoformat(),
            )


def _preview(planned: close.Planned) -> Shown:
    """Where, what, old -> new, and whether a person must say yes first."""
    rows = [
        {
            "target": one.target,
            "what": one.kind.replace("_", " "),
            "of": one.entity,
            "change": one.summary,
            "needs": "" if one.limit_ok else "approval",
        }
        for one in planned.effects
    ]
    return table(rows, empty="nothing to write")


def _written(system: str, after: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        name=system,
        key_prefix="push",
        deps=after,
        group_name="4_push",
        kinds={"api"},
        owners=OWNERS,
        description=f"Planned effects written to {system}, each once",
        partitions_def=DAYS,
        backfill_policy=ONE_RUN,
        pool=f"{system}_api",
        retry_policy=RETRY,
        code_version="1",
    )
    def written(context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource) -> None:
        with retries_only_what_can_help(), connections.systems() as systems:
            done = close.push(memory.store(), systems, memory.retailer(), system, worker=context.run.run_id)
            problems = table([{"problem": line} for line in done.problems])
            for day in days_of(context):
                context.add_asset_metadata(
                    {**done.states, "problems": problems, "stopped because": done.stopped or "not stopped"},
                    partition_key=day.isoformat(),
                )

    return written


@dg.asset(
    name="close",
    key_prefix="reconcile",
    deps=[dg.AssetKey(["push", "epicor"]), dg.AssetKey(["push", "heartland"])],
    group_name="5_close",
    owners=["team:finance"],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
)
def closed(context: dg.AssetExecutionContext, memory: MemoryResource) -> None:
    """The day in one page: what came in, what differed by class and cents, what was written, what remains.

    Settled: a write confirmed at the other side took the difference away, planned by this date or by another that
    met the same drift of stock. Written back: the writes that this date planned.
    """
    with retries_only_what_can_help():
        for day in days_of(context):
            report = close.report(memory.store(), memory.lake(), day.isoformat())
            context.add_asset_metadata(
                {
                    "differences": len(report.differences),
                    "settled": len(report.differences) - report.remaining,
                    "remaining": report.remaining,
                    "remaining amount": show(report.remaining_minor),
                    "written back": report.written,
                    "plot": dg.MetadataValue.md(
                        f"![differences by class](data:image/png;base64,{bars(report.by_class())})"
                    ),
                    "by class": _by_class(report),
                    "came in": ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.rows.items()),
                },
                partition_key=day.isoformat(),
            )


def _by_class(report: close.Report) -> Shown:
    rows = [
        {
            "leg": CLASSES[name],
            "class": name,
            "found": found,
            "open": still,
            "amount": worth([one for one in report.differences if one.klass == name]),
        }
        for name, (found, still) in report.by_class().items()
    ]
    return table(sorted(rows, key=lambda row: LEGS.index(row["leg"])), empty="No differences.")


PUSH = [plan, _written("epicor", [PLAN]), _written("heartland", [PLAN, dg.AssetKey(["push", "epicor"])]), closed]
