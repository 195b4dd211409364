"""An installation on resident workers for tests and benches: Dagster and store on Postgres, a real Redis, a shop."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg2
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url

from he_sync.cli import ports, servers
from he_sync.store import lanes
from he_sync.store.clock import store_clock
from he_sync.store.database import Store, open_store
from tests.flows.desk import Desk, open_desk
from tests.flows.shop import PLACED, Shop

ROOT = Path(__file__).parents[1]
LANE = "drain"
SECONDS = 180
LATER = """CREATE TABLE later (forward interval); INSERT INTO later VALUES ('0');
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
'SELECT pg_catalog.clock_timestamp() + (SELECT forward FROM public.later)';"""
"""The store's clock, which a test moves on: leases and quarantines end without anybody waiting for them."""


def wait_until(true: Callable[[], bool]) -> None:
    """Fails after SECONDS."""
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


class Installation:
    """A shop on the sandbox, and workers as a test wants them."""

    def __init__(self, folder: Path, desk: Desk, environment: Mapping[str, str], store: Store) -> None:
        self.folder, self.desk, self.environment, self.store = folder, desk, dict(environment), store
        self.instance = dg.DagsterInstance.from_config(environment["DAGSTER_HOME"])
        self.shop = Shop(desk, store, lambda: datetime.now(UTC))

    @contextmanager
    def worker(
        self, within: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A resident worker, once it takes runs; what is left of it is killed."""
        before = self.workers()
        words = [*within, sys.executable, "-m", "resources.runs.worker", "--at-once", "2"]
        named = {**self.environment, **(environment or {})}
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(words, cwd=ROOT, env=named, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(lambda: self.workers() > before or process.poll() is not None)
            assert process.poll() is None, (self.folder / "worker.log").read_text()[-2000:]
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def workers(self) -> int:
        """Workers that say they live."""
        return len(self.instance.run_launcher.celery.control.ping(timeout=0.5))

    def drain(self, linger: float) -> str:
        """A run of `drain`, launched as Dagster does."""
        return launch_drain(self.instance, linger)

    def run(self, run_id: str) -> dg.DagsterRun:
        """As Dagster knows it now."""
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        """How it ended, when it has."""
        wait_until(lambda: self.run(run_id).is_finished)
        return self.run(run_id).status

    def ordered(self, orders: int) -> list[str]:
        """Orders that wait in the inbox."""
        some = [self.shop.order() for _ in range(orders)]
        for order in some:
            self.shop.tell(PLACED, order)
        return some

    def landed(self, orders: Sequence[str]) -> int:
        """How many sales orders Epicor has of them."""
        return sum(len(self.shop.orders(order)) for order in orders)

    def holder(self) -> str:
        """Who drains; "" when nobody does."""
        return lanes.holder(self.store, LANE, store_clock(self.store)())

    def lease_stays(self) -> None:
        """The lane is held for an hour more: nothing but the death of its holder can free it."""
        with self.store.begin() as connection:
            connection.exec_driver_sql("UPDATE lanes SET lease_until = lease_until + 3600000000")  # microseconds

    def later(self) -> None:
        """Every lease and quarantine is over."""
        with self.store.begin() as connection:
            connection.exec_driver_sql("UPDATE later SET forward = forward + interval '2 hours'")


def launch_drain(instance: dg.DagsterInstance, linger: float) -> str:
    """The id of a run of `drain`, launched as Dagster does."""
    pointer = ModuleCodePointer("definitions", "defs", working_directory=str(ROOT))
    job = ReconstructableRepository(pointer).get_reconstructable_job(LANE)
    run = instance.create_run_for_job(
        job.get_definition(),
        run_config={"ops": {"drain_inbox": {"config": {"linger_seconds": linger}}}},
        tags={"he/at_once": "true"},
        job_code_origin=job.get_python_origin(),
    )
    instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
    return run.run_id


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis of our own, started as `he-sync up --profile resident` does."""
    port, secret = ports.free(), secrets.token_urlsafe()
    words = [sys.executable, "-m", "he_sync.cli.servers", "redis", str(folder), str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, servers.PASSWORD: secret}, stdout=subprocess.DEVNULL)
    url = f"redis://:{secret}@127.0.0.1:{port}/0"

    def answers() -> bool:
        with suppress(RedisError), Redis.from_url(url) as server:
            return bool(server.ping())
        return False

    try:
        wait_until(answers)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def databases(server: str) -> Iterator[tuple[str, str]]:
    """Addresses of one for Dagster, and one for the store with a clock that can be moved on."""
    for_dagster, for_store = (f"t{uuid.uuid4().hex}" for _ in range(2))
    admin = psycopg2.connect(f"postgresql://postgres@{server}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        for name in (for_dagster, for_store):
            cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"ALTER DATABASE {for_store} SET search_path = public, pg_catalog")
    clock = psycopg2.connect(f"postgresql://postgres@{server}/{for_store}")
    with clock, clock.cursor() as cursor:
        cursor.execute(LATER)
    clock.close()
    address = f"postgresql+psycopg2://postgres@{server}/"
    yield address + for_dagster, address + for_store
    with admin.cursor() as cursor:
        for name in (for_dagster, for_store):
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@contextmanager
def installed(folder: Path, server: str) -> Iterator[Installation]:
    """An installation whose settings are this process's as well for the while; `server` is the Postgres."""
    home = folder / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_bytes((ROOT / "dagster.resident.yaml").read_bytes())
    with ExitStack() as stack:
        broker = stack.enter_context(redis(folder / "redis"))
        for_dagster, for_store = stack.enter_context(databases(server))
        desk, url = stack.enter_context(open_desk(folder)), make_url(for_dagster)
        named = {"HOST": url.host, "PORT": url.port, "USER": url.username, "PASSWORD": "-", "DATABASE": url.database}
        settings = {**desk.environment, **{f"HE_PG_{name}": str(value) for name, value in named.items()}}
        settings |= {"HE_BROKER_URL": broker, "HE_STORE_URL": for_store, "DAGSTER_HOME": str(home)}
        stack.enter_context(settings_for_a_while(settings))
        opened = Installation(folder, desk, os.environ, stack.enter_context(open_store(for_store)))
        stack.callback(opened.instance.dispose)
        yield opened


@contextmanager
def settings_for_a_while(settings: Mapping[str, str]) -> Iterator[None]:
    """This process's own settings, while the block lasts."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
