"""Completeness as one asset by day: per store, what the ERP has of what the POS did, by count, amount and content."""

from collections.abc import Iterator

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, days_of
from assets.guard import retries_only_what_can_help
from assets.pulls import path
from assets.reconcile import ELSEWHERE
from assets.show import Shown, table
from he_sync.flows.completeness import INPUTS, Completeness, run
from he_sync.model.money import show
from he_sync.reconcile.completeness import Proof
from resources.memory import MemoryResource

KEY = dg.AssetKey(["reconcile", "completeness"])
NAMED = 3
COMPLETE = (
    "Orders, tenders, customers and stock of each store are the same on both sides, by count, amount and content."
)


def _names(names: tuple[str, ...]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest


def _row(proof: Proof) -> dict[str, str]:
    return {
        "store": proof.store or "company",
        "what": proof.entity,
        "POS": f"{proof.source.count:,} / {show(proof.source.amount_minor)}",
        "ERP": f"{proof.target.count:,} / {show(proof.target.amount_minor)}",
        "missing": _names(proof.missing),
        "too much": _names(proof.extra),
        "differs": _names(proof.other),
    }


def _shown(proofs: tuple[Proof, ...]) -> Shown:
    return table([_row(proof) for proof in proofs], empty="Every store-day is complete.")


def _check(results: dict[str, Completeness]) -> dg.AssetCheckResult:
    wrong = [{"day": day, **_row(proof)} for day, found in results.items() for proof in found.incomplete]
    return dg.AssetCheckResult(
        check_name="complete_by_store_and_day",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{day}: {found.freshness}" for day, found in results.items()),
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=KEY,
    deps=[*(dg.AssetKey(["canonical", name]) for name in INPUTS), ELSEWHERE],
    group_name="3_reconcile",
    kinds={"pandas"},
    owners=OWNERS,
    description="Per store, what the ERP has of what the POS did: count, amount, content hash, the missing by name",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
    check_specs=[dg.AssetCheckSpec("complete_by_store_and_day", asset=KEY, description=COMPLETE)],
)
def completeness(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """As pulled: what this night writes back is there in the next."""
    results: dict[str, Completeness] = {}
    with retries_only_what_can_help():
        for day in days_of(context):
            found = run(memory.lake(), day.isoformat(), memory.retailer())
            results[day.isoformat()] = found
            context.add_asset_metadata(
                {
                    "freshness": found.freshness,
                    "incomplete": len(found.incomplete),
                    "store-days": _shown(found.incomplete),
                    "file": path(found.snapshot),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(results)])
