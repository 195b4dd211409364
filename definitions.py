"""The code location: the only place that knows everything. `build` takes overrides; a test replaces, never patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.anomalies import anomalies
from assets.back_fill import GROUP as BACK_FILLED
from assets.back_fill import KEY as BACK_FILL
from assets.back_fill import back_fill
from assets.canonical import CANONICAL
from assets.chain import chain
from assets.clearing import close_clearing
from assets.close import close_store_days
from assets.completeness import completeness
from assets.days import TIMEZONE
from assets.drain import drain_job
from assets.expectations import close_expectations
from assets.flow import GROUP, load_flows
from assets.housekeeping import housekeeping
from assets.match import GROUP as MATCHED
from assets.match import MATCH
from assets.pulls import PULLS
from assets.push import PUSH
from assets.reconcile import RECONCILE
from assets.stock import STOCK
from assets.store_days import store_days
from he_sync.flows import sweeper
from he_sync.flows.back_fill.kept import Kept
from he_sync.flows.books.nightly import overdue
from he_sync.flows.polls import poll_epicor, poll_heartland
from he_sync.watch.looking import look
from resources.house import build_resources
from sensors.back_fills import back_fills
from sensors.changes import asking, changes
from sensors.deadlines import unsigned_store_days
from sensors.failures import alarms, run_failures
from sensors.schedules import nightly_close, nightly_housekeeping, nightly_match
from sensors.sweep import inbox_sweep
from sensors.watching import watching

COMPARED = dg.AssetSelection.assets(["reconcile", "customers"], ["reconcile", "inventory"])
WRITTEN = dg.AssetSelection.assets(["push", "plan"], ["push", "epicor"], ["push", "heartland"])
MASTER_DATA = COMPARED.upstream() | dg.AssetSelection.assets(["canonical", "products"]) | WRITTEN
BY_DAY = dg.AssetSelection.all() - dg.AssetSelection.groups(GROUP, MATCHED, BACK_FILLED)
"""Everything that a night does for a business date: not flows, whose events come when they come, nor who is who as of
now, nor what finance asks for."""


POLL_SECONDS, SWEEP_SECONDS = 60, 300
ALONE, MATCHING = {"he/entity": "close"}, {"he/entity": "match"}
"""One run at a time (dagster.yaml limits the tag): two that plan from one stock would both correct its drift."""


def jobs() -> list[Any]:
    """A night over a business date; master data brought in step; who is who among the customers."""
    night = dg.define_asset_job(
        "nightly_close",
        BY_DAY,
        description="Pull, compare, write back and close one business date",
        tags=ALONE,
    )
    full = dg.define_asset_job(
        "full_sync",
        MASTER_DATA,
        description="Customers, products and stock of both sides, compared and brought in step",
        tags=ALONE,
    )
    match = dg.define_asset_job(
        "match_customers",
        dg.AssetSelection.groups(MATCHED),
        description="Customers of both sides matched, the result taken into the master, doubtful pairs put on the desk",
        tags=MATCHING,
    )
    return [night, full, match]


def polls() -> list[dg.SensorDefinition]:
    """Each source once a minute: an event that was lost is found within two. Duplicates every five."""
    twins = asking("epicor_duplicates", "epicor", sweeper.look, SWEEP_SECONDS, "Names what Epicor holds twice")
    return [changes("heartland", poll_heartland, POLL_SECONDS), changes("epicor", poll_epicor, POLL_SECONDS), twins]


def build(
    *,
    resources: Mapping[str, Any] | None = None,
    assets: Sequence[Any] | None = None,
    flows: dg.Definitions | None = None,
) -> dg.Definitions:
    """Everything as one Definitions; keyword arguments replace parts."""
    night, full, match = jobs()
    ours = dg.Definitions(
        assets=[
            *PULLS,
            *CANONICAL,
            *RECONCILE,
            chain,
            store_days,
            completeness,
            anomalies,
            *STOCK,
            *PUSH,
            close_store_days,
            close_clearing,
            close_expectations,
            back_fill,
            *MATCH,
        ]
        if assets is None
        else assets,
        jobs=[night, full, match, drain_job, housekeeping],
        schedules=[
            nightly_close(night, TIMEZONE),
            nightly_match(match, TIMEZONE),
            nightly_housekeeping(housekeeping, TIMEZONE),
        ],
        sensors=[
            inbox_sweep(drain_job),
            *polls(),
            unsigned_store_days(overdue),
            watching(look),
            back_fills(BACK_FILL, lambda home: Kept(home).waiting(), lambda home, name: Kept(home).turn(name)),
            run_failures,
            alarms,
        ],
        resources=build_resources() if resources is None else resources,
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(ours, load_flows() if flows is None else flows)


defs = build()
