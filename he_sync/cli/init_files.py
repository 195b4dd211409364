"""The files of a new installation: templates with its words, copies of flows, made secrets; whole or not at all."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from he_sync.cli import hooks
from he_sync.cli.init_values import Values
from he_sync.flows import registry
from he_sync.flows.folder import TEMPLATES
from he_sync.model.errors import FixInput

HERE = Path(__file__).with_name("installation")
READER = Environment(
    loader=FileSystemLoader(HERE),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=select_autoescape(()),  # no page among them: YAML and what a shell and systemd read
)
INSTANCES = ("deploy/dagster.postgres.yaml", "deploy/dagster.resident.yaml")
COPIED = ("workspace.yaml", "dagster/dagster.yaml", *INSTANCES, "deploy/databases.sql", "deploy/requirements.lock")
FILLED = (
    *("profile.yaml", "he-sync.env", "alerts.yaml", "README.md"),
    *("deploy/workspace.yaml", "deploy/Dockerfile", "deploy/compose.yaml", "deploy/Caddyfile", "deploy/nginx.conf"),
)
KUBERNETES = "deploy/kubernetes.yaml"
SENDERS_DO_NOT_KNOW = "senders get their secrets from its secrets/"
OWNER_AND_GROUP = 0o750
DAGSTER = "-w {directory}/deploy/workspace.yaml"
CODE = "he-sync-code.service"


@dataclass(frozen=True)
class Program:
    """One program of an installation: its words begin with a program of the environment that he-sync is in."""

    name: str
    about: str
    said: str
    after: str = ""
    signal: str = "SIGTERM"

    def words(self, values: Values) -> list[str]:
        """The command line."""
        return self.said.format(directory=values.directory).split()


PROGRAMS = (
    Program("code", "Dagster's code server", "dagster code-server start -h 127.0.0.1 -p 7230 -m definitions"),
    Program("daemon", "Dagster's daemon: schedules, sensors, queue", f"dagster-daemon run {DAGSTER}", CODE),
    Program("webserver", "the Dagster UI", f"dagster-webserver -h 127.0.0.1 -p 7200 {DAGSTER}", CODE),
    Program(
        "viewer", "the Dagster UI, read-only", f"dagster-webserver --read-only -h 127.0.0.1 -p 7201 {DAGSTER}", CODE
    ),
    Program("receiver", "takes events", "he-sync receiver"),
    Program("console", "pages for people", "he-sync console"),
    Program("watch", "alert rules", "he-sync alerts run"),
)
"""Alert rules also run in Dagster (sensor `watching`); on their own they tell of a Dagster that is gone."""
WARM = (Program("warm", "starts runs in 0.4 s", "python -m resources.runs.warm", signal="SIGINT"),)
RESIDENT = (
    Program(
        "redis", "keeps runs until a worker takes them", "python -m he_sync.cli.servers redis {directory}/redis 6379"
    ),
    Program("worker", "starts runs in 0.2 s", "python -m resources.runs.worker", "he-sync-redis.service"),
)
SERVERS = {
    "secrets/postgres.env": "HE_PG_HOST=127.0.0.1\nHE_PG_PORT=5432\nHE_PG_USER=he_sync\nHE_PG_PASSWORD={postgres}\n"
    "HE_PG_DATABASE=dagster\nHE_BROKER_URL=redis://:{redis}@127.0.0.1:6379/0\nHE_SERVER_PASSWORD={redis}\n",
    "secrets/store_url": "postgresql+psycopg2://he_sync:{postgres}@127.0.0.1:5432/he_sync",
}
"""How programs reach the servers of resident workers; Dagster's database is not the store's."""


def programs(values: Values) -> tuple[Program, ...]:
    """Every program of an installation."""
    return (*PROGRAMS, *(RESIDENT if values.resident else WARM))


def write(values: Values, profile: Path | None) -> None:
    """Make the folder. Raises FixInput where something is there already; nothing is left behind then."""
    if values.directory.exists() and (not values.directory.is_dir() or any(values.directory.iterdir())):
        raise FixInput(f"{values.directory} is there already; choose another folder, nothing of it is overwritten")
    with _beside(values.directory) as draft:
        _ours(draft, values)
        _services(draft, values)
        if profile:
            shutil.copyfile(profile, draft / "profile.yaml")
        for name, source in (("flows", registry.FOLDER), ("templates", TEMPLATES)):
            shutil.copytree(source, draft / name, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        for name in ("mappings", "backups"):
            (draft / name).mkdir()
        shutil.copyfile(HERE / "gitignore", draft / ".gitignore")
        hooks.keys(draft)
        if values.resident:
            _resident(draft, values)


@contextmanager
def _beside(directory: Path) -> Iterator[Path]:
    """A folder that takes the place of the other once it is whole."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        yield draft
        draft.chmod(OWNER_AND_GROUP)
        draft.rename(directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _ours(draft: Path, values: Values) -> None:
    for name in COPIED:
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name, draft / name)
    for name in FILLED:
        (draft / name).write_text(_filled(name, values, programs=_words(values)), encoding="utf-8")


def _words(values: Values) -> list[dict[str, object]]:
    return [{"name": one.name, "words": one.words(values), "signal": one.signal} for one in programs(values)]


def _resident(draft: Path, values: Values) -> None:
    """The instance on resident workers, manifests for a cluster, passwords of its servers for this account alone."""
    (draft / KUBERNETES).write_text(_filled(KUBERNETES, values, programs=_words(values)), encoding="utf-8")
    shutil.copyfile(HERE / "deploy/dagster.resident.yaml", draft / "dagster/dagster.yaml")
    made = {name: hooks.made(draft, f"{name}_password") for name in ("postgres", "redis")}
    for name, text in SERVERS.items():
        (draft / name).touch(mode=0o600)
        (draft / name).write_text(text.format(**made), encoding="ascii")


def _services(draft: Path, values: Values) -> None:
    """One systemd unit a program, and a target that brings them all up; paths are those of this environment."""
    folder = draft / "deploy" / "systemd"
    folder.mkdir()
    named = {f"he-sync-{one.name}.service": one for one in programs(values)}
    for name, one in named.items():
        command = f"{programs_folder()}/{' '.join(one.words(values))}"
        own = {"about": one.about, "command": command, "signal": one.signal, "after": one.after and f" {one.after}"}
        (folder / name).write_text(_filled("deploy/service", values, **own), encoding="utf-8")
    text = _filled("deploy/target", values, units=" ".join(named))
    (folder / "he-sync.target").write_text(text, encoding="utf-8")


def programs_folder() -> Path:
    """Where `he-sync` and `dagster` of this environment are."""
    return Path(sys.executable).parent


def _filled(name: str, values: Values, **more: object) -> str:
    """A template of ours with the installation's words."""
    words = {**asdict(values), "version": version("he-sync"), **more}
    return READER.get_template(name).render(words)
