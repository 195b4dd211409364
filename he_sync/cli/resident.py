"""What `he-sync up --profile resident` stands on: Postgres and Redis, named by settings or started here from wheels."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.errors import DuplicateDatabase
from redis import Redis
from redis.exceptions import RedisError

from he_sync.cli import hooks, orchestrator, ports, servers
from he_sync.cli.orchestrator import Part
from he_sync.model.errors import FixSettings

BROKER, PG_HOST, STORE = "HE_BROKER_URL", "HE_PG_HOST", "HE_SANDBOX_STORE_URL"
DAGSTER_DATABASE, STORE_DATABASE = "dagster", "he_sync"


@dataclass(frozen=True)
class Profile:
    """How runs are executed: the instance file, the program, and whether that needs `servers`: Postgres and Redis."""

    instance: str
    program: str
    words: tuple[str, ...]
    servers: bool = False


PROFILES = {
    "embedded": Profile("dagster.yaml", "Warm", ("resources.runs.warm",)),
    "resident": Profile("dagster.resident.yaml", "Worker", ("resources.runs.worker",), servers=True),
}


def profile(name: str) -> Profile:
    """A profile by its name. Raises FixSettings for an unknown one."""
    if name not in PROFILES:
        raise FixSettings(f"there is no profile {name!r}; --profile is {' or '.join(PROFILES)}")
    return PROFILES[name]


def require(home: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Raise FixSettings, in one line, for what the servers of `serving` lack on this machine."""
    if not environ.get(PG_HOST):
        servers.postgres_programs()
        servers.require_reachable(home / "postgres")
    elif not environ.get(STORE):
        raise FixSettings(f"{PG_HOST} is set but not {STORE}: name a database of its own for the sandbox's store")
    if not environ.get(BROKER):
        servers.redis_program()


@contextmanager
def serving(home: Path, environ: Mapping[str, str] = os.environ) -> Iterator[tuple[dict[str, Part], dict[str, str]]]:
    """The servers that were started here, by name, and the settings that name all of them to everybody else."""
    parts: dict[str, Part] = {}
    settings = {name: value for name, value in environ.items() if name.startswith("HE_PG_")}
    settings |= {"HE_STORE_URL": environ.get(STORE, ""), BROKER: environ.get(BROKER, "")}
    with ExitStack() as stack:
        if not settings[BROKER]:
            secret, port = hooks.made(home, "redis"), ports.free()
            parts["Redis"] = stack.enter_context(_started("redis", home, port, secret))
            settings[BROKER] = f"redis://:{secret}@{ports.HOST}:{port}/0"
            _until(parts["Redis"], lambda: _answers(settings[BROKER]))
        if not environ.get(PG_HOST):
            secret, port = hooks.made(home, "postgres"), ports.free()
            parts["Postgres"] = stack.enter_context(_started("postgres", home, port, secret))
            _until(parts["Postgres"], lambda: _has_databases(port, secret))
            settings |= _of_postgres(port, secret)
        yield parts, settings


def _of_postgres(port: int, secret: str) -> dict[str, str]:
    store = f"postgresql+psycopg2://{servers.USER}:{secret}@{ports.HOST}:{port}/{STORE_DATABASE}"
    named = {"HOST": ports.HOST, "PORT": str(port), "USER": servers.USER, "PASSWORD": secret}
    return {**{f"HE_PG_{key}": value for key, value in named.items()}, "HE_PG_DATABASE": DAGSTER_DATABASE} | {
        "HE_STORE_URL": store
    }


@contextmanager
def _started(name: str, home: Path, port: int, secret: str) -> Iterator[Part]:
    words = ("he_sync.cli.servers", name, str((home / name).resolve()), str(port))
    with orchestrator.part(name.title(), words, {**os.environ, servers.PASSWORD: secret}, home) as part:
        yield part


def _until(part: Part, true: Callable[[], bool]) -> None:
    until = time.monotonic() + orchestrator.STARTS_WITHIN
    while not true():
        part.check(within=until)
        time.sleep(orchestrator.POLL)


def _answers(broker: str) -> bool:
    with suppress(RedisError), Redis.from_url(broker) as server:
        return bool(server.ping())
    return False


def _has_databases(port: int, secret: str) -> bool:
    """Whether the server answers, with a database each for Dagster and the store: both keep an `alembic_version`."""
    try:
        server = psycopg2.connect(
            host=ports.HOST, port=port, user=servers.USER, password=secret, dbname="postgres", connect_timeout=2
        )
    except psycopg2.OperationalError:
        return False
    server.autocommit = True
    with server.cursor() as cursor:
        for name in (DAGSTER_DATABASE, STORE_DATABASE):
            with suppress(DuplicateDatabase):
                cursor.execute(f"CREATE DATABASE {name}")
    server.close()
    return True
