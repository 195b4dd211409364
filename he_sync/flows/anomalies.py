"""Anomalies of a business date over what the nights pulled: tickets, their lines and payments, and deposits.

`<home>/anomalies` may hold `days.csv` (known days), `settings.yaml` and `mutes.json`; what a night finds stays in the
lake, with the muted ones.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.check import Span, check
from he_sync.quality.anomalies.known_days import us_retail
from he_sync.quality.anomalies.mutes import muted_by, read_mutes
from he_sync.quality.anomalies.reading import completed
from he_sync.quality.anomalies.settings import read_settings
from he_sync.store.lake import Lake

YEARS_BACK, LINES_BACK = 800, 120
"""Dates read: of tickets so many that each known day was there twice; of lines what prices are learned from."""
TICKETS = ["ticket_id", "store", "business_date", "kind", "voided", "customer_id", "completed_at", "total_minor"]
TICKETS += ["parent_id"]
PAYMENTS = ["payment_id", "store", "business_date", "kind", "voided"]
DEPOSITS = ["deposit_id", "store", "funding_date", "sales_minor", "fees_minor"]
MUTES = Path("anomalies") / "mutes.json"
"""Below an installation's home; the console mutes there, the nights read it."""
COLUMNS = ["key", "check", "subject", "business_date", "expected", "seen", "why", "rows", "muted"]


@dataclass(frozen=True)
class Found:
    """Alerts of a date, the muted ones apart, and the chain's tickets a day of the last dates: (date, tickets)."""

    alerts: tuple[Alert, ...]
    muted: tuple[tuple[Alert, str], ...]
    tickets: tuple[tuple[str, int], ...]
    dates: int


def run(lake: Lake, home: Path, day: str) -> Found:
    """Judge `day` by the dates before it and keep what was found. Nothing is found while there are none."""
    folder = home / "anomalies"
    dates = _dates(lake, day)
    tickets = _frames(lake, "tickets", dates, TICKETS)
    counts = tickets["business_date"].value_counts().sort_index()
    alerts = _alerts(lake, folder, dates, tickets) if (tickets["business_date"] < day).any() else []
    quiet = read_mutes(home / MUTES)
    told = [(one, muted_by(one, quiet)) for one in alerts]
    rows = [one.plain() | {"rows": " ".join(one.rows), "muted": why.reason if why else ""} for one, why in told]
    lake.write("quality", "anomalies", day, pd.DataFrame(rows, columns=COLUMNS))
    return Found(
        tuple(one for one, why in told if why is None),
        tuple((one, why.reason) for one, why in told if why is not None),
        tuple((str(one), int(count)) for one, count in counts.tail(LINES_BACK).items()),
        len(dates),
    )


def _alerts(lake: Lake, folder: Path, dates: list[str], tickets: pd.DataFrame) -> list[Alert]:
    day = date.fromisoformat(dates[-1])
    settings = folder / "settings.yaml"
    known = us_retail(date.fromisoformat(dates[0]), day) | _known(folder / "days.csv")
    lines, payments = (
        _frames(lake, "sale_lines", dates[-LINES_BACK:], []),
        _frames(lake, "payments", dates, PAYMENTS),
    )
    fees = _fees(_frames(lake, "deposits", dates, DEPOSITS))
    given = completed(tickets, *(frame if len(frame) else None for frame in (lines, payments, fees)))
    return check(given, Span(day, day), known, read_settings(settings if settings.exists() else None))


def _fees(deposits: pd.DataFrame) -> pd.DataFrame:
    """Deposits as what was settled and what was kept of it, by the date that they were funded."""
    names = {"funding_date": "business_date", "sales_minor": "amount_minor", "fees_minor": "fee_minor"}
    found = deposits.rename(columns=names)
    return found.assign(fee_minor=-found["fee_minor"])


def _known(path: Path) -> dict[date, str]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return {date.fromisoformat(row["date"]): row["name"] for row in rows}
    except (KeyError, ValueError, TypeError) as error:
        raise FixInput(f"{path}: known days have the columns date (YYYY-MM-DD) and name: {error}") from None


def _dates(lake: Lake, day: str) -> list[str]:
    """Up to `day`, which must be there, without a gap: a date that was never pulled is no day without orders."""
    lake.current("canonical", "tickets", day)
    there = {path.parent.name for path in (lake.root / "canonical" / "tickets").glob("*/current.json")}
    found = [date.fromisoformat(day)]
    while len(found) < YEARS_BACK and (found[-1] - timedelta(days=1)).isoformat() in there:
        found.append(found[-1] - timedelta(days=1))
    return [one.isoformat() for one in reversed(found)]


def _frames(lake: Lake, name: str, dates: list[str], columns: list[str]) -> pd.DataFrame:
    there = [one for one in dates if (lake.root / "canonical" / name / one / "current.json").exists()]
    frames = [frame[columns] if columns else frame for frame in (lake.read("canonical", name, one) for one in there)]
    some = [frame for frame in frames if len(frame)] or frames[:1]
    found = pd.concat(some, ignore_index=True) if some else pd.DataFrame(columns=columns or ["line_id"])
    return found if "customer_id" not in found else found.astype({"customer_id": np.int64})
