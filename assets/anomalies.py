"""What is unusual about a date's tickets, lines, payments and deposits: alerts as asset checks, with a plot."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets import plot
from assets.days import DAYS, ONE_RUN, OWNERS, days_of
from assets.guard import retries_only_what_can_help
from assets.show import Shown, table
from he_sync.flows.anomalies import Found, run
from he_sync.quality.anomalies.alert import Alert
from resources.memory import MemoryResource

KEY = dg.AssetKey(["quality", "anomalies"])
CHECKS = {
    "usual_days": ("orders", "silent_store"),
    "usual_shares": ("refund_share", "void_share", "tender_mix", "fee_rate"),
    "usual_lines": ("sign", "zero_price", "discount", "price", "new_item_price", "quantity"),
    "no_sale_twice": ("duplicate",),
}
"""Asset check by name, and the alerts that it gathers."""
MEANT = {
    "usual_days": "Each store's orders, and those of all, are what such a day usually brings.",
    "usual_shares": "Tenders, refunds, voids and fees have their usual part of each store's day.",
    "usual_lines": "No line breaks a rule of signs, prices and discounts, or is far from what its item is sold at.",
    "no_sale_twice": "No sale was posted twice.",
}


def _cases(alerts: list[Alert]) -> Shown:
    rows = [
        {"check": one.check, "subject": one.subject, "date": one.business_date, "expected": one.expected}
        | {"seen": one.seen, "why": one.why, "rows": " ".join(one.rows[:5])}
        for one in alerts
    ]
    return table(rows, empty="Nothing unusual.")


def _check(name: str, results: dict[str, Found]) -> dg.AssetCheckResult:
    alerts = [one for found in results.values() for one in found.alerts if one.check in CHECKS[name]]
    return dg.AssetCheckResult(
        check_name=name,
        passed=not alerts,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(alerts)} alerts" if alerts else "nothing unusual",
        metadata={"cases": _cases(alerts)},
    )


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["canonical", name]) for name in ("tickets", "sale_lines", "payments", "deposits")],
    group_name="3_reconcile",
    kinds={"numpy"},
    owners=OWNERS,
    description="Days, shares and lines that are not what they usually are, each with what was expected and why",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    code_version="1",
    check_specs=[dg.AssetCheckSpec(name, asset=KEY, description=text) for name, text in MEANT.items()],
)
def anomalies(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Each date is judged by the dates before it that were pulled without a gap."""
    results: dict[str, Found] = {}
    with retries_only_what_can_help():
        for day in days_of(context):
            found = results[day.isoformat()] = run(memory.lake(), Path(memory.home), day.isoformat())
            picture = plot.days(found.tickets, {day.isoformat(): len(found.alerts)})
            context.add_asset_metadata(
                {
                    "alerts": len(found.alerts),
                    "muted": len(found.muted),
                    "dates learned from": found.dates - 1,
                    "cases": _cases(list(found.alerts)),
                    "plot": dg.MetadataValue.md(f"![tickets a day](data:image/png;base64,{picture})"),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(name, results) for name in CHECKS])
