"""Store-days as one asset by day: what each store sold and took as a journal, and where the ledger says otherwise."""

from collections.abc import Iterator

import dagster as dg

from assets.days import CLOSED_BY, DAYS, ONE_RUN, OWNERS, days_of
from assets.guard import retries_only_what_can_help
from assets.pulls import path
from assets.reconcile import LINKS
from assets.show import Shown, table
from he_sync.flows.books.ground import Memory
from he_sync.flows.books.tills import Tills, tills
from he_sync.flows.store_days import INPUTS, StoreDays, run
from he_sync.model.money import show
from resources.memory import MemoryResource

KEY = dg.AssetKey(["reconcile", "store_days"])
WHOLE = "No ticket number of the date is nowhere or there twice, and no counted drawer is over or short."
BALANCED = "What each store took by tender equals what it sold, owes in tax and tips, and took for others."


def _stores(found: StoreDays) -> Shown:
    rows = [
        {
            "store": day.store,
            "tickets": day.tickets,
            "taken": show(day.tendered_minor),
            "off by": show(day.off_minor) if day.off_minor else "",
            "journal": day.entry.name if day.entry else "",
            "amount": show(day.entry.amount_minor) if day.entry else "",
        }
        for day in found.days
    ]
    return table(rows, empty="No store sold anything.")


def _accounts(found: StoreDays) -> Shown:
    rows = [
        {
            "store": one.store,
            "account": one.account,
            "should be": show(one.wanted_minor),
            "ledger has": show(one.standing_minor),
            "differs by": show(one.differs_minor),
        }
        for one in found.accounts
        if one.differs_minor
    ]
    return table(rows, empty="The ledger says what the store-days say.")


def _check(results: dict[str, StoreDays]) -> dg.AssetCheckResult:
    wrong = [
        {"day": day, "store": one.store, "taken": show(one.tendered_minor), "off by": show(one.off_minor)}
        for day, found in results.items()
        for one in found.unbalanced
    ]
    return dg.AssetCheckResult(
        check_name="store_days_balanced",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} store-days do not balance" if wrong else "every store-day balances to 0.00",
        metadata={"cases": table(wrong)},
    )


def _registers(found: Tills) -> Shown:
    rows = [
        {
            "store": one.store,
            "register": one.register,
            "tickets": one.tickets,
            "voided": one.voided,
            "cash taken": show(one.drawer.taken) if one.drawer else "",
            "over": show(one.drawer.over) if one.drawer and one.drawer.over is not None else "not counted",
        }
        for one in found.registers
    ]
    return table(rows, empty="No register rang up anything.")


def _tills_check(results: dict[str, list[str]]) -> dg.AssetCheckResult:
    wrong = [{"day": day, "what": line} for day, lines in results.items() for line in lines]
    return dg.AssetCheckResult(
        check_name="tills_whole",
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} things to look at" if wrong else "every number is there, every counted drawer right",
        metadata={"cases": table(wrong)},
    )


@dg.asset(
    key=KEY,
    deps=[*(dg.AssetKey(["canonical", name]) for name in INPUTS), LINKS],
    group_name="3_reconcile",
    kinds={"pandas"},
    owners=OWNERS,
    description="Each store's business date as one balanced journal, beside what the ledger has by account",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    freshness_policy=CLOSED_BY,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec("store_days_balanced", asset=KEY, description=BALANCED),
        dg.AssetCheckSpec("tills_whole", asset=KEY, description=WHOLE),
    ],
)
def store_days(context: dg.AssetExecutionContext, memory: MemoryResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Shown beside the ledger, not posted: single payments are corrected by the push plan."""
    results: dict[str, StoreDays] = {}
    at_the_tills: dict[str, list[str]] = {}
    with retries_only_what_can_help(), memory.store() as store:
        books = Memory(store, memory.lake(), memory.retailer())
        for day in days_of(context):
            found = run(memory.lake(), day.isoformat(), memory.retailer())
            results[day.isoformat()] = found
            rung = tills(books, day.isoformat())
            at_the_tills[day.isoformat()] = list(rung.to_do(books.retailer.currency))
            context.add_asset_metadata(
                {
                    "stores": _stores(found),
                    "not balanced": len(found.unbalanced),
                    "where the ledger differs": _accounts(found),
                    "registers": _registers(rung),
                    "ticket numbers nowhere": rung.numbers.missing,
                    "file": path(found.lines),
                },
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(check_results=[_check(results), _tills_check(at_the_tills)])
