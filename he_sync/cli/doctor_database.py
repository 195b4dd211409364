"""What the doctor looks at in Postgres for production, and whether there must be one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from he_sync.connect.doctor import MOST_SKEW, Probe
from he_sync.model.errors import FixSettings
from he_sync.settings import store_address
from he_sync.store.engines import engine_at

WHERE = "production"
ONE_HOST = ("WarmLauncher", "DefaultRunLauncher")
"""Launchers whose runs stay on the machine; all others may start them elsewhere, where a file of SQLite is not."""
POWERS = {
    "rolsuper": "is a superuser",
    "rolcreaterole": "may make roles",
    "rolcreatedb": "may make databases",
    "rolbypassrls": "passes over row security",
    "rolreplication": "may copy the whole server",
}
ROLE = text(f"SELECT {', '.join(POWERS)} FROM pg_roles WHERE rolname = current_user")  # noqa: S608 - our own words
ENCRYPTED = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
LOCAL = text("SELECT inet_client_addr() IS NULL OR inet_client_addr() << '127.0.0.0/8' OR inet_client_addr() = '::1'")
INSTANCE = "take deploy/dagster.postgres.yaml"
NOW = text("SELECT clock_timestamp()")


def database_probes(environ: Mapping[str, str]) -> list[Probe]:
    """One engine for the hosts there are; on Postgres its role, its encryption and its clock."""
    address, engines = _server(environ), Probe(WHERE, "database", partial(_engines, environ))
    if not address:
        return [engines]
    looks: dict[str, Callable[[Connection], str]] = {
        "database role": _least,
        "database encryption": _encrypted,
        "database clock": _together,
    }
    return [engines, *(Probe(WHERE, what, partial(_asked, address, look)) for what, look in looks.items())]


def _server(environ: Mapping[str, str]) -> str:
    """The store's address where it is a server's; "" for a file."""
    address = store_address(environ)
    return "" if isinstance(address, Path) or address.startswith("sqlite") else address


def instance(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What dagster.yaml says. Raises FixSettings where there is none or it cannot be read."""
    if not environ.get("DAGSTER_HOME"):
        raise FixSettings("DAGSTER_HOME is not set; set it to the folder that has dagster.yaml")
    path = Path(environ["DAGSTER_HOME"]) / "dagster.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        raise FixSettings(f"{path} cannot be read; set DAGSTER_HOME to the folder that has it") from None
    return found if isinstance(found, dict) else {}


def _engines(environ: Mapping[str, str]) -> str:
    """SQLite holds on one host alone, and Dagster and the store move to Postgres together."""
    said = instance(environ)
    launcher = str(said.get("run_launcher", {}).get("class", ONE_HOST[0]))
    shared = "postgres" in said.get("storage", {})
    on_postgres = bool(_server(environ))
    if launcher not in ONE_HOST and not (on_postgres and shared):
        raise FixSettings(
            f"{launcher} starts runs on other hosts, SQLite holds on one: put store and Dagster on Postgres"
        )
    if on_postgres != shared:
        alone = (
            "Dagster's runs, not the store: set HE_STORE_URL"
            if shared
            else f"the store, not Dagster's runs: {INSTANCE}"
        )
        raise FixSettings(f"on Postgres are {alone}, so that a backup of it holds both")
    return "Postgres, for both" if shared else "SQLite, for one host"


def _asked(address: str, look: Callable[[Connection], str]) -> str:
    with _connected(address) as connection:
        return look(connection)


@contextmanager
def _connected(address: str) -> Iterator[Connection]:
    engine = engine_at(address)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise FixSettings(f"it does not answer ({said}); start it or correct HE_STORE_URL") from None
    finally:
        engine.dispose()


def _least(connection: Connection) -> str:
    row = connection.execute(ROLE).mappings().one()
    if held := [what for name, what in POWERS.items() if row[name]]:
        said = " and ".join(held)
        raise FixSettings(f"the account of HE_STORE_URL {said}; give he-sync a role that owns its database alone")
    return "owns no more than it needs"


def _encrypted(connection: Connection) -> str:
    if connection.execute(LOCAL).scalar() or connection.execute(ENCRYPTED).scalar():
        return "encrypted, or on this machine"
    raise FixSettings("the connection leaves this machine without TLS; add ?sslmode=verify-full to HE_STORE_URL")


def _together(connection: Connection) -> str:
    apart = abs((connection.execute(NOW).scalar_one() - datetime.now(UTC)).total_seconds())
    if apart > MOST_SKEW:
        raise FixSettings(f"its clock and ours are {apart:.0f} s apart; set the time of both machines (NTP)")
    return f"{apart:.0f} s apart from ours"
