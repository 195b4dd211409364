"""A drain worker for storms: drains, and drains again when it was killed and started anew. No Dagster.

Run as `python -m tests.exact.worker STORE_URL CLOCK`, settings in the environment. CLOCK is a file: the seconds by
which this process's wall clock is wrong, whenever somebody writes them there. So that a storm of two minutes sees
leases and quarantines end, they are shortened here, in this process only; their order stays as in the product.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine

from he_sync.connect.systems import connect
from he_sync.flows import registry
from he_sync.flows.drain import drain
from he_sync.flows.run import Works
from he_sync.model.errors import HeSyncError
from he_sync.model.retailer import load_retailer
from he_sync.settings import read_settings
from he_sync.store.database import open_store

STEP_SECONDS = 0.05
QUARANTINE, LEASE, LANE, TAKE = 15.0, 6.0, 8.0, 30.0
"""Seconds instead of 330, 30, 30 and 120. What is late lands within QUARANTINE - LEASE."""
SHORTER = {
    ("he_sync.store.effects.records", "QUARANTINE"): timedelta(seconds=QUARANTINE),
    ("he_sync.flows.push.outcome", "LEASE_SECONDS"): LEASE,
    ("he_sync.flows.push.outcome", "PAUSE_SECONDS"): 2.0,
    ("he_sync.flows.drain", "LEASE_SECONDS"): TAKE,
    ("he_sync.flows.drain", "LANE_SECONDS"): LANE,
    ("he_sync.flows.drain", "LATER_SECONDS"): 3.0,
    ("he_sync.flows.drain", "LONGEST_PAUSE"): 2.0,
}
"""By the module that defines it."""


def shorten() -> None:
    """Set the shorter times wherever they were imported. Raises AttributeError for a name that is gone."""
    for (home, name), value in SHORTER.items():
        original = getattr(importlib.import_module(home), name)
        for module in [module for known, module in sys.modules.items() if known.startswith("he_sync")]:
            if getattr(module, name, None) is original:
                setattr(module, name, value)


def wrong_clock(file: Path) -> None:
    """From now on `datetime` and `time` tell what the file says; what measures durations is left alone, as in life."""
    right, began = time.time(), time.monotonic()
    shown = time_machine.travel(right, tick=True).start()
    said = "0"

    def follow() -> None:
        nonlocal said
        while True:
            now = (file.read_text() if file.exists() else "") or "0"
            if now != said:
                said = now
                shown.move_to(right + time.monotonic() - began + float(said), tick=True)
            time.sleep(STEP_SECONDS)

    threading.Thread(target=follow, daemon=True).start()


def main(url: str, clock: str) -> None:
    """Drain until killed."""
    shorten()
    wrong_clock(Path(clock))
    settings, worker = read_settings(), f"worker {os.getpid()}"
    with open_store(url) as store, connect(settings) as systems:
        works = Works(store, systems, load_retailer(settings.profile), registry.load_all())
        while True:
            try:
                done = drain(works, worker, linger_seconds=1.0)
            except HeSyncError as error:
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
            else:
                sys.stderr.write("" if done.held else f"{done}\n")
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
