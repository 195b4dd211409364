"""What nights found unusual, as people look at it: alerts of a date with the mutes of now; muting, with who and why.

What a night kept says what was muted then; a mute that was made this morning counts here at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from he_sync.flows.anomalies import MUTES
from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.mutes import Mute, mute, muted_by, read_mutes, write_mutes
from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.lake import Lake


@dataclass(frozen=True)
class Listed:
    """An alert of a night, and the mute that fits it today."""

    alert: Alert
    muted: Mute | None

    @property
    def key(self) -> str:
        """Of the alert, the same in every run."""
        return self.alert.key


def judged_dates(lake: Lake, most: int) -> list[str]:
    """The newest dates that a night judged, newest first."""
    there = (lake.root / "quality" / "anomalies").glob("*/current.json")
    return sorted((path.parent.name for path in there), reverse=True)[:most]


def of_date(lake: Lake, home: Path, day: str) -> list[Listed]:
    """The alerts of a judged date, the muted ones last. Raises FixInput for a date that no night judged."""
    if not (lake.root / "quality" / "anomalies" / day / "current.json").exists():
        raise FixInput(f"{day} was not judged; the asset quality/anomalies does so for a date that was pulled")
    quiet = read_mutes(home / MUTES)
    names = ["check", "subject", "business_date", "expected", "seen", "why", "rows"]
    kept = lake.read("quality", "anomalies", day)[names].astype(str)
    rows = [{str(name): text for name, text in row.items()} for row in kept.to_dict("records")]
    alerts = [Alert(**row | {"rows": tuple(row["rows"].split())}) for row in rows]
    found = [Listed(one, muted_by(one, quiet)) for one in alerts]
    return sorted(found, key=lambda one: one.muted is not None)


def mutes_on(home: Path, day: date) -> Sequence[Mute]:
    """Those that have not ended by a date, the first to end first."""
    return sorted((one for one in read_mutes(home / MUTES) if one.until >= day.isoformat()), key=lambda one: one.until)


def mutes_of(alerts: Iterable[Alert], until: str, reason: str) -> list[Mute]:
    """A mute of each alert's check about its subject. Raises FixInput for one that would mute nothing."""
    chosen = list(alerts)
    made = {(one.check, one.subject): mute(one.check, one.subject, until, reason) for one in chosen}
    late = max((one.business_date for one in chosen), default="")
    if early := next((one for one in made.values() if one.until < late), None):
        raise FixInput(f"a mute until {early.until} ends before {late}, the date of the alert")
    return list(made.values())


def silence(store: Store, home: Path, mutes: Sequence[Mute], who: str) -> None:
    """Add mutes to those of the installation, and to the audit who did and why: both or neither.

    The audit's row comes first, so that of two people at once the second one waits and then reads the first one's.
    """
    path = home / MUTES
    deeds = [(f"{one.check} of {one.subject}", {"note": one.reason, "until": one.until}) for one in mutes]
    with store.begin() as connection:
        audit.record_many(connection, who, "alerts muted", deeds)
        path.parent.mkdir(exist_ok=True)
        write_mutes(path, [*read_mutes(path), *mutes])


def end(store: Store, home: Path, named: tuple[str, str], why: str, who: str) -> Mute:
    """Take the mute of a check about a subject out of the installation's; who and why go to the audit: both or neither.

    Raises FixInput where there is no such mute any more.
    """
    path, (check, subject) = home / MUTES, named
    with store.begin() as connection:
        audit.record_many(connection, who, "mute ended", [(f"{check} of {subject}", {"note": why})])
        mutes = read_mutes(path)
        ended = next((one for one in mutes if (one.check, one.subject) == named), None)
        if ended is None:
            raise FixInput(f"nothing mutes {check[:40]!r} of {subject[:40]!r} any more; open the page again")
        write_mutes(path, [one for one in mutes if one != ended])
    return ended


def loud(lake: Lake, home: Path) -> tuple[str, int]:
    """The newest judged date and how many of its alerts nobody muted; "" and 0 where no night judged one."""
    day = next(iter(judged_dates(lake, 1)), "")
    return day, sum(one.muted is None for one in of_date(lake, home, day)) if day else 0
