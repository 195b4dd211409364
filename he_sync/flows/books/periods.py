"""The ERP's open dates, read before anything is proposed: fiscal periods and the earliest apply date.

No public service of Kinetic gives them, so that they come from a query of the customer's, as bank transactions do.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.model.errors import FixSettings, NotFound
from he_sync.reconcile.journals.periods import Calendar, Period

QUERY = "HeSync_Periods"


def calendar(systems: Systems, day: date) -> Calendar:
    """Periods from the one that holds `day` on. Raises FixSettings where the company has no such query."""
    try:
        rows = [row for page in systems.epicor.baq(QUERY, {"FromDate": day.isoformat()}) for row in page]
    except NotFound as error:
        raise FixSettings(
            f"epicor has no query {QUERY}, which says what is closed; create it (docs/operations.md) before proposing"
        ) from error
    found = [_plain(row) for row in rows]
    earliest = max((_day(row["EarliestApply"]) for row in found if row.get("EarliestApply")), default=None)
    return Calendar(
        [Period(_day(row["FirstDay"]), _day(row["LastDay"]), bool(row["Closed"])) for row in found], earliest
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("Calculated_"): value for name, value in row.items()}


def _day(text: Any) -> date:
    return date.fromisoformat(str(text)[:10])
