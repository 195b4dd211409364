"""Work that takes longer than a page may: a process of its own, which keeps what it finds where a page looks for it.

`python -m he_sync.web.console.work KIND NAME`. A page never waits for it, and a console that ends does not cut it off.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

from he_sync.flows import night
from he_sync.flows.back_fill import difference
from he_sync.flows.back_fill.kept import Kept
from he_sync.model.errors import HeSyncError
from he_sync.settings import home_and_profile, read_settings
from he_sync.web.console.place import Place

LOG = "console.work.log"
POLITE = 10
"""Its niceness: pages and the night come first."""
FAILED = "this failed; console.work.log in the home folder says why"

log = logging.getLogger(__name__)


def start(place: Place, kind: str, name: str) -> None:
    """Begin; what is found is kept by name."""
    words = [sys.executable, "-m", "he_sync.web.console.work", kind, name]
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


def back_fill(name: str) -> None:
    """Find out what a back-fill would do."""
    kept = Kept(home_and_profile()[0])
    kept.tell(name, "ask the systems")
    try:
        with night.open_office(read_settings()) as office:
            found = difference.find(office, kept.asked(name), lambda line: kept.tell(name, line))
        kept.show(name, found)
    except HeSyncError as error:
        kept.fail(name, str(error))
    except Exception:
        kept.fail(name, FAILED)
        raise


KINDS: Mapping[str, Callable[[str], None]] = {"back-fill": back_fill}


def main(kind: str, name: str) -> int:
    """Do it; what went wrong is kept by name, and in the log."""
    os.nice(POLITE)
    try:
        KINDS[kind](name)
    except Exception:
        log.exception("%s %s failed", kind, name)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
