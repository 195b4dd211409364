"""Who is told what, and when: targets, routes to them, quiet hours."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

SPAN = re.compile(r"([0-9]+)(s|m|h|d)")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def span(text: Any) -> Any:
    """`90s`, `15m`, `4h`, `1d` as a span of time. Raises ValueError for anything else, which pydantic places."""
    if isinstance(text, timedelta):
        return text
    found = SPAN.fullmatch(str(text))
    if not found:
        raise ValueError(f"{text!r} is no span of time; write one such as 90s, 15m, 4h or 1d")
    return timedelta(seconds=int(found[1]) * SECONDS[found[2]])


def spelled(of: timedelta) -> str:
    """The same the other way, in the largest unit that fits: `15m`."""
    seconds = int(of.total_seconds())
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % SECONDS[unit] == 0)
    return f"{seconds // SECONDS[unit]}{unit}"


Span = Annotated[timedelta, BeforeValidator(span), Field(strict=True, ge=timedelta(0))]
Severity = Literal["page", "ticket"]


class Part(BaseModel):
    """A part of the file: unknown words are refused, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Email(Part):
    """SMTP. The password is read from the environment variable that is named, or from the file in NAME_FILE."""

    name: str = Field(min_length=1)
    kind: Literal["email"]
    host: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_from: str = ""
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)


class Hook(Part):
    """An address that takes POSTs: `slack` for what Slack and its likes read, `webhook` for the alert as JSON.

    The address of the first is a secret by itself; the second is signed as Standard Webhooks are.
    """

    name: str = Field(min_length=1)
    kind: Literal["slack", "webhook"]
    url: str = ""
    url_from: str = ""
    secret_from: str = ""


Target = Annotated[Email | Hook, Field(discriminator="kind")]


class Escalation(Part):
    """Whom to tell as well when an alert is neither over nor acknowledged after a while."""

    after: Span
    to: tuple[str, ...] = Field(min_length=1)


class Route(Part):
    """Alerts of these owners and severities, all where none is named, go to these targets, again every `repeat`."""

    owners: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    to: tuple[str, ...] = Field(min_length=1)
    escalate: tuple[Escalation, ...] = ()
    repeat: Span = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))

    @property
    def names(self) -> set[str]:
        """Every target that it names."""
        return {*self.to, *(name for step in self.escalate for name in step.to)}

    def takes(self, owner: str, severity: str) -> bool:
        """Whether alerts of this owner and severity go this way."""
        return (not self.owners or owner in self.owners) and (not self.severities or severity in self.severities)


class Heartbeat(Part):
    """Targets that are told every while that we look; a service that calls somebody when it hears nothing."""

    to: tuple[str, ...] = Field(min_length=1)
    every: Span = timedelta(minutes=5)


class Quiet(Part):
    """Hours in which a ticket waits for the morning; a page never does. They may pass midnight."""

    since: time = Field(alias="from")
    until: time
    zone: str

    @field_validator("since", "until", mode="before")
    @classmethod
    def _quoted(cls, told: Any) -> Any:
        """YAML reads 20:00 without quotes as the number 1200."""
        if not isinstance(told, str | time):
            raise ValueError('write times in quotes ("20:00"); YAML reads them as a number otherwise')  # noqa: TRY004 - pydantic names the place of a ValueError only
        return told

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"{name} is no time zone; write one such as America/New_York") from error
        return name

    def ends(self, now: datetime) -> datetime:
        """When it is no longer quiet: `now` where it is not."""
        local = now.astimezone(ZoneInfo(self.zone))
        clock = local.time()
        over_midnight = self.until <= self.since
        inside = (clock >= self.since or clock < self.until) if over_midnight else self.since <= clock < self.until
        if not inside:
            return now
        day = local.date() + timedelta(days=int(over_midnight and clock >= self.since))
        return datetime.combine(day, self.until, local.tzinfo).astimezone(now.tzinfo)
