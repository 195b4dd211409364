"""The settlement chain as one asset by day: payments to the bank and the ledger over all dates that are open."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, days_of
from assets.guard import retries_only_what_can_help
from assets.reconcile import ELSEWHERE
from assets.show import Shown, table
from he_sync.flows.chain import Chained, run
from he_sync.flows.settlement_books.source import FRAMES
from he_sync.model.money import show
from resources.memory import MemoryResource

KEY = dg.AssetKey(["reconcile", "chain"])
SHOWN = 20
CLOSES = (
    "Both sides of each identity differ by what the breaks explain and by nothing else: ledger and POS, settled and"
    " sold by card, fees and contract, bank and what was due."
)


def _identities(found: Chained) -> Shown:
    rows = [
        {
            "identity": name.replace("_", " "),
            "currency": currency,
            "differs by": show(one["difference"], currency),
            "explained": show(one["explained"], currency),
            "unexplained": show(one["unexplained"], currency),
        }
        for name, currencies in found.figures["identities"].items()
        for currency, one in currencies.items()
    ]
    return table(rows)


def _classes(found: Chained) -> Shown:
    cents = found.figures["break_cents"]
    rows = [
        {"class": name, "count": count, "amount": show(cents[name])} for name, count in found.figures["breaks"].items()
    ]
    return table(rows, empty="No breaks.")


def _cases(found: Chained) -> Shown:
    newest = found.breaks.sort_values(["age_days", "subject"], kind="stable")
    rows = [
        {
            "class": row["break_class"],
            "subject": row["subject"],
            "amount": show(row["delta_cents"]),
            "age in days": row["age_days"],
            "evidence": row["evidence"],
            "next": row["next_action"],
        }
        for row in newest.to_dict("records")
    ]
    return table(rows, shown=SHOWN, empty="No breaks.")


def _check(results: dict[str, Chained]) -> dg.AssetCheckResult:
    wrong = [
        {"day": day, "identity": name, "unexplained": show(cents)}
        for day, found in results.items()
        for name, cents in found.figures["unexplained_cents"].items()
        if cents
    ]
    return dg.AssetCheckResult(
        check_name="every_cent_explained",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(wrong)} identities do not close" if wrong else "unexplained: 0.00 in every identity",
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=KEY,
    deps=[*(dg.AssetKey(["canonical", name]) for name in FRAMES if name != ELSEWHERE.path[-1]), ELSEWHERE],
    group_name="3_reconcile",
    kinds={"duckdb"},
    owners=OWNERS,
    description="Payments to settlement lines, batches, deposits, bank and ledger over the last two months of dates",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
    check_specs=[dg.AssetCheckSpec("every_cent_explained", asset=KEY, description=CLOSES)],
)
def chain(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Every date is compared with those before it."""
    results: dict[str, Chained] = {}
    with retries_only_what_can_help():
        for day in days_of(context):
            found = run(memory.lake(), Path(memory.home), day.isoformat(), memory.retailer())
            results[day.isoformat()] = found
            context.add_asset_metadata(
                {
                    "breaks": len(found.breaks),
                    "ambiguous share": f"{100 * found.figures['ambiguous_share']:.2f} %",
                    "dates": f"{found.dates[0]} to {found.dates[-1]}",
                    "identities": _identities(found),
                    "by class": _classes(found),
                    "cases": _cases(found),
                    "links": found.links,
                    "report": dg.MetadataValue.path(found.report),
                    "file": dg.MetadataValue.path(found.out),
                    "dates made anew": ", ".join(found.made),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(results)])
