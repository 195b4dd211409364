"""Posts that leave the stand-in after a commit, one thread a state, in order: BPM directives and CDC pushes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener
from weakref import WeakKeyDictionary

from he_sync.sandbox.state import State, encode

TIMEOUT_SECONDS = 5.0
_posters: WeakKeyDictionary[State, ThreadPoolExecutor] = WeakKeyDictionary()
_opener = build_opener(ProxyHandler({}))
log = logging.getLogger(__name__)


def later(state: State, work: Callable[[], object]) -> None:
    """Do the work in the background, after what was asked for before."""
    poster = _posters.setdefault(state, ThreadPoolExecutor(1, thread_name_prefix="kinetic-post"))

    def guarded() -> None:
        try:
            work()
        except Exception:
            log.debug("a post in the background failed", exc_info=True)

    poster.submit(guarded)


def post(url: str, body: Any, headers: Mapping[str, str]) -> bool:
    """POST as JSON; whether the other side answered 2xx."""
    if not url.startswith(("http://", "https://")):
        return False
    request = Request(url, encode(body).encode(), {"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 - checked
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return 200 <= int(response.status) < 300  # noqa: PLR2004 - success
    except (URLError, OSError):
        return False
