"""Canonical frames: contracts checked row by row; bad rows are dead letters, the rest travels on."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import dedent

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, days_of
from assets.guard import retries_only_what_can_help
from assets.pulls import facts
from assets.show import Shown, columns, table
from he_sync.flows.canonical import STEPS, Result, Step, run
from he_sync.flows.set_aside import set_aside
from he_sync.quality.contracts import Failure
from resources.memory import MemoryResource

BAD_SHARE = 20
"""One bad row in 20 is no bad row but a broken source: the check fails and nothing downstream starts."""
SHOWN = 20
CHECKED = (
    "Every row keeps its contract (see Columns). A row that breaks a rule is set aside as a dead letter with column,"
    f" rule and payload, and the rest travels on; more than one bad row in {BAD_SHARE} stops what comes after."
)


def check_of(name: str, results: Mapping[str, Result]) -> dg.AssetCheckResult:
    """The contract check of one frame over the dates of a run, with the failure cases."""
    failures = [
        (day, failure)
        for day, result in results.items()
        for failure in result.failures
        if failure.entity == name or "/" in failure.entity
    ]
    rows = sum(result.snapshots[name].rows for result in results.values())
    return contract_check(["canonical", name], rows, failures)


def contract_check(key: Sequence[str], rows: int, failures: Sequence[tuple[str, Failure]]) -> dg.AssetCheckResult:
    """The check of rows that were kept beside failures, each with its day."""
    bad = len({(failure.entity, failure.record) for _, failure in failures})
    blocked = bad * BAD_SHARE > max(rows, BAD_SHARE)
    return dg.AssetCheckResult(
        check_name="contract",
        asset_key=key,
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
        description=f"{rows:,} rows kept, {bad:,} records set aside",
        metadata={"rows kept": rows, "records set aside": bad, "cases": _cases(failures)},
    )


def _cases(failures: Sequence[tuple[str, Failure]]) -> Shown:
    rows = [
        {
            "day": day,
            "record": f"{failure.entity} {failure.record}",
            "column": failure.column,
            "rule": failure.rule,
            "value": failure.value,
        }
        for day, failure in failures
    ]
    return table(rows, shown=SHOWN)


def _specs(step: Step) -> list[dg.AssetSpec]:
    sources = [dg.AssetKey(entity.split("/")) for entity in (*step.entities, *step.also)]
    return [
        dg.AssetSpec(
            ["canonical", name],
            deps=sources,
            group_name="2_canonical",
            kinds={"pandas"},
            owners=OWNERS,
            description=f"{dedent(frame.contract.__doc__ or '').strip()}\n\nMade with: {step.about}.",
            metadata={"dagster/column_schema": columns(frame.contract)},
            code_version="1",
        )
        for name, frame in step.frames.items()
    ]


def _asset(step: Step) -> dg.AssetsDefinition:
    checks = [
        dg.AssetCheckSpec("contract", asset=["canonical", name], blocking=True, description=CHECKED)
        for name in step.frames
    ]

    @dg.multi_asset(
        name=f"canonical_{step.name}",
        specs=_specs(step),
        check_specs=checks,
        partitions_def=DAYS,
        backfill_policy=ONE_RUN,
    )
    def canonical(
        context: dg.AssetExecutionContext, memory: MemoryResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
        lake, retailer, store = memory.lake(), memory.retailer(), memory.store()
        results: dict[str, Result] = {}
        with retries_only_what_can_help():
            for day in days_of(context):
                result = run(step, lake, day.isoformat(), retailer)
                set_aside(store, result.failures, day.isoformat())
                results[day.isoformat()] = result
                for name, snapshot in result.snapshots.items():
                    context.add_asset_metadata(
                        facts(snapshot), asset_key=["canonical", name], partition_key=day.isoformat()
                    )
        for name in step.frames:
            yield dg.MaterializeResult(asset_key=["canonical", name], check_results=[check_of(name, results)])

    return canonical


CANONICAL = [_asset(step) for step in STEPS.values()]
