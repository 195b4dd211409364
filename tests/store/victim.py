"""A worker that stops at a chosen point and says so; the test kills it there. The ERP is a file: a line is a document.

Run as `python -m tests.store.victim STORE_URL ERP_FILE POINT`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from he_sync.store import effects
from he_sync.store.database import open_store
from tests.store.examples import EVENING

POINTS = ("before intent", "before sending", "after sending", "before confirmation", "after confirmation")


def post(erp: Path, key: str) -> None:
    """Create a document, durably."""
    with erp.open("a") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())


def stop_at(point: str, here: str) -> None:
    """Wait to be killed when this is the point."""
    if point == here:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        sys.stdin.read()


def main(url: str, erp: str, point: str) -> None:
    """Claim, send, confirm; the two transactions can be stopped just before they commit."""
    with open_store(url) as store:
        stop_before = {"commit": "before intent"}

        @event.listens_for(store.engine, "commit")
        def _commit(_: Any) -> None:
            stop_at(point, stop_before["commit"])

        claimed = effects.claim(store, "victim", 60, EVENING)
        if claimed is None:
            raise SystemExit("nothing to claim")
        stop_at(point, "before sending")
        post(Path(erp), claimed.effect.key)
        stop_at(point, "after sending")
        stop_before["commit"] = "before confirmation"
        effects.confirm(store, claimed, "5001")
        stop_at(point, "after confirmation")


if __name__ == "__main__":
    main(*sys.argv[1:])
