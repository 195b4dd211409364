"""Worker hosts on one machine: network namespaces with addresses of their own, on a bridge; a witness beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sensors.sweep import why_not
from tests import postgres
from tests.resident import ROOT, SECONDS, Installation, installed, wait_until

BRIDGE, NETWORK = "he-bench", "10.77.0"
GATEWAY, LOOPBACK = f"{NETWORK}.1", "127.0.0.1"
ADDRESSES = ("HE_BROKER_URL", "HE_STORE_URL", "HE_HEARTLAND_URL", "HE_GP_URL", "HE_PORTICO_URL", "HE_EPICOR_URL")
SWEEP_SECONDS = 5.0
"""Between two looks of the sweep in a daemon; here it is asked by hand, as often."""
FINDS = 0.5
HOSTS_NEED = "" if os.geteuid() == 0 and shutil.which("ip") else "network namespaces need root and the program ip"


class Hosts:
    """An installation whose first worker host runs; `another` adds one."""

    def __init__(self, site: Installation, first: subprocess.Popen[bytes]) -> None:
        self._site, self._first = site, first
        self._orders: list[str] = []

    def another(self):
        """A second host for the while of a block."""
        return host(self._site, 2)

    def drained(self, backlog: int, at_once: int) -> float:
        """Orders a second of a backlog for which so many hosts are asked at once."""
        orders = self._site.ordered(backlog)
        self._orders += orders
        began = time.monotonic()
        runs = [self._site.drain(linger=0) for _ in range(at_once)]
        for run in runs:
            self._site.ended(run)
        return backlog / (time.monotonic() - began)

    def killed(self, backlog: int) -> float:
        """Seconds from the kill of the host that drains to another drain at work."""
        killed = self._site.drain(linger=SECONDS)
        wait_until(lambda: self._site.holder() == f"drain {killed[:8]}")
        orders = self._site.ordered(backlog)
        self._orders += orders
        wait_until(lambda: self._site.landed(orders[:10]) > 0)
        on_first = killed_host(self._site, killed)
        began = time.monotonic()
        subprocess.run(["ip", "netns", "pids", on_first], check=True, capture_output=True)
        _kill(on_first)
        while why_not(self._site.store, self._site.instance, datetime.now(UTC)):
            time.sleep(SWEEP_SECONDS)
        follower = self._site.drain(linger=0)
        wait_until(lambda: self._site.holder() == f"drain {follower[:8]}")
        taken = time.monotonic() - began
        self._site.ended(follower)
        return taken

    def lost_and_doubled(self) -> tuple[int, int]:
        """Orders that Epicor lacks, and those that it has more than once, after everything that was in doubt."""
        self._site.later()
        self._site.ended(self._site.drain(linger=0))
        found = [self._site.landed([order]) for order in self._orders]
        return sum(1 for times in found if not times), sum(1 for times in found if times > 1)


def killed_host(site: Installation, run_id: str) -> str:
    """The namespace of the worker that has a run."""
    facts = site.instance.run_launcher.celery.AsyncResult(run_id).info
    return str(facts["hostname"]).rpartition("@")[2]


def _kill(name: str) -> None:
    pids = subprocess.run(["ip", "netns", "pids", name], check=True, capture_output=True, text=True).stdout.split()
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(int(pid), 9)


@contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """A site with one worker host."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        site = stack.enter_context(installed(folder, server))
        stack.enter_context(_bridge())
        stack.enter_context(_relay(sorted({_port(site.environment[name]) for name in ADDRESSES})))
        yield Hosts(site, stack.enter_context(host(site, 1)))


@contextmanager
def host(site: Installation, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a namespace of its own, at an address of its own."""
    name = f"he-host-{number}"
    moved = {key: site.environment[key].replace(LOOPBACK, GATEWAY) for key in ADDRESSES}
    moved |= {"HE_PG_HOST": GATEWAY, "HE_HOST": name}
    with _namespace(name, f"{NETWORK}.{10 + number}"), site.worker(("ip", "netns", "exec", name), moved) as process:
        yield process


@contextmanager
def _bridge() -> Iterator[None]:
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _ip("link", "del", BRIDGE)


@contextmanager
def _namespace(name: str, address: str) -> Iterator[None]:
    outside, inside = f"{name}-o", f"{name}-i"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", name)
        _ip("link", "set", outside, "master", BRIDGE, "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", inside)
        for device in ("lo", inside):
            _ip("-n", name, "link", "set", device, "up")
        yield
    finally:
        _ip("netns", "del", name)


@contextmanager
def _relay(some: list[int]) -> Iterator[None]:
    words = [sys.executable, "-m", "tests.bench.relay", GATEWAY, *map(str, some)]
    process = subprocess.Popen(words, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _port(url: str) -> int:
    return int(urlsplit(url).port or 0)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
