"""One look: figures read, rules judged, messages queued in one transaction, and what is due sent.

Two looks at once, a sensor's and a loop's, do no harm: judging waits its turn, a message is claimed before it is sent.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from he_sync.connect.alarms import TOLD, WAITING
from he_sync.model.errors import HeSyncError
from he_sync.settings import variable
from he_sync.watch import slo
from he_sync.watch.figures import read
from he_sync.watch.judging import judge
from he_sync.watch.memory import Memory, Notice, memory
from he_sync.watch.of_watching import LOOKED
from he_sync.watch.place import Watched, watched
from he_sync.watch.rules import JUDGED_BY, Rules, load
from he_sync.watch.sending import Deliver, deliver
from he_sync.watch.telling import BOOK, Speaker, heartbeat, joined

AT_ONCE = 20
"""Messages to one target in one look; a storm of them must not keep a sensor over its 60 s."""
PAUSES = (30.0, 900.0)
"""Seconds until a target that did not take a message is tried again: the first time, and at most."""
LEASE = 120.0
"""Seconds for which a message is one sender's; longer than a target takes."""
BUDGET = 40.0
"""Seconds after which a look begins no more messages: many targets that are down at once must not make it a minute."""
BEAT = "beat"
ALARMS_WITHIN = timedelta(days=2)
SEVERITY = "page"
"""Of alarms, which are told by whoever meets the trouble: a run that failed, a source that cannot be read."""
log = logging.getLogger("he_sync.watch")


@dataclass(frozen=True)
class Looked:
    """What a look did: alerts that fire, that began and ended in it, messages sent and waiting, why some wait."""

    firing: tuple[str, ...]
    fired: tuple[str, ...]
    resolved: tuple[str, ...]
    sent: int
    waiting: int
    problems: tuple[str, ...]

    @property
    def line(self) -> str:
        """For people."""
        problems = f"; {'; '.join(self.problems)}" if self.problems else ""
        firing = f"{len(self.firing)} fire ({', '.join(self.firing)})" if self.firing else "none fires"
        return f"{firing}; told {self.sent}, waiting {self.waiting}{problems}"


def look(environ: Mapping[str, str] = os.environ, now: datetime | None = None, send: Deliver | None = None) -> Looked:
    """One look at an installation. Raises FixInput for a file of rules that is wrong; what was told stays told."""
    at, sends = now or datetime.now(UTC), send or deliver(environ)
    with watched(environ) as place:
        rules = load(place.home)
        with memory(place.home) as kept:
            turns = _judge(place, rules, kept, at)
            sent, problems = _deliver(kept, rules, sends, at)
            problems += _beat(kept, rules, sends, at)
            waiting, standing = len(kept.waiting()), kept.standings().values()
    firing = tuple(one.key for one in standing if one.fired_at is not None)
    fired = tuple(key for key, said in turns if said == "fired")
    resolved = tuple(key for key, said in turns if said == "resolved")
    return Looked(firing, fired, resolved, sent, waiting, problems)


def _judge(place: Watched, rules: Rules, kept: Memory, now: datetime) -> list[tuple[str, str]]:
    figures = read(place, now)
    readable = [one.slo for one in rules.slos if JUDGED_BY[one.slo] not in figures.missing]
    judged = slo.walks(place, kept, readable, now)
    speaker = Speaker(rules, variable("HE_CONSOLE_URL", place.environ, ""), now)
    with kept.alone():
        slo.keep(kept, judged, figures, now)
        points = {one.slo: kept.counted(one.slo) for one in rules.slos}
        turns = judge(rules, figures, points, kept.standings(), now)
        for turn in turns:
            speaker.turned(kept, turn)
        _take_alarms(place.home, rules, kept, now)
        kept.set_mark(LOOKED, str(now.timestamp()))
        kept.prune(now.timestamp(), slo.WINDOWS)
    for turn in turns:
        if turn.says:
            log.warning("alert %s %s", turn.last.key, turn.says)
    return [(turn.last.key, turn.says) for turn in turns]


# alarms of others


def _take_alarms(home: Path, rules: Rules, kept: Memory, now: datetime) -> None:
    """What sensors and flows told (`connect.alarms`) goes the way of alerts as well, each once; no older ones."""
    since = kept.mark("alarms since") or now.isoformat()
    kept.set_mark("alarms since", since)
    for path in _alarms(home, now):
        try:
            alarm = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:  # told meanwhile: it lies in the other folder
            continue
        if alarm["at"] >= since:
            for notice in _as_notices(alarm, path.stem, rules, now):
                kept.queue(notice)


def _alarms(home: Path, now: datetime) -> Iterator[Path]:
    """Files named by their hour: those of the last two days."""
    first = f"{now - ALARMS_WITHIN:%Y%m%dT%H}"
    for folder in (WAITING, TOLD):
        yield from sorted(path for path in (home / "alarms" / folder).glob("*.json") if path.name >= first)


def _as_notices(alarm: Mapping[str, Any], name: str, rules: Rules, now: datetime) -> Iterator[Notice]:
    owners = [who.removeprefix("team:") for who in alarm["who"]]
    targets = {t for route in rules.routes for o in owners if route.takes(o, SEVERITY) for t in route.to}
    body = {
        "kind": "alarm",
        "alert": "alarm",
        "severity": SEVERITY,
        "owner": ", ".join(owners),
        "summary": " ".join(str(alarm["subject"]).split()),
        "text": alarm["text"],
        "since": alarm["at"],
        "at": alarm["at"],
        "labels": {},
        "record": alarm["text"],
        "runbook": f"{rules.runbooks or BOOK}#alarms",
    }
    for target in sorted(targets):
        number = f"{name}-{target}"
        yield Notice(number, f"alarm {name}", target, "alarm", body, now.timestamp(), now.timestamp())


# sending


def _deliver(kept: Memory, rules: Rules, send: Deliver, now: datetime) -> tuple[int, tuple[str, ...]]:
    """What is due, target by target: one that is down keeps no other waiting, and comes last."""
    sent, until = 0, time.monotonic() + BUDGET
    problems: list[str] = []
    downs = kept.downs()
    for target in sorted(rules.targets, key=lambda one: one.name in downs):
        for _ in range(AT_ONCE):
            if time.monotonic() > until:
                return sent, tuple(problems)
            notice = kept.claim(target.name, now.timestamp(), LEASE)
            if notice is None:
                break
            try:
                some = [notice, *(kept.together(notice, now.timestamp()) if notice.kind != "alarm" else ())]
                send(target, joined(some), now)
            except HeSyncError as error:
                kept.failed(notice, str(error), now.timestamp(), PAUSES)
                problems.append(str(error))
                log.error("%s; %d messages wait for it", error, len(kept.waiting()))  # noqa: TRY400 - the cause is in the line
                break
            kept.sent(some, now.timestamp())
            sent += 1
    return sent, tuple(problems)


def _beat(kept: Memory, rules: Rules, send: Deliver, now: datetime) -> tuple[str, ...]:
    """Say that we look, to who misses it when nothing is said (fault F104). Never queued: an old one says nothing."""
    beat, last = rules.heartbeat, kept.mark(BEAT)
    if beat is None or (last and now.timestamp() - float(last) < beat.every.total_seconds()):
        return ()
    problems = []
    for target in (one for one in rules.targets if one.name in beat.to):
        try:
            send(target, heartbeat(target.name, now), now)
        except HeSyncError as error:
            problems.append(str(error))
    if not problems:
        kept.set_mark(BEAT, str(now.timestamp()))
    return tuple(problems)
