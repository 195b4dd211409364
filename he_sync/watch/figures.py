"""All figures of an installation at once. A group that cannot be read is named, the others are read all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from he_sync.model.errors import HeSyncError
from he_sync.watch.metrics import Sample
from he_sync.watch.of_events import events, letters, polls
from he_sync.watch.of_house import house, systems
from he_sync.watch.of_watching import watching
from he_sync.watch.of_writes import days, writes
from he_sync.watch.place import Watched

Group = Callable[[Watched, datetime], Iterator[Sample]]
GROUPS: dict[str, Group] = {
    "events": events,
    "letters": letters,
    "polls": polls,
    "effects": writes,
    "days": days,
    "house": house,
    "systems": systems,
    "watching": watching,
}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Figures:
    """What was read. `missing` names groups that could not be: what they would say is unknown, and no zero."""

    samples: tuple[Sample, ...]
    missing: frozenset[str]

    def of(self, name: str) -> tuple[Sample, ...]:
        """The samples of one metric."""
        return tuple(one for one in self.samples if one.name == name)


def read(watched: Watched, now: datetime) -> Figures:
    """Every figure; nothing of the installation is changed and nobody who writes is kept waiting."""
    samples: list[Sample] = []
    missing = set()
    for name, group in GROUPS.items():
        try:
            samples += list(group(watched, now))
        except (HeSyncError, DBAPIError) as error:
            log.warning("figures of %s could not be read: %s", name, str(error).splitlines()[0])
            missing.add(name)
        except Exception:
            log.exception("figures of %s could not be read", name)
            missing.add(name)
    samples += [Sample("he_figures_missing", float(name in missing), (("group", name),)) for name in GROUPS]
    return Figures(tuple(samples), frozenset(missing))
