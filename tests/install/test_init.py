"""`he-sync init`: a folder that is whole, holds no secret where none belongs, and is what each program reads."""

from __future__ import annotations

import os
import pty
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from he_sync.cli import hooks
from he_sync.cli import init as verb
from he_sync.cli.init_files import PROGRAMS, RESIDENT, WARM
from he_sync.cli.init_values import Values, checked
from he_sync.flows import registry
from he_sync.model.errors import FixInput
from he_sync.model.retailer import load_retailer
from he_sync.settings import read_settings
from he_sync.watch import rules
from tests.house.tree import ROOT
from tests.install.conftest import ran

HE_SYNC = Path(sys.executable).with_name("he-sync")
SAID = {
    "--name": 'Ann\'s "Shop": 100 % wool',
    "--heartland-url": "https://anns.retail.heartland.us/api",
    "--gp-app-id": "app",
    "--epicor-url": "https://erp.example.com/live",
    "--epicor-company": "ANN01",
    "--timezone": "America/Chicago",
    "--host": "sync.example.com",
}
OFFLINE_SINCE = 250
PORTS = re.compile(r"127\.0\.0\.1:(7\d{3})")


def init(folder: Path, *switches: str, **said: str) -> subprocess.CompletedProcess[str]:
    options = {**SAID, **{f"--{name.replace('_', '-')}": value for name, value in said.items()}}
    words = [word for option, value in options.items() if value for word in (option, value)]
    line = [str(HE_SYNC), "init", str(folder), *words, *switches]
    return subprocess.run(line, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("customer") / "he-sync"
    done = init(made)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def resident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation on resident workers."""
    made = tmp_path_factory.mktemp("resident") / "he-sync"
    done = init(made, "--resident")
    assert done.returncode == 0, done.stderr
    return made


def sourced(folder: Path, *more: str) -> dict[str, str]:
    """What a shell has after reading the file of settings, and more of them."""
    typed = f"set -a; {' '.join(f'. {folder / name};' for name in ('he-sync.env', *more))} env -0"
    told = subprocess.run(["bash", "-c", typed], env={}, capture_output=True, check=True).stdout.decode()
    return dict(line.split("=", 1) for line in told.split("\0") if line.startswith(("HE_", "DAGSTER_")))


def test_the_profile_is_read_as_it_was_asked_for_and_marks_what_is_an_example(folder: Path) -> None:
    retailer = load_retailer(folder / "profile.yaml")
    assert (retailer.name, retailer.timezone, retailer.epicor.company) == (
        SAID["--name"],
        SAID["--timezone"],
        SAID["--epicor-company"],
    )
    text = (folder / "profile.yaml").read_text()
    assert len(re.findall(r"^ +- code:", text, flags=re.MULTILINE)) == len(retailer.stores)
    for word in ("location_id: 1", "warehouse: S001", "walk_in_customer", "heartland_adjustment_reason_id"):
        assert re.search(rf"{word}.*# CHANGE", text), word


def test_the_settings_are_whole_but_for_secrets_and_name_a_file_for_each(folder: Path) -> None:
    settings = sourced(folder)
    for name in ("heartland_token", "gp_app_key", "epicor_password", "epicor_api_key"):
        assert settings[f"HE_{name.upper()}_FILE"] == str(folder / "secrets" / name)
    secrets = {name: "x" for name in settings if name.endswith("_FILE")}
    read = read_settings({**settings, **{name.removesuffix("_FILE"): "x" for name in secrets}})
    assert (read.home, read.profile, read.epicor_url) == (folder, folder / "profile.yaml", SAID["--epicor-url"])
    assert settings["HE_CONSOLE_URL"] == "https://sync.example.com"
    assert settings["HE_FLOWS"] == str(folder / "flows")


def test_secrets_of_senders_are_made_for_this_account_alone_and_stand_nowhere_else(folder: Path) -> None:
    made = {hooks.secret(folder, name) for name in hooks.MADE}
    assert len(made) == len(hooks.MADE)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (folder / "secrets").iterdir())
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    assert [text for text in texts for secret in made if secret in text] == []


def test_flows_templates_rules_and_instances_are_those_of_this_he_sync(folder: Path) -> None:
    flows = registry.load_all(folder / "flows")
    assert [flow.name for flow in flows] == [flow.name for flow in registry.load_all()]
    assert registry.load(folder / "templates" / "vendors" / "defs.yaml").name == "vendors"
    assert rules.load(folder).by_name
    same = {"dagster/dagster.yaml": "dagster.yaml"}
    same |= {f"deploy/{name}": name for name in ("dagster.postgres.yaml", "dagster.resident.yaml")}
    for copied, ours in {**same, "deploy/requirements.lock": "requirements.lock"}.items():
        assert (folder / copied).read_bytes() == (ROOT / ours).read_bytes()


def test_nothing_that_is_there_is_overwritten(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.parent.rglob("*")}
    again = init(folder)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert f"{folder} is there already" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.parent.rglob("*")} == before


@pytest.mark.parametrize(
    ("field", "bad", "named"),
    [
        ("epicor_url", "erp.example.com", "--epicor-url"),
        ("timezone", "America/Dover", "--timezone"),
        ("timezone", "../../etc/passwd", "--timezone"),
        ("company", "$(id)", "--epicor-company"),
        ("gp_app_id", 'a"b', "--gp-app-id"),
        ("name", "two\nlines", "--name"),
        ("currency", "dollars", "--currency"),
        ("host", "https://x", "--host"),
        ("account", "he sync", "--account"),
        ("directory", Path("/srv/my shop"), "DIR"),
    ],
)
def test_a_word_that_cannot_be_is_refused_with_its_option(field: str, bad: str, named: str) -> None:
    good = Values(
        *(Path("/srv/shop"), "Shop", "UTC", "USD", "https://h/api", "https://g/ucp", "app", "https://e/live"),
        *("C1", "he-sync", "", "he-sync"),
    )
    assert checked(good) == good
    with pytest.raises(FixInput, match=re.escape(named)):
        checked(Values(**{**vars(good), field: bad}))


def test_a_refused_word_or_a_missing_one_is_one_line_and_leaves_no_folder(tmp_path: Path) -> None:
    done = init(tmp_path / "shop", epicor_url="nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--epicor-url 'nowhere': write https://HOST/INSTANCE" in done.stderr
    with pytest.raises(FixInput, match="--name is missing and nobody is here to ask"):
        verb.init(tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


def test_a_person_at_a_terminal_is_asked_for_what_no_option_says_and_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    ours, theirs = pty.openpty()
    os.write(ours, b"Ann's Shop\n\n\nhttps://h/api\n\napp\nhttps://e/live\nANN01\n\n")
    line = [str(HE_SYNC), "init", str(tmp_path / "shop")]
    done = subprocess.run(line, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert load_retailer(tmp_path / "shop" / "profile.yaml").name == "Ann's Shop"
    assert sourced(tmp_path / "shop")["HE_EPICOR_COMPANY"] == "ANN01"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_every_unit_and_finds_each_hardened(folder: Path) -> None:
    units = sorted((folder / "deploy" / "systemd").iterdir())
    assert len(units) == len(PROGRAMS) + len(WARM) + 1
    wanted = re.search(r"^Wants=(.*)$", (folder / "deploy/systemd/he-sync.target").read_text(), flags=re.MULTILINE)
    assert wanted
    assert len(wanted[1].split()) == len(PROGRAMS) + len(WARM)
    assert all((folder / "deploy" / "systemd" / name).exists() for name in wanted[1].split())
    said = ran("systemd-analyze", "verify", *units).stderr
    assert [line for line in said.splitlines() if "he-sync" in line] == []
    services = [unit for unit in units if unit.suffix == ".service"]
    if int(ran("systemd-analyze", "--version").stdout.split()[1]) < OFFLINE_SINCE:
        pytest.skip("this systemd-analyze cannot judge files that are not installed")
    ran("systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", *services)


def test_only_the_proxies_are_reached_from_outside_and_each_leads_to_a_program(folder: Path) -> None:
    deploy = folder / "deploy"
    compose = yaml.safe_load((deploy / "compose.yaml").read_text())
    services = compose["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    for program in (*PROGRAMS, *WARM):
        assert services[program.name]["network_mode"] == services[program.name]["pid"] == "service:proxy"
    listening = {"7210", "7220"}
    for program in (*PROGRAMS, *WARM):
        unit = (deploy / "systemd" / f"he-sync-{program.name}.service").read_text()
        assert f"/{' '.join(services[program.name]['command'])}\n" in unit
        for host, port in re.findall(r"-h (\S+) -p (\d+)", program.said):
            assert host == "127.0.0.1"
            listening.add(port)
    [code] = yaml.safe_load((deploy / "workspace.yaml").read_text())["load_from"]
    assert str(code["grpc_server"]["port"]) in listening
    for name in ("nginx.conf", "Caddyfile"):
        text = (deploy / name).read_text()
        assert set(PORTS.findall(text)) <= listening, name
        assert text.count("{") == text.count("}")
        assert SAID["--host"] in text


def test_resident_workers_come_with_their_instance_servers_and_made_passwords(resident: Path) -> None:
    assert (resident / "dagster" / "dagster.yaml").read_bytes() == (ROOT / "dagster.resident.yaml").read_bytes()
    settings = sourced(resident, "secrets/postgres.env")
    named = set(re.findall(r"env: (HE_\w+)", (ROOT / "dagster.resident.yaml").read_text()))
    assert named
    assert all(settings[name] for name in named)
    store = Path(settings["HE_STORE_URL_FILE"]).read_text()
    assert settings["HE_PG_PASSWORD"] == (resident / "secrets" / "postgres_password").read_text() in store
    assert make_url(store).database != settings["HE_PG_DATABASE"]
    assert make_url(settings["HE_BROKER_URL"]).password == settings["HE_SERVER_PASSWORD"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (resident / "secrets").iterdir())
    texts = [path.read_text() for path in resident.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    assert [
        text for text in texts if settings["HE_PG_PASSWORD"] in text or settings["HE_SERVER_PASSWORD"] in text
    ] == []


def test_resident_workers_and_their_servers_are_units_and_containers_that_only_this_host_reaches(
    resident: Path,
) -> None:
    deploy = resident / "deploy"
    compose = yaml.safe_load((deploy / "compose.yaml").read_text())
    services = compose["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    assert all(one["network_mode"] == "service:proxy" for name, one in services.items() if name != "proxy")
    assert {secret for one in services.values() for secret in one.get("secrets", ())} == set(compose["secrets"])
    units = {unit.stem.removeprefix("he-sync-"): unit.read_text() for unit in (deploy / "systemd").glob("*.service")}
    assert set(units) == {program.name for program in (*PROGRAMS, *RESIDENT)} == set(services) - {"proxy", "postgres"}
    assert f"/{' '.join(services['worker']['command'])}\n" in units["worker"]
    assert " he-sync-redis.service\n" in units["worker"]
    assert f"servers redis {resident}/redis 6379\n" in units["redis"]
    assert "CREATE DATABASE dagster" in (deploy / "databases.sql").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_units_of_resident_workers(resident: Path) -> None:
    said = ran("systemd-analyze", "verify", *sorted((resident / "deploy" / "systemd").iterdir())).stderr
    assert [line for line in said.splitlines() if "he-sync" in line] == []


def test_kubernetes_takes_the_manifests_and_reaches_nothing_but_the_proxy(resident: Path) -> None:
    taken = pytest.importorskip("kubernetes_validate", reason="a development dependency: make setup")
    text = (resident / "deploy" / "kubernetes.yaml").read_text()
    manifests = list(yaml.safe_load_all(text))
    for manifest in manifests:
        taken.validate(manifest, "1.30", strict=True)
    pods = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Deployment"]
    containers = {one["name"]: one for pod in pods for one in pod["containers"]}
    assert set(containers) == {one.name for one in (*PROGRAMS, *RESIDENT)} - {"redis"} | {"proxy"}
    assert [name for name, one in containers.items() if "ports" in one] == ["proxy"]
    assert all(one["securityContext"]["capabilities"] == {"drop": ["ALL"]} for one in containers.values())
    assert all(pod["securityContext"]["runAsNonRoot"] for pod in pods)
    for program in (*PROGRAMS, RESIDENT[1]):
        assert containers[program.name]["command"][2].endswith(f"exec {program.said.format(directory=resident)}")
    assert next(one for one in manifests if one["kind"] == "NetworkPolicy")["spec"]["ingress"] == []
