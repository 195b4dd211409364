"""`check`: every check that the given records allow, over the judged dates, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.alert import CHAIN, Alert, in_order
from he_sync.quality.anomalies.daily import Daily, daily
from he_sync.quality.anomalies.duplicates import duplicate_alerts
from he_sync.quality.anomalies.items import item_alerts
from he_sync.quality.anomalies.known_days import Names
from he_sync.quality.anomalies.reading import Records
from he_sync.quality.anomalies.rules import rule_alerts
from he_sync.quality.anomalies.settings import Settings
from he_sync.quality.anomalies.shares import Share, rate_alerts, share_alerts
from he_sync.quality.anomalies.volumes import volume_alerts

BACK = ("return", "refund")


@dataclass(frozen=True)
class Span:
    """Judged business dates, both included; what is before `first` is learned from, what is after `last` not seen."""

    first: date
    last: date


def check(given: Records, span: Span, known: Names, settings: Settings) -> list[Alert]:
    """All alerts. Raises FixInput where nothing lies before the judged dates."""
    first, last = span.first.isoformat(), span.last.isoformat()
    given = given.until(last)
    if not (given.orders["business_date"] < first).any():
        raise FixInput(f"there is no order before {first}: what is usual is learned from the dates before")
    found = [*_by_day(given, first, last, known, settings), *_by_record(given, first, settings)]
    return in_order(found)


def _by_day(given: Records, first: str, last: str, known: Names, settings: Settings) -> Iterator[Alert]:
    orders = given.orders
    standing = orders[~orders["voided"]] if "voided" in orders else orders
    back = standing["kind"].astype(str).str.lower().isin(BACK) if "kind" in standing else None
    sold = daily(standing if back is None else standing[~back], last)
    place = _place(sold, first)
    for alert in volume_alerts(sold, known, place, settings):
        yield replace(alert, rows=_rows(standing, alert))
    for share, records, part in _shares(given, standing, back, last):
        for alert in share_alerts(share, known, _place(share.whole, first), settings):
            yield replace(alert, rows=_rows(records[part], alert))
    if given.fees is not None and not given.fees.empty:
        fees, gross = (daily(given.fees, last, weight) for weight in ("fee_minor", "amount_minor"))
        for alert in rate_alerts(fees, gross, known, _place(gross, first), settings):
            yield replace(alert, rows=_rows(given.fees, alert))


def _shares(
    given: Records, standing: pd.DataFrame, back: pd.Series | None, last: str
) -> Iterator[tuple[Share, pd.DataFrame, pd.Series]]:
    """Each share with the records of the whole, and which of them are the part."""
    if back is not None:
        yield _share("refund_share", "refunds among tickets", standing, back, last), standing, back
    if "voided" in given.orders:
        void = given.orders["voided"]
        yield _share("void_share", "voided among tickets", given.orders, void, last), given.orders, void
    if given.payments is not None and not given.payments.empty:
        paid = given.payments[~given.payments["voided"]] if "voided" in given.payments else given.payments
        for tender in sorted(paid["kind"].unique()):
            part = paid["kind"] == tender
            yield _share("tender_mix", f"{tender} among payments", paid, part, last), paid, part


def _share(name: str, text: str, records: pd.DataFrame, part: pd.Series, last: str) -> Share:
    counted = records.assign(part=part.to_numpy().astype(np.int64))
    return Share(name, text, daily(counted, last, "part"), daily(records, last))


def _by_record(given: Records, first: str, settings: Settings) -> Iterator[Alert]:
    if given.lines is not None and not given.lines.empty:
        late = given.lines["business_date"] >= first
        past, lines = given.lines[~late].reset_index(drop=True), given.lines[late].reset_index(drop=True)
        yield from rule_alerts(lines, past, settings)
        yield from item_alerts(lines, past, settings)
    yield from duplicate_alerts(given.orders.reset_index(drop=True), given.lines, first, settings)


def _rows(records: pd.DataFrame, alert: Alert) -> tuple[str, ...]:
    """Ids of the records of the alert's day, and store where it is of one."""
    here = records["business_date"] == alert.business_date
    if alert.subject != CHAIN:
        here &= records["store"].astype(str) == alert.subject
    name = next((one for one in ("order_id", "payment_id", "owner", "deposit_id") if one in records), "")
    return tuple(records.loc[here, name].astype(str)) if name else ()


def _place(days: Daily, first: str) -> int:
    return int((np.datetime64(first) - days.dates[0]).astype(np.int64)) if len(days.dates) else 0
