"""Cash by drawer: what each register took, from the raw documents, and what people counted in it.

The register is the ticket's station, which the canonical frame leaves out. Counts are given by people (tills) and stay
in the lake as `close/drawers`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

from he_sync.connect import strict_json
from he_sync.flows.pull import documents
from he_sync.model.contract import records
from he_sync.model.errors import FixInput
from he_sync.reconcile.tills.drawers import Count, drawers, over_by_store
from he_sync.store.lake import Lake

MONEY = ("counted", "opening", "paid_in", "paid_out")
COUNTS = ("store", "register", *MONEY)


def stations_of(lake: Lake, day: str) -> dict[str, str]:
    """The station of each ticket and order of a pull, "" where the document names none."""
    found = {}
    for kind in ("ticket", "order"):
        for key, payload in documents(lake, f"heartland/{kind}s", day):
            found[f"{kind} {key}"] = str(strict_json.loads(payload).get("station_id") or "")
    return found


def cash_of(lake: Lake, day: str, stations: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """What each register took in cash, less what it gave back; payments of voided tickets left out."""
    rows = lake.read("canonical", "payments", day)
    taken: Counter[tuple[str, str]] = Counter()
    for row in records(rows[(rows["kind"] == "cash") & ~rows["voided"]]):
        taken[row.store, stations.get(row.owner, "")] += int(row.amount_minor)
    return taken


def counts_of(lake: Lake, day: str) -> list[Count]:
    """The counts of a date's drawers that were given; none is no error."""
    try:
        rows = lake.read("close", "drawers", day)
    except FixInput:
        return []
    return [Count(row.store, row.register, *(int(getattr(row, name)) for name in MONEY)) for row in records(rows)]


def over_short(lake: Lake, day: str) -> dict[str, int]:
    """By store, what its counted drawers hold too much, negative when short: part of the store-day's journal."""
    given = counts_of(lake, day)
    return over_by_store(drawers(cash_of(lake, day, stations_of(lake, day)), given)) if given else {}


def hashes(lake: Lake, day: str) -> dict[str, str]:
    """Of each counted store's counts: what its store-day then stands on as well."""
    told: dict[str, list[str]] = {}
    for one in counts_of(lake, day):
        told.setdefault(one.store, []).append(repr(one))
    return {store: hashlib.sha256("\n".join(sorted(some)).encode()).hexdigest()[:16] for store, some in told.items()}
