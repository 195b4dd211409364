"""`he-sync doctor --production`: an installation that is fit passes, and each thing that makes it unfit is one line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from he_sync.cli import doctor_production, house
from he_sync.cli.doctor_database import database_probes
from he_sync.cli.doctor_machine import machine_probes
from he_sync.cli.doctor_production import production_probes
from he_sync.cli.init_files import write
from he_sync.cli.init_values import Values
from he_sync.connect.doctor import diagnose
from he_sync.sandbox import world
from he_sync.watch.memory import memory
from tests.install.test_init import HE_SYNC, sourced

SECRETS = ("heartland_token", "gp_app_key", "epicor_password", "epicor_api_key")
ALERTS = """
targets: [{name: desk, kind: webhook, url: "https://alarms.example.com/"}]
routes: [{owners: [integration, finance], to: [desk]}]
"""
OF_THE_MACHINE = {"disk"}
"""Whether it has room is its own business."""
Environ = dict[str, str]


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environ:
    """The settings of an installation as it should be, run by an account that is not root's."""
    home = tmp_path / "shop"
    addresses = ("https://a.retail.heartland.us/api", "https://apis.globalpay.com/ucp", "app", "https://erp.a.com/live")
    write(Values(home, "Shop", "UTC", "USD", *addresses, "A01", "he-sync", "sync.a.com", "he-sync"), None)
    for name in SECRETS:
        (home / "secrets" / name).write_text("of-the-customer")
    (home / "console.users").write_text(json.dumps([{"name": "cora"}]))
    for path in (*home.glob("secrets/*"), home / "console.users"):
        path.chmod(0o600)
    (home / "alerts.yaml").write_text(ALERTS)
    (home / "backups" / "today").write_text("a copy")
    with memory(home) as kept:
        kept.set_mark("tried desk", "2026-11-30")
    monkeypatch.setattr(os, "geteuid", lambda: 7200)
    return sourced(home)


def wrong(environ: Environ, *not_looked_at: str) -> dict[str, str]:
    """What is said of what is not as it must be."""
    probes = [one for one in production_probes(environ) if one.what not in (*OF_THE_MACHINE, *not_looked_at)]
    return {one.what: one.say for one in diagnose(probes) if not one.ok}


def test_an_installation_as_it_should_be_has_nothing_to_do(fit: Environ) -> None:
    assert wrong(fit) == {}


def edited(name: str, old: str, new: str) -> Callable[[Environ, Path], None]:
    def edit(environ: Environ, home: Path) -> None:
        del environ
        text = (home / name).read_text()
        assert old in text
        (home / name).write_text(text.replace(old, new))

    return edit


def told(**settings: str) -> Callable[[Environ, Path], None]:
    return lambda environ, _: environ.update(settings)


UNFIT: dict[str, tuple[str, str, Callable[[Environ, Path], object]]] = {
    "a secret that others read": (
        "secret files",
        "epicor_password; chmod 600",
        lambda _, home: (home / "secrets/epicor_password").chmod(0o640),
    ),
    "a folder that others enter": ("account", "chmod o-rwx", lambda _, home: home.chmod(0o755)),
    "a stand-in's address": ("addresses", "HE_EPICOR_URL is 127.0.0.1", told(HE_EPICOR_URL="http://127.0.0.1:7103/k")),
    "the processor's test system": (
        "addresses",
        "HE_GP_URL is apis.sandbox",
        told(HE_GP_URL="https://apis.sandbox.globalpay.com/ucp"),
    ),
    "no TLS": (
        "addresses",
        "HE_HEARTLAND_URL is without TLS",
        told(HE_HEARTLAND_URL="http://a.retail.heartland.us/api"),
    ),
    "a well-known credential": (
        "addresses",
        "HE_HEARTLAND_TOKEN: the stand-ins'",
        edited("secrets/heartland_token", "of-the-customer", "sandbox-heartland-token"),
    ),
    "a sender without a secret": (
        "secret of heartland",
        "HE_HOOK_HEARTLAND_SECRET is not set",
        lambda environ, _: environ.pop("HE_HOOK_HEARTLAND_SECRET_FILE"),
    ),
    "a secret to guess": ("secret of epicor", "shorter than 22", told(HE_HOOK_EPICOR_SECRET="short;until=2030-01-01")),
    "a console without a name": ("console address", "is not set", lambda environ, _: environ.pop("HE_CONSOLE_URL")),
    "a console without TLS": ("console address", "http://sync", told(HE_CONSOLE_URL="http://sync.a.com")),
    "nobody named": ("people", "--add-user", lambda _, home: (home / "console.users").unlink()),
    "an alert that nobody hears": ("alert routes", "told to nobody", edited("alerts.yaml", ", finance", "")),
    "a target that was never tried": (
        "alert targets",
        "he-sync alerts try pager",
        edited("alerts.yaml", "desk", "pager"),
    ),
    "no backup": ("backup", "HE_BACKUPS", lambda _, home: (home / "backups/today").unlink()),
    "an old backup": ("backup", "s old", lambda _, home: os.utime(home / "backups/today", (0, 0))),
    "an alert switched off": (
        "backup",
        "backup_old is switched off",
        edited("alerts.yaml", "\ntargets", "\nrules: [{alert: backup_old, enabled: false}]\ntargets"),
    ),
    "ticks for ever": (
        "retention",
        "sensor for ever",
        edited("dagster/dagster.yaml", "  sensor:\n    purge", "  x:\n    p"),
    ),
    "a retention that would forget too soon": (
        "retention",
        "events_days",
        lambda _, home: (home / "retention.yaml").write_text("events_days: 1"),
    ),
    "runs on other hosts on SQLite": (
        "database",
        "CeleryRunLauncher starts runs on other hosts",
        edited("dagster/dagster.yaml", "class: WarmLauncher", "class: CeleryRunLauncher"),
    ),
    "Dagster alone on Postgres": (
        "database",
        "set HE_STORE_URL",
        lambda _, home: (home / "deploy/dagster.postgres.yaml").replace(home / "dagster/dagster.yaml"),
    ),
    "no instance": ("retention", "DAGSTER_HOME is not set", lambda environ, _: environ.pop("DAGSTER_HOME")),
}


@pytest.mark.parametrize("case", UNFIT)
def test_each_thing_that_makes_it_unfit_is_one_line_that_says_what_to_do(fit: Environ, case: str) -> None:
    what, said, spoil = UNFIT[case]
    spoil(fit, Path(fit["HE_HOME"]))
    found = wrong(fit, "versions")
    assert said in found.pop(what)
    assert found.keys() <= ({"database"} if case == "no instance" else set())


def test_people_of_a_provider_are_people_too_and_root_is_no_account(
    fit: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(fit["HE_HOME"]) / "console.users").unlink()
    fit["HE_OIDC_ISSUER"] = "https://id.a.com"
    assert wrong(fit) == {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert wrong(fit).keys() == {"account"}


SOCKETS = """  sl  local_address rem_address   st
   0: 0100007F:1C20 00000000:0000 0A
   1: 00000000:{port:04X} 00000000:0000 {state}
"""


@pytest.mark.parametrize(
    ("port", "state", "said"),
    [(7200, "0A", "7200 (Dagster)"), (7220, "0A", "7220 (the console)"), (7300, "0A", "7300 (Dagster)")],
)
def test_a_program_of_ours_that_listens_on_more_than_loopback_is_named(
    tmp_path: Path, port: int, state: str, said: str
) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/tcp").write_text(SOCKETS.format(port=port, state=state))
    inside = machine_probes({"HE_DAGSTER_URL": "http://127.0.0.1:7300", "HE_HOME": str(tmp_path)}, tmp_path)[0]
    [found] = diagnose([inside])
    assert (found.ok, said in found.say) == (False, True)
    (tmp_path / "proc/net/tcp").write_text(SOCKETS.format(port=port, state="01"))  # connected, not listening
    assert diagnose([inside])[0].ok


def test_a_package_that_is_not_of_the_lock_is_named_and_one_of_another_platform_is_not() -> None:
    there = doctor_production.version("typer")
    lock = f"typer[all]=={there} \\\n    --hash=sha256:0\nnot-here==1.0 ; sys_platform == 'win32' \\\nrich==0.1 \\\n"
    [named] = doctor_production._others(lock)
    assert named.startswith("rich ")
    assert (
        list(
            doctor_production._others(
                lock.replace("rich==0.1", f"rich==0.1\nrich=={doctor_production.version('rich')}")
            )
        )
        == []
    )


@pytest.fixture
def modest(postgres_url: str) -> Iterator[str]:
    """The same database by a role that may do nothing else."""
    address, name = make_url(postgres_url), "he_sync_modest"
    admin = psycopg2.connect(postgres_url.replace("+psycopg2", ""))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN")
        yield address.set(username=name).render_as_string(hide_password=False)
        cursor.execute(f"DROP ROLE {name}")
    admin.close()


def test_on_postgres_the_account_may_do_no_more_than_it_needs(fit: Environ, postgres_url: str, modest: str) -> None:
    home = Path(fit["HE_HOME"])
    (home / "deploy/dagster.postgres.yaml").replace(home / "dagster/dagster.yaml")
    by = {address: diagnose(database_probes({**fit, "HE_STORE_URL": address})) for address in (postgres_url, modest)}
    bad = {one.what: one.say for one in by[postgres_url] if not one.ok}
    assert bad.keys() == {"database role"}
    assert "is a superuser and may make roles" in bad["database role"]
    assert [one.say for one in by[modest] if not one.ok] == []
    assert [one.what for one in by[modest]][-1] == "database clock"


def test_the_verb_says_it_as_json_and_exits_1(sandbox, tmp_path: Path) -> None:
    world.create(sandbox.state, size="small", seed=7)
    environ = house.sandbox_environment(sandbox, tmp_path / "home", world.profile(sandbox.state))
    line = [str(HE_SYNC), "doctor", "--production", "--json"]
    done = subprocess.run(line, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    found = [one for one in json.loads(done.stdout) if one["system"] == "production"]
    assert "a stand-in or test system" in next(one["say"] for one in found if one["what"] == "addresses")
    assert [one["say"] for one in json.loads(done.stdout) if not one["ok"] and one["system"] != "production"] == []
