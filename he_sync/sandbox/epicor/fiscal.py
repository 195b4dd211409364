"""The fiscal calendar: year and period of a date, and which dates may still be posted to.

Our calendar is the calendar year with twelve periods. What closes a period is a setting, never a guess.
"""

from __future__ import annotations

from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import CLOSED_THROUGH, EARLIEST_APPLY_DATE

CALENDAR = "MAIN"


def period(date: str) -> Row:
    """The four fiscal columns of a date."""
    year, month = int(date[:4]), int(date[5:7])
    return {"FiscalYear": year, "FiscalPeriod": month, "FiscalYearSuffix": "", "FiscalCalendarID": CALENDAR}


def check_open(ctx: Context, date: str | None) -> None:
    """Refuse a date without period, before the earliest apply date, or in a closed period. Raises Business."""
    if not date:
        raise Business("Apply Date is required.")
    earliest, closed = EARLIEST_APPLY_DATE.read(ctx.state), CLOSED_THROUGH.read(ctx.state)
    if earliest and date[:10] < earliest:
        raise Business(f"Date {date[:10]} is before the Earliest Apply Date {earliest}.")
    if closed and date[:7] <= closed[:7]:
        raise Business(f"Fiscal period {int(date[5:7])} of {date[:4]} is closed.")
