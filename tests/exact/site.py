"""A site for outages: each program of the resident profile a group of its own, kept alive until its host goes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import dagster as dg
import psycopg2
from sqlalchemy.exc import DatabaseError

from he_sync.cli import ports, servers
from he_sync.model.errors import HeSyncError
from he_sync.store.database import Store, open_store
from sensors.sweep import why_not
from tests import postgres
from tests.exact.announce import SECRETS
from tests.exact.cluster import Cluster, cluster
from tests.exact.crew import LOOK_SECONDS, Member
from tests.exact.stand_in import ROOT, StandIn, stand_in
from tests.exact.storm import RATES
from tests.resident import LATER, launch_drain, settings_for_a_while

PROGRAMS = Path(sys.executable).parent
WORKERS = ("worker-1", "worker-2")
DAGSTER, STORE = "for_dagster", "for_store"
LINGER_SECONDS = "1"
"""A drain that ends often is launched often: what starts runs must work, not only what executes them."""
WORKSPACE = "load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {port}, location_name: he-sync}}\n"


@dataclass
class Program(Member):
    """One program, dead as long as its host is `away`."""

    away: bool = False

    def start(self) -> None:
        """In a group of its own: what it started dies with it."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.line, cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, number: signal.Signals) -> None:
        """To the whole group, if it is there."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def keep(self) -> None:
        """Start it again when it is gone, as systemd does; not while its host is away."""
        if not self.away:
            super().keep()

    def lose(self) -> None:
        """Its host is gone, at once."""
        self.away = True
        self.signal(signal.SIGKILL)


class Server(Cluster):
    """A Postgres for a database each of Dagster and the store; Dagster opens a connection a query."""

    def start(self) -> None:
        """Start, and recover what a kill left."""
        options = f"{postgres.OPTIONS.format(port=self.port)} -c max_connections=200"
        postgres._run(self.programs / "pg_ctl", self.folder, self.account, "-w", "-o", options, "start")

    def named(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Both databases; the store's with a clock that can be moved on, so that leases end without waiting."""
        for name in (DAGSTER, STORE):
            self._sql("postgres", f"CREATE DATABASE {name}")
        self._sql("postgres", f"ALTER DATABASE {STORE} SET search_path = public, pg_catalog")
        self._sql(STORE, LATER)

    def facts(self) -> dict[str, str]:
        """How Dagster's settings name it."""
        named = {"HOST": "127.0.0.1", "PORT": str(self.port), "USER": "postgres", "PASSWORD": "-"}
        return {**named, "DATABASE": DAGSTER}

    def later(self) -> None:
        """Every lease and quarantine is over."""
        self._sql(STORE, "UPDATE later SET forward = forward + interval '2 hours'")

    def _sql(self, database: str, text: str) -> None:
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(text)
        connection.close()


@dataclass
class Site:
    """The programs by name, their database, and a thread that keeps them."""

    database: Server
    other_side: StandIn
    programs: dict[str, Program]
    environment: dict[str, str]
    port: int
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, *beside: Callable[[], None]) -> None:
        """Every program, and what goes on beside them."""
        for one in self.programs.values():
            one.start()
        self.threads = [threading.Thread(target=work, daemon=True) for work in beside]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """End everything."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        for one in self.programs.values():
            one.end()
        self.instance.dispose()
        self.store.close()

    def keep(self) -> None:
        """Until it is over."""
        while not self.over.wait(LOOK_SECONDS):
            for one in self.programs.values():
                one.keep()

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's, opened here as well."""
        return dg.DagsterInstance.from_config(self.environment["DAGSTER_HOME"])

    @cached_property
    def store(self) -> Store:
        """The store, opened here as well."""
        return open_store(self.environment["HE_STORE_URL"])

    def host_of(self, run_id: str) -> str:
        """The name of the program that executes a run; "" where that cannot be said."""
        facts = self.instance.run_launcher.celery.AsyncResult(run_id).info
        return str(facts.get("hostname", "")).rpartition("@")[2] if isinstance(facts, dict) else ""

    def sweep(self) -> None:
        """What the daemon's sensor does, where there is no daemon, until it is over."""
        while not self.over.wait(LOOK_SECONDS):
            with suppress(DatabaseError, HeSyncError, psycopg2.Error):
                if not why_not(self.store, self.instance, datetime.now(UTC)):
                    launch_drain(self.instance, float(LINGER_SECONDS))


@contextmanager
def site(folder: Path, *, dagster: bool) -> Iterator[Site]:
    """All of it, gone when the block ends; without Dagster's own programs a thread here begins the drains."""
    with ExitStack() as stack:
        database = stack.enter_context(_server())
        other_side = stack.enter_context(stand_in(folder / "sandbox"))
        port = ports.free()
        environment, more = _settings(folder, database, other_side, dagster=dagster)
        stack.enter_context(settings_for_a_while(environment))
        open_store(environment["HE_STORE_URL"]).close()
        one = Site(database, other_side, _programs(folder, environment, port, more), environment, port)
        one.instance.get_runs(limit=1)  # makes the tables, before several programs would at once
        stack.callback(one.close)
        one.start(one.keep, *(() if dagster else (one.sweep,)))
        yield one


def _settings(
    folder: Path, database: Server, other_side: StandIn, *, dagster: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Settings of every program, and the ports of those that listen."""
    home = folder / "home" / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_bytes((ROOT / "dagster.resident.yaml").read_bytes())
    taken = {name: str(ports.free()) for name in ("redis", *(("code", "webserver") if dagster else ()))}
    secret = secrets.token_urlsafe()
    return {
        **os.environ,
        **other_side.environment(folder / "home"),
        **SECRETS,
        **RATES,
        **{f"HE_PG_{name}": value for name, value in database.facts().items()},
        servers.PASSWORD: secret,
        "HE_BROKER_URL": f"redis://:{secret}@127.0.0.1:{taken['redis']}/0",
        "HE_STORE_URL": database.named(STORE),
        "HE_DAGSTER_URL": f"http://127.0.0.1:{taken['webserver']}" if dagster else "",
        "HE_LINGER_SECONDS": LINGER_SECONDS,
        "DAGSTER_HOME": str(home),
    }, taken


def _programs(
    folder: Path, environment: Mapping[str, str], receiver: int, taken: Mapping[str, str]
) -> dict[str, Program]:
    workspace = folder / "workspace.yaml"
    lines = {
        "redis": ["-m", "he_sync.cli.servers", "redis", str(folder / "redis"), taken["redis"]],
        "receiver": ["-m", "he_sync.web.receiver", "--port", str(receiver)],
        **{name: ["-m", "resources.runs.worker", "--at-once", "2"] for name in WORKERS},
    }
    if "code" in taken:
        workspace.write_text(WORKSPACE.format(port=taken["code"]))
        code = ["-m", "dagster", "code-server", "start", "-h", "127.0.0.1", "-p", taken["code"], "-m", "definitions"]
        web = [str(PROGRAMS / "dagster-webserver"), "-h", "127.0.0.1", "-p", taken["webserver"], "-w", str(workspace)]
        lines |= {
            "code": code,
            "webserver": web,
            "daemon": [str(PROGRAMS / "dagster-daemon"), "run", "-w", str(workspace)],
        }
    return {
        name: Program(name, [sys.executable, *words], {**environment, "HE_HOST": name}, folder / f"{name}.log")
        for name, words in lines.items()
    }


@contextmanager
def _server() -> Iterator[Server]:
    with cluster() as plain:
        plain.kill()
        server = Server(**vars(plain))
        server.start()
        server.make()
        yield server
