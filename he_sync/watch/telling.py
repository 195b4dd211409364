"""What people are told: messages for the targets of an alert's routes, with escalation, repeats and quiet hours.

Everything is queued when the alert turns, in its transaction; an escalation is a message of later, dropped when the
alert is over or acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from math import isfinite
from string import Template
from typing import Any

from he_sync.watch.judging import Turn
from he_sync.watch.memory import Memory, Notice, Standing
from he_sync.watch.rules import Rule, Rules
from he_sync.watch.targets import Route, spelled

BOOK = "docs/runbooks.md"
GONE = Rule(alert="gone", says="its rule is gone", severity="ticket", owner="", metric="he_events", above=0)


@dataclass(frozen=True)
class Speaker:
    """Who speaks: the rules of now, and where console and runbooks are."""

    rules: Rules
    console: str
    now: datetime

    def turned(self, kept: Memory, turn: Turn) -> None:
        """Queue what people must hear of a turn, and keep how the alert stands."""
        one = turn.last
        if turn.says == "fired":
            self._fired(kept, one)
        elif turn.says == "resolved":
            self._resolved(kept, one)
        if turn.now is None:
            kept.forget(one.key)
            return
        kept.keep(self._reminded(kept, turn.now))

    def _fired(self, kept: Memory, one: Standing) -> None:
        for route in self._routes(one):
            for target in route.to:
                kept.queue(self._notice(one, target, "firing"))
            for step in route.escalate:
                for target in step.to:
                    later = self._notice(one, target, "escalated", spelled(step.after))
                    kept.queue(replace(later, not_before=max(later.not_before, self._at + step.after.total_seconds())))

    def _resolved(self, kept: Memory, one: Standing) -> None:
        """Whoever was told hears of the end; whoever was not yet, by quiet hours for example, hears of both at once."""
        told = kept.told(one.episode)
        kept.drop(one.episode, self._at)
        for target in sorted(told):
            kept.queue(self._notice(one, target, "resolved"))

    def _reminded(self, kept: Memory, one: Standing) -> Standing:
        """Told again every `repeat` of its route while nobody acknowledged it; counted from the last time."""
        if one.fired_at is None:
            return one
        if one.told_at is None:
            return replace(one, told_at=self._at)
        due = [each for each in self._routes(one) if self._at - one.told_at >= each.repeat.total_seconds()]
        if not due or one.acked_by:
            return one
        for target in sorted({name for route in due for name in route.to}):
            kept.queue(self._notice(one, target, "still", f"{self._at:.0f}"))
        return replace(one, told_at=self._at)

    @property
    def _at(self) -> float:
        return self.now.timestamp()

    def _rule(self, one: Standing) -> Rule:
        return self.rules.by_name.get(one.alert) or next(
            (rule for rule in self.rules.rules if rule.alert == one.alert), GONE
        )

    def _routes(self, one: Standing) -> Iterator[Route]:
        rule = self._rule(one)
        yield from (route for route in self.rules.routes if route.takes(rule.owner, rule.severity))

    def _notice(self, one: Standing, target: str, kind: str, step: str = "") -> Notice:
        rule, quiet = self._rule(one), self.rules.quiet
        waits = quiet is not None and rule.severity == "ticket"
        not_before = quiet.ends(self.now).timestamp() if quiet and waits else self._at
        number = sha256(f"{one.episode}|{kind}|{step}|{target}".encode()).hexdigest()[:32]
        return Notice(number, one.episode, target, kind, self.body(one, kind), self._at, not_before)

    def body(self, one: Standing, kind: str) -> dict[str, Any]:
        """The message as JSON; texts of others are values in it and never a part of a template."""
        rule = self._rule(one)
        limit = rule.above if rule.above is not None else rule.below
        return {
            "kind": kind,
            "alert": one.alert,
            "severity": rule.severity,
            "owner": rule.owner,
            "summary": summary(rule, dict(one.labels), one.value),
            "labels": dict(one.labels),
            "value": one.value if isfinite(one.value) else None,
            "limit": limit,
            "since": _instant(one.since),
            "fired": _instant(one.fired_at or self._at),
            "at": _instant(self._at),
            "episode": one.episode,
            "record": f"{self.console.rstrip('/')}{one.page or rule.page}",
            "runbook": f"{self.rules.runbooks or BOOK}#{rule.alert}",
        }


def joined(some: Sequence[Notice]) -> Notice:
    """One message for all series of an alert: forty causes of dead letters ring once. It has the first one's id."""
    first, *others = some
    return replace(first, body=first.body | {"also": [one.body["summary"] for one in others]}) if others else first


def summary(rule: Rule, labels: Mapping[str, str], value: float) -> str:
    """The rule's line with value and labels filled in, as one line."""
    shown = f"{value:.3g}" if value < 1 else f"{value:,.1f}".removesuffix(".0")
    shown = shown if isfinite(value) else "infinitely many"
    return " ".join(Template(rule.says).safe_substitute({**labels, "value": shown}).split())


def acknowledge(kept: Memory, key: str, who: str, note: str, now: datetime) -> Standing | None:
    """Somebody is at it: no escalation and no repeat any more, its end is still told. None where it does not fire."""
    with kept.alone():
        one = kept.standings().get(key)
        if one is None or one.fired_at is None:
            return None
        done = replace(one, acked_by=who, note=note)
        kept.keep(done)
        kept.drop_kinds(one.episode, ("escalated", "still"), now.timestamp())
    return done


def trial(target: str, now: datetime) -> Notice:
    """A message that says it is none."""
    return _ours("trial", "firing", "a trial of this target; nothing is wrong", target, now)


def heartbeat(target: str, now: datetime) -> Notice:
    """A message that says that we look."""
    return _ours("heartbeat", "heartbeat", "the rules are looked at", target, now)


def _ours(alert: str, kind: str, says: str, target: str, now: datetime) -> Notice:
    at = _instant(now.timestamp())
    body: dict[str, Any] = {"kind": kind, "alert": alert, "severity": "ticket", "owner": "nobody", "labels": {}}
    body |= {"summary": says, "value": 0, "limit": None, "since": at, "fired": at, "at": at, "episode": alert}
    body |= {"record": "none", "runbook": "docs/watching.md"}
    return Notice(sha256(f"{alert} {target} {at}".encode()).hexdigest()[:32], alert, target, kind, body, 0, 0)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
