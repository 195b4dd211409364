"""The clearing proof of a date: each watched account equal to its open items, or what differs by cent and cause."""

from collections import defaultdict
from collections.abc import Iterator

import dagster as dg

from assets import plot
from assets.days import CLOSED_BY, DAYS, ONE_RUN, days_of
from assets.guard import retries_only_what_can_help
from assets.show import Shown, table
from he_sync.flows.books.clearing import clearing
from he_sync.flows.books.clearing_sheets import proof_row
from he_sync.flows.books.fees import Fees, fees
from he_sync.flows.books.ground import Memory
from he_sync.model.money import show
from he_sync.model.retailer import Retailer
from he_sync.reconcile.clearing.causes import Cause
from he_sync.reconcile.clearing.prove import Clearing
from he_sync.reconcile.clearing.rates import points
from resources.memory import MemoryResource

KEY = dg.AssetKey(["close", "clearing"])
EQUAL = "Each clearing account, and what is owed, held or disputed, equals its open items to 0.00, by merchant id."

RATES = "Fees by deposits of each merchant id and card group are within 15 basis points of last month and the contract."


def _proof(found: Clearing, retailer: Retailer) -> Shown:
    rows = [
        {
            name.removesuffix("_minor").replace("_", " "): show(value, retailer.currency)
            if name.endswith("_minor")
            else value
            for name, value in proof_row(one, retailer).items()
            if name != "date"
        }
        for one in found.last
    ]
    return table(rows, shown=200, empty="No watched account moved.")


def _case(one: Cause, currency: str) -> dict[str, str]:
    gap = one.gap
    told = {"account": gap.account, "store": gap.unit, "event": gap.event, "since": gap.since, "until": gap.until}
    amount = show(gap.amount_minor, currency)
    return {**told, "amount": amount, "why": one.why, "entries": ", ".join(one.entries), "next": one.action}


def _by_hand(found: Clearing, currency: str) -> Shown:
    """Those of the last date: listed every night (reference accounting 4.7)."""
    rows = found.by_hand[found.by_hand["date"] == found.dates[-1]].to_dict("records")
    told = [
        {
            **{name: row[name] for name in ("document", "account", "unit", "text")},
            "amount": show(row["amount_minor"], currency),
        }
        for row in rows
    ]
    return table(told, empty="Nobody entered anything by hand.")


def _oldest(found: Clearing, currency: str) -> Shown:
    rows = [
        {
            "account": one.account,
            "store": one.unit,
            "item": one.item,
            "since": one.since,
            "amount": show(one.amount_minor, currency),
        }
        for one in found.items
    ]
    return table(rows, empty="Nothing stands open.")


def _picture(found: Clearing) -> dg.MarkdownMetadataValue:
    """Balance and open items of each account over the dates, all stores together."""
    sums: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in found.rolled:
        place = sums[one.account][one.date]
        place[0] += one.closing_minor
        place[1] += one.open_minor
    series = {
        account: [(day, balance, items) for day, (balance, items) in sorted(by_day.items())]
        for account, by_day in sums.items()
    }
    return dg.MetadataValue.md(f"![balances and open items](data:image/png;base64,{plot.balances(series)})")


def _check(results: dict[str, Clearing], currency: str) -> dg.AssetCheckResult:
    last = results[max(results)]
    wrong = [_case(one, currency) for one in last.open_causes]
    places = {(one.account, one.unit) for one in last.last if one.differs_minor}
    told = f"{len(places)} accounts differ from their open items" if wrong else "every account equals its open items"
    return dg.AssetCheckResult(
        check_name="clearing_equals_open_items",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{told} as of {last.dates[-1]}",
        metadata={"cases": table(wrong)},
    )


def _rates(found: Fees, currency: str) -> Shown:
    rows = [
        {
            "store": one.store,
            "group": one.group,
            "month": one.month,
            "deposits": show(one.deposits_minor, currency),
            "fees": show(one.fees_minor, currency),
            "basis points": points(one.effective),
            "contract": points(one.contract),
        }
        for one in found.rates
    ]
    return table(rows, shown=200, empty="No deposit was paid.")


def _rates_check(found: Fees, currency: str) -> dg.AssetCheckResult:
    told = [{"what": one.text(currency)} for one in found.drifts]
    return dg.AssetCheckResult(
        check_name="effective_rate",
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(told)} rates moved" if told else "no rate moved beyond 15 basis points",
        metadata={"cases": table(told)},
    )


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["close", "store_days"])],
    group_name="5_close",
    kinds={"pandas"},
    owners=["team:finance"],
    description="Clearing accounts, gift cards, deposits, disputes and reserves against what stands open on them",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    freshness_policy=CLOSED_BY,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec("clearing_equals_open_items", asset=KEY, description=EQUAL),
        dg.AssetCheckSpec("effective_rate", asset=KEY, description=RATES),
    ],
)
def close_clearing(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """The same as `he-sync close clearing --until DATE`, over the dates that were pulled without a gap before it."""
    results: dict[str, Clearing] = {}
    with retries_only_what_can_help(), memory.store() as store:
        retailer = memory.retailer()
        books = Memory(store, memory.lake(), retailer)
        for day in days_of(context):
            found = clearing(books, day.isoformat())
            results[day.isoformat()] = found
            paid = fees(books, day.isoformat())
            context.add_asset_metadata(
                {
                    "proof": _proof(found, retailer),
                    "differs": sum(bool(one.differs_minor) for one in found.last),
                    "differences": table([_case(one, retailer.currency) for one in found.causes], empty="None."),
                    "entered by hand": _by_hand(found, retailer.currency),
                    "oldest open items": _oldest(found, retailer.currency),
                    "open items": len(found.items),
                    "effective rates": _rates(paid, retailer.currency),
                    "dates": f"{found.dates[0]} to {found.dates[-1]}",
                    "plot": _picture(found),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(
        check_results=[_check(results, retailer.currency), _rates_check(paid, retailer.currency)]
    )
