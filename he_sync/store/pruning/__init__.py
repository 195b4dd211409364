"""What may go, when: bodies, stories and answers of what is long over; snapshots that nothing refers to; old backups.

What must stay, whatever its age: the row of every event and every effect with its key and hash, because a sender may
repeat and a plan may come again after years; every body of an effect, because the next change of its record is decided
by it; the audit; everything of a record that still has something open; every snapshot that is in force, that a close
names, or whose date was ever signed, for as long as evidence must be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.lake import Lake
from he_sync.store.pruning import backups, rows, snapshots
from he_sync.store.pruning.retention import Retention, load

__all__ = ["DEED", "Retention", "load", "prune"]
DEED = "pruned"


def prune(  # noqa: PLR0913 - what of which place
    store: Store,
    lake: Lake,
    kept: Path,
    keep: Retention,
    *,
    who: str,
    now: datetime,
    dry: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, int]:
    """What was taken away by kind, or with `dry` what would be. Killed or stopped anywhere, the next one goes on.

    Work goes in small transactions, so that no writer waits for it longer than for any other.
    """
    found = rows.prune(store, keep, now, dry=dry, stop=stop)
    found |= snapshots.prune(store, lake, keep, now, dry=dry, stop=stop)
    found |= backups.prune(kept, keep, dry=dry)
    if not dry and any(found.values()):
        store.run(lambda connection: audit.record(connection, who, DEED, "store", dict(found)))
    return found
