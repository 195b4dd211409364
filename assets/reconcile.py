"""Comparisons: one asset a leg, typed differences with their cents as metadata."""

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, RETRY, days_of
from assets.guard import retries_only_what_can_help
from assets.pulls import path
from assets.show import Shown, table, worth
from he_sync.flows.compare import INPUTS, LEGS, as_frame, compare, find_elsewhere
from he_sync.model.difference import Difference
from he_sync.model.money import show
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

SHOWN = 20
TEXTS = {
    "orders": "Every sale of the POS is one sales order of the ERP with the same total",
    "customers": "Every POS customer that changed is in the ERP with the same fields",
    "inventory": "What the POS may sell equals the ERP's on hand less reserved",
    "settlements": "Each card payment is one transaction of the processor",
    "deposits": "Lines and contract fees make the deposit, and the bank received it",
    "ledger": "Each payment stands in the books once, on its account, with its amount, in its period",
}
ELSEWHERE = dg.AssetKey(["canonical", "ledger_elsewhere"])
LINKS = dg.AssetKey(["reconcile", "settlements"])


def summary(differences: list[Difference]) -> Shown:
    """Differences by class as a table: how many, how much."""
    classes = {
        name: [one for one in differences if one.klass == name] for name in sorted({one.klass for one in differences})
    }
    return table([{"class": name, "count": len(some), "amount": worth(some)} for name, some in classes.items()])


def _cases(differences: list[Difference]) -> Shown:
    rows = [
        {
            "class": one.klass,
            "subject": one.subject,
            "store": one.store,
            "amount": worth([one]),
            "evidence": one.evidence,
            "proposed": one.action.replace("_", " "),
        }
        for one in differences
    ]
    return table(rows, shown=SHOWN)


def _asset(leg: str) -> dg.AssetsDefinition:
    names = [name for name in INPUTS[leg] if name not in {"ledger_elsewhere", "settlement_links"}]
    deps = [dg.AssetKey(["canonical", name]) for name in names] + ([ELSEWHERE, LINKS] if leg == "ledger" else [])

    @dg.asset(
        name=leg,
        key_prefix="reconcile",
        deps=deps,
        group_name="3_reconcile",
        kinds={"pandas"},
        owners=OWNERS,
        description=TEXTS[leg],
        partitions_def=DAYS,
        backfill_policy=ONE_RUN,
        code_version="1",
    )
    def reconciled(context: dg.AssetExecutionContext, memory: MemoryResource) -> None:
        with retries_only_what_can_help():
            for day in days_of(context):
                found = compare(leg, memory.lake(), day.isoformat(), memory.retailer())
                snapshot = memory.lake().write("reconcile", leg, day.isoformat(), as_frame(found))
                context.add_asset_metadata(
                    {
                        "differences": len(found),
                        "amount": show(sum(abs(one.delta_minor) for one in found)),
                        "by class": summary(found),
                        "cases": _cases(found),
                        "file": path(snapshot),
                    },
                    partition_key=day.isoformat(),
                )

    return reconciled


@dg.asset(
    name="ledger_elsewhere",
    key_prefix="canonical",
    deps=[dg.AssetKey(["canonical", "payments"]), dg.AssetKey(["canonical", "ledger_lines"])],
    group_name="2_canonical",
    kinds={"pandas"},
    owners=OWNERS,
    description="Postings of the day's payments that stand on another date",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    pool="epicor_api",
    retry_policy=RETRY,
    code_version="1",
)
def ledger_elsewhere(
    context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource
) -> None:
    """Ask Epicor for the payments that the day's ledger lacks, before anything is called missing."""
    with retries_only_what_can_help(), connections.systems() as systems:
        for day in days_of(context):
            rows = find_elsewhere(systems, memory.lake(), day.isoformat(), memory.retailer())
            context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())


RECONCILE = [ledger_elsewhere, *(_asset(leg) for leg in LEGS)]
