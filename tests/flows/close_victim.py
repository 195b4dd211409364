"""A close that can be killed: posts a date in a child that kills itself with -9 around its n-th write to Epicor.

Run as `python -m tests.flows.close_victim`, settings in the environment. A line is a home's lake, a store's path, the
time, a store, n, and `before` or `after`; the answer says whether the child was killed (tests.flows.victim).
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from he_sync.connect.permit import permitted
from he_sync.connect.wire import http_send
from he_sync.flows import night
from he_sync.flows.books import posting
from he_sync.settings import read_settings
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.flows.close_shop import DAY, books_of
from tests.flows.victim import dying, systems


def once(lake: str, path: str, now: str, code: str, number: str, side: str) -> None:  # noqa: PLR0913, PLR0917 - a line
    """One close post."""
    settings, moment = read_settings(), datetime.fromisoformat(now)
    with http_send() as wire, open_store(Path(path)) as store:
        to = systems(settings, permitted(dying(wire, int(number), side)))
        office = night.Office(to, store, Lake(Path(lake)), books_of(night.profile(settings)))
        posting.post_day(office, DAY, "cora", [code], lambda: moment)


def main() -> None:
    """Post once a line, each time in a child."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            once(*line.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said = "killed" if os.WIFSIGNALED(status) else f"lived {os.waitstatus_to_exitcode(status)}"
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
