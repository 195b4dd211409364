"""A pusher that can be killed: reads one line a push, pushes in a process of its own, says how it ended.

Run as `python -m tests.flows.victim`, settings in the environment. A line is a store's path, the time, a number n, and
`before` or `after`: the process that pushes kills itself with -9 before the n-th write leaves, or after it was
answered or cut off. With n = 0 it lives. Forking makes a kill cost no new interpreter.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from itertools import count
from pathlib import Path

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.permit import permitted
from he_sync.connect.processor import ProcessorClient
from he_sync.connect.systems import Systems
from he_sync.connect.throttle import Throttle
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import Request, Response, Send, http_send
from he_sync.flows.push import push
from he_sync.flows.writers import Bench
from he_sync.model.retailer import load_retailer
from he_sync.settings import Settings, read_settings
from he_sync.store.database import open_store


def dying(send: Send, number: int, side: str) -> Send:
    """A `Send` that does not outlive its n-th write."""
    writes = count(1)

    def sent(request: Request) -> Response:
        last = not request.idempotent and next(writes) == number
        if last and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return send(request)
        finally:
            if last:
                os.kill(os.getpid(), signal.SIGKILL)

    return sent


def systems(settings: Settings, send: Send) -> Systems:
    """The clients over a `Send` of our own."""
    tokens = TokenCache(settings.home / "shared.db")
    throttle = Throttle(settings.home / "shared.db", {})
    user, password, key = settings.epicor_user, settings.epicor_password, settings.epicor_api_key
    return Systems(
        HeartlandClient(settings.heartland_url, settings.heartland_token, send, throttle),
        ProcessorClient(settings.gp_url, settings.gp_app_id, settings.gp_app_key, send, tokens, throttle),
        EpicorClient(settings.epicor_url, settings.epicor_company, user, password, key, send, tokens, throttle),
    )


def once(path: str, now: str, number: str, side: str) -> None:
    """One push."""
    settings = read_settings()
    retailer = load_retailer(settings.profile)
    moment = datetime.fromisoformat(now)
    with http_send() as wire, open_store(Path(path)) as store:
        send = permitted(dying(wire, int(number), side))
        bench = Bench(systems(settings, send), retailer, lambda owner: owner.rpartition(" ")[2])
        push(store, bench, f"victim {os.getpid()}", now=lambda: moment)


def main() -> None:
    """Push once a line, each time in a child."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            once(*line.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"lived {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
