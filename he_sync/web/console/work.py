"""Work that takes longer than a page may: a process of its own (`workers`), which a page never waits for.

A console that ends does not cut it off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from he_sync.web.console.place import Place

LOG = "console.work.log"


def start(place: Place, kind: str, name: str) -> None:
    """Begin; what is found is kept by name."""
    words = [sys.executable, "-m", "he_sync.web.console.workers", kind, name]
    environment = {**os.environ, **place.environ}
    with (place.home / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            words, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # one that ended is not left behind


def alive(told: Mapping[str, object]) -> bool:
    """Whether the process that told something last is still there."""
    try:
        os.kill(int(str(told.get("pid", 0))) or -1, 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
