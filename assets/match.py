"""Customers of both systems matched: read by change, compared when something changed, taken into the master."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import dagster as dg

from assets.canonical import CHECKED, contract_check
from assets.days import OWNERS, RETRY
from assets.guard import retries_only_what_can_help
from assets.plot import scores as plotted
from assets.pulls import path
from assets.show import columns, table
from he_sync.flows.customer_matching import roster, running
from he_sync.flows.customer_matching.running import Run
from he_sync.flows.customer_matching.verdicts import NAMES, Verdict, verdicts
from he_sync.flows.set_aside import set_aside
from he_sync.flows.sources import Ask
from he_sync.model.calendar import zone
from he_sync.model.customer import CustomerRecords
from he_sync.store.master import Deed, count
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

GROUP = "6_match"
ROSTERS = [dg.AssetKey(["match", name]) for name in roster.SIDES]
TABLES = {
    "pairs": "Candidates across the systems with score, decision and reasons",
    "clusters": "Each record in one customer",
    "households": "Who lives together; never a reason to merge",
    "golden": "One row a customer, each field with the record that it comes from",
}
CHECKED_ON = {
    "match_rate": "clusters",
    "review_share": "pairs",
    "largest_customer": "golden",
    "model_drift": "pairs",
    "oversize_blocks": "pairs",
}


class Reading(dg.Config):
    """`whole`: read all customers, not only what changed since the last read."""

    whole: bool = False


class Holding(dg.Config):
    """`accept`: why a run is right that the checks would hold back; they warn then."""

    accept: str = ""


def _roster(name: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["match", name])

    @dg.asset(
        key=key,
        group_name=GROUP,
        kinds={"parquet"},
        owners=OWNERS,
        description=(
            f"The customers of {name.capitalize()} as they are now, read by change and once a week whole.\n\n"
            f"{dedent(CustomerRecords.__doc__ or '').strip()}"
        ),
        metadata={"dagster/column_schema": columns(CustomerRecords)},
        pool=f"{name}_api",
        retry_policy=RETRY,
        code_version="1",
        check_specs=[dg.AssetCheckSpec("contract", asset=key, blocking=True, description=CHECKED)],
    )
    def customers(config: Reading, memory: MemoryResource, connections: ConnectionsResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        retailer = memory.retailer()
        today = datetime.now(zone(retailer.timezone)).date()
        with retries_only_what_can_help(), connections.systems() as systems, memory.store() as store:
            found = roster.refresh(name, Ask(systems, retailer, today), memory.lake(), whole=config.whole)
            set_aside(store, found.failures, today.isoformat())
        failures = [(today.isoformat(), failure) for failure in found.failures]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": found.snapshot.rows,
                "read": "all customers" if found.whole else "what changed",
                "documents read": found.read,
                **found.changed,
                "file": path(found.snapshot),
            },
            data_version=dg.DataVersion(found.snapshot.digest[:24]),
            check_results=[contract_check(key.path, found.snapshot.rows, failures)],
        )

    return customers


@dg.multi_asset(
    name="match_run",
    specs=[
        dg.AssetSpec(
            ["match", name],
            deps=ROSTERS,
            group_name=GROUP,
            kinds={"polars"},
            owners=OWNERS,
            description=text,
            skippable=True,
            code_version=str(running.RULES),
        )
        for name, text in TABLES.items()
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=["match", CHECKED_ON[name]], blocking=True, description=text)
        for name, text in NAMES.items()
    ],
)
def match_run(
    context: dg.AssetExecutionContext, config: Holding, memory: MemoryResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
    """Nothing where the last run that was taken was made from the same customers and decisions."""
    with retries_only_what_can_help(), memory.store() as store:
        run = running.run(memory.lake(), store, Path(memory.home), memory.retailer())
    found = verdicts(run)
    if run.same:
        context.log.info("the same customers and decisions as in run %s: nothing is matched again", run.folder.name)
        yield from (_check(one, config.accept) for one in found)
        return
    for name in TABLES:
        yield dg.MaterializeResult(
            asset_key=["match", name],
            metadata=_facts(run, name),
            data_version=dg.DataVersion(run.folder.name),
            check_results=[_check(one, config.accept) for one in found if CHECKED_ON[one.name] == name],
        )


def _check(verdict: Verdict, accepted: str) -> dg.AssetCheckResult:
    held = verdict.holds and not accepted
    return dg.AssetCheckResult(
        check_name=verdict.name,
        asset_key=["match", CHECKED_ON[verdict.name]],
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if held else dg.AssetCheckSeverity.WARN,
        description=verdict.said + (f"; accepted: {accepted}" if accepted and not verdict.passed else ""),
        metadata={**verdict.figures, "cases": table(verdict.cases)},
    )


def _facts(run: Run, name: str) -> dict[str, Any]:
    """What the page of a table shows: its rows, its file, and what it has to say beside."""
    rows = {"dagster/row_count": len(run.table(name)), "file": str(run.folder / f"{name}.{running.KIND}")}
    return {**rows, **SAYS[name](run)}


def _of_pairs(run: Run) -> dict[str, Any]:
    return {
        "decisions": _counts(run.summary["decisions"]),
        "links by itself from": run.summary["match_from"],
        "plot": dg.MetadataValue.md(f"![pairs by score](data:image/png;base64,{plotted(run.histogram())})"),
        "blocking": table(run.table("blocking").drop("example").to_dicts()),
        "report": dg.MetadataValue.path(run.folder / "report.html"),
    }


def _of_clusters(run: Run) -> dict[str, Any]:
    names = dict(zip(("left", "right"), run.sides, strict=False))
    rows = [
        {
            "side": name,
            "records": f"{run.summary['records'][side]:,}",
            "matched": f"{run.summary['match_rate'][side]:.1%}",
            "left out": _counts({why: count for why, count in run.left_out[name].items() if count}) or "none",
        }
        for side, name in names.items()
    ]
    return {
        "customers": run.summary["customers"],
        "sides": table(rows),
        "decided by people": run.made_from["decisions"][0],
    }


def _of_golden(run: Run) -> dict[str, Any]:
    sizes = run.table("golden")["records"].value_counts().sort("records").rows()
    return {"customers by records": table([{"records": size, "customers": f"{many:,}"} for size, many in sizes])}


SAYS = {
    "pairs": _of_pairs,
    "clusters": _of_clusters,
    "households": lambda run: {"households": run.summary["households"]},
    "golden": _of_golden,
}


def _counts(some: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in some.items())


@dg.asset(
    name="master",
    key_prefix="match",
    deps=[dg.AssetKey(["match", name]) for name in TABLES],
    group_name=GROUP,
    owners=OWNERS,
    code_version="1",
)
def taken(context: dg.AssetExecutionContext, memory: MemoryResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The run in the customer master: who joined, merged or parted, and the pairs that wait at the review desk."""
    deed = Deed("matching", f"run {context.run.run_id}")
    with retries_only_what_can_help(), memory.store() as store:
        found = running.take(memory.lake(), store, Path(memory.home), memory.retailer(), deed)
        customers = count(store)
    told = {
        "dagster/row_count": customers,
        "new customers": found.new,
        "records joined": found.joined,
        "customers merged": found.merged,
        "customers parted": found.parted,
        "records changed": found.changed,
        "pairs for people": found.review,
    }
    return dg.MaterializeResult(metadata=told)


MATCH = [*(_roster(name) for name in roster.SIDES), match_run, taken]
