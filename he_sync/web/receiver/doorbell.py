"""Rings for a drain when events were stored and nobody drains: once at a time, until somebody does.

Nothing is lost without it, the sweep sensor looks every 5 s; with it the first event after a quiet time need not wait
that long. A drain holds the lane "drain" and looks for events a last time while it lets go (store/lanes.py).
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from he_sync.model.errors import HeSyncError, TryLater
from he_sync.store import inbox, lanes
from he_sync.store.clock import store_clock
from he_sync.store.database import Store

DRAIN, BELL = "drain", "doorbell"
BETWEEN = 0.1
"""Seconds between two looks at the lane: under traffic every commit rings."""
START_SECONDS = 20.0
"""A launched run may take that long to take the lane before the bell rings again."""
LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
ANSWER_SECONDS = 15.0
LOCATION, REPOSITORY, JOB = "he-sync", "__repository__", "drain"
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
log = logging.getLogger(__name__)


class Doorbell:
    """Single flight in this process by its one thread, and among processes by a lane of its own."""

    def __init__(self, store: Store, launch: Callable[[], None], holder: str) -> None:
        self._store = store
        self._launch = launch
        self._holder = holder
        self._rung = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def ring(self) -> None:
        """Events were committed. Returns at once; rings that come close together are one."""
        self._rung.set()

    def close(self) -> None:
        """Stop listening; a launch under way is not waited for."""
        self._stopped.set()
        self._rung.set()

    def _work(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            if self._stopped.is_set():
                return
            self._until_somebody_drains()
            self._stopped.wait(BETWEEN)

    def _until_somebody_drains(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            try:
                if self._is_answered() or self._rang():
                    return
            except HeSyncError as error:
                log.warning("no drain could be started: %s", error)
            except Exception:  # the bell must go on ringing whatever happened
                log.exception("the doorbell failed")
            self._stopped.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _rang(self) -> bool:
        """Launch, and whether somebody drains then; True as well while another process is about it."""
        now = store_clock(self._store)()
        lane = lanes.take(self._store, BELL, self._holder, START_SECONDS + ANSWER_SECONDS, now)
        if lane is None:
            return True
        try:
            self._launch()
            return self._drain_came()
        finally:
            lanes.release(self._store, lane)

    def _is_answered(self) -> bool:
        now = store_clock(self._store)()
        return lanes.held(self._store, DRAIN, now) or not inbox.due(self._store, now)

    def _drain_came(self) -> bool:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and not self._stopped.wait(LOOK_SECONDS):
            if self._is_answered():
                return True
        return False


def dagster_launch(url: str) -> Callable[[], None]:
    """A function that asks Dagster's GraphQL for a run of the job `drain`; it raises TryLater when none is launched."""
    selector = {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY, "jobName": JOB}
    tags = [{"key": "he/trigger", "value": "doorbell"}]
    params = {"selector": selector, "runConfigData": {}, "mode": "default", "executionMetadata": {"tags": tags}}
    body = json.dumps({"query": LAUNCH, "variables": {"params": params}})

    def launch() -> None:
        answer = _post(url.rstrip("/") + "/graphql", body)
        outcome = (answer.get("data") or {}).get("launchRun") or {}
        if outcome.get("__typename") != "LaunchRunSuccess":
            raise TryLater(f"Dagster launched no drain: {outcome.get('message') or outcome.get('__typename')}")

    return launch


def _post(url: str, body: str) -> dict[str, dict[str, dict[str, str]]]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status != http.client.OK:
            raise TryLater(f"Dagster answered {response.status}")
        answer: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TryLater(f"Dagster does not answer ({type(error).__name__})") from None
    finally:
        connection.close()
    return answer
