"""What a person has looked at and does not want to hear about until a date, with the reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.alert import Alert

ANY = "*"


@dataclass(frozen=True)
class Mute:
    """Alerts of a check about a subject (each may be ANY) on business dates up to and with `until`, an ISO date."""

    check: str
    subject: str
    until: str
    reason: str

    def fits(self, alert: Alert) -> bool:
        """Whether it is meant for this alert."""
        named = self.check in {ANY, alert.check} and self.subject in {ANY, alert.subject}
        return named and alert.business_date <= self.until


def mute(check: str, subject: str, until: str, reason: str) -> Mute:
    """A mute that says why and ends. Raises FixInput where it does not, or where it would silence everything."""
    if not reason.strip():
        raise FixInput("a mute needs a reason: who reads it later has to know why nobody was told")
    if check == subject == ANY:
        raise FixInput("a mute of every check and every subject would silence everything; name one of them")
    try:
        end = date.fromisoformat(until)
    except ValueError:
        raise FixInput(f"a mute ends: {until!r} is no date; write YYYY-MM-DD") from None
    return Mute(check, subject, end.isoformat(), reason.strip())


def muted_by(alert: Alert, mutes: Iterable[Mute]) -> Mute | None:
    """The mute that ends last of those that fit, or None."""
    return max((one for one in mutes if one.fits(alert)), key=lambda one: one.until, default=None)


def read_mutes(path: Path | None) -> tuple[Mute, ...]:
    """Of a file; none of a file that is not there yet. Raises FixInput with file, entry and rule of what is wrong."""
    if path is None or not path.exists():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FixInput(f"{path}: not JSON ({error})") from error
    names = {field.name for field in fields(Mute)}
    if not isinstance(rows, list):
        raise FixInput(f"{path}: not a list of mutes")
    found = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or set(row) != names or not all(isinstance(text, str) for text in row.values()):
            raise FixInput(f"{path}: mute {number}: needs {', '.join(sorted(names))}, each a text")
        try:
            found.append(mute(row["check"], row["subject"], row["until"], row["reason"]))
        except FixInput as error:
            raise FixInput(f"{path}: mute {number}: {error}") from error
    return tuple(found)


def write_mutes(path: Path, mutes: Sequence[Mute]) -> None:
    """Whole or not at all; a mute of the same check and subject as a later one is replaced by it."""
    last = {(one.check, one.subject): one for one in mutes}
    text = json.dumps([asdict(one) for one in last.values()], indent=2) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
