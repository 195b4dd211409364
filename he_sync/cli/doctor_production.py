"""`he-sync doctor --production`: what makes an installation unfit for production, each with where and what to do.

Here: settings, secrets and people. Ports, disk and clock: doctor_machine.py; Postgres: doctor_database.py.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from he_sync.cli.doctor_database import database_probes, instance
from he_sync.cli.doctor_house import SENDERS
from he_sync.cli.doctor_machine import machine_probes
from he_sync.cli.init_files import HERE
from he_sync.connect.doctor import Probe
from he_sync.model.errors import FixSettings
from he_sync.settings import home_and_profile, variable
from he_sync.store import pruning
from he_sync.watch.memory import memory
from he_sync.watch.rules import load

PRODUCTION = "production"
ADDRESSES = ("HE_HEARTLAND_URL", "HE_GP_URL", "HE_EPICOR_URL")
KNOWN = {"HE_HEARTLAND_TOKEN", "HE_GP_APP_KEY", "HE_EPICOR_PASSWORD", "HE_EPICOR_API_KEY"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SANDBOX = "sandbox"
"""In every credential of the stand-ins, and in the name of the processor's own test system."""
PRIVATE = ("console.key", "console.users", "shared.db", "watching.db", "secrets/*")
OTHERS = 0o077
SHORTEST = 22
NEEDED = ("schedule", "sensor")
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)


def production_probes(environ: Mapping[str, str]) -> list[Probe]:
    """Everything that is looked at, in the order in which it is best mended."""
    home = home_and_profile(environ)[0]
    sees: dict[str, Callable[[], str]] = {
        "account": partial(_account, home),
        "secret files": partial(_private, home, environ),
        "addresses": partial(_real, environ),
        **{f"secret of {name}": partial(_long, SENDERS[name][0], environ) for name in ("heartland", "epicor")},
        "console address": partial(_named, environ),
        "people": partial(_people, home, environ),
        "alert routes": partial(_routes, home),
        "alert targets": partial(_tried, home),
        "retention": partial(_retention, home, environ),
        "versions": _versions,
    }
    ours = [Probe(PRODUCTION, what, see) for what, see in sees.items()]
    return [*ours, *machine_probes(environ), *database_probes(environ)]


def _account(home: Path) -> str:
    if os.geteuid() == 0:
        raise FixSettings("programs run as root; give them an account of their own, as the units of `he-sync init` do")
    if home.is_dir() and home.stat().st_mode & stat.S_IRWXO:
        raise FixSettings(f"others may enter {home}; chmod o-rwx {home}")
    return "its own, and nobody else enters its folder"


def _private(home: Path, environ: Mapping[str, str]) -> str:
    named = [Path(path) for name, path in environ.items() if name.startswith("HE_") and name.endswith("_FILE") and path]
    there = {path for path in (*named, *(path for one in PRIVATE for path in home.glob(one))) if path.exists()}
    if opened := sorted(str(path) for path in there if path.stat().st_mode & OTHERS):
        raise FixSettings(f"others may read {', '.join(opened)}; chmod 600, and change what could have been read")
    return f"{len(there)} files, for this account alone"


def _real(environ: Mapping[str, str]) -> str:
    """No stand-in's address or credential, none without TLS."""
    for name in ADDRESSES:
        said = urlsplit(variable(name, environ, ""))
        if not said.hostname:
            raise FixSettings(f"{name} is not set; set it to the customer's system")
        if said.hostname in LOOPBACK or SANDBOX in said.hostname:
            raise FixSettings(f"{name} is {said.hostname}, a stand-in or test system; set the real address")
        if said.scheme != "https":
            raise FixSettings(f"{name} is without TLS; write https://")
    if given := sorted(name for name in KNOWN if variable(name, environ, "").startswith(SANDBOX)):
        raise FixSettings(f"{', '.join(given)}: the stand-ins' well-known credential; put the real one there")
    return "real systems, by TLS"


def _long(name: str, environ: Mapping[str, str]) -> str:
    """Of several secrets, a replaced one with its last day, each."""
    given = [one.partition(";")[0].strip() for one in variable(name, environ, "").split(",")]
    if not any(given):
        raise FixSettings(f"{name} is not set: its events are refused; set it here and at the sender")
    if any(len(one) < SHORTEST for one in given):
        raise FixSettings(f"{name} is shorter than {SHORTEST} letters; make a longer one, here and at the sender")
    return "set"


def _named(environ: Mapping[str, str]) -> str:
    said = variable("HE_CONSOLE_URL", environ, "")
    if urlsplit(said).scheme != "https" or urlsplit(said).hostname in LOOPBACK:
        raise FixSettings(
            f"HE_CONSOLE_URL is {said or 'not set'}; put a proxy with TLS before the console (deploy/nginx.conf or "
            "deploy/Caddyfile) and set its https:// name"
        )
    return said


def _people(home: Path, environ: Mapping[str, str]) -> str:
    if issuer := variable("HE_OIDC_ISSUER", environ, ""):
        return f"sign in at {issuer}"
    try:
        names = json.loads((home / "console.users").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        names = []
    if not names:
        raise FixSettings("nobody is named, so a key lets in; `he-sync console --add-user NAME`, or HE_OIDC_ISSUER")
    return f"{len(names)} are named"


def _routes(home: Path) -> str:
    rules = load(home)
    unheard = [
        rule.alert
        for rule in rules.by_name.values()
        if not any(route.takes(rule.owner, rule.severity) for route in rules.routes)
    ]
    if unheard:
        raise FixSettings(f"{len(unheard)} alerts are told to nobody ({unheard[0]} ...); name routes in alerts.yaml")
    return f"all {len(rules.by_name)} alerts are told to somebody"


def _tried(home: Path) -> str:
    """Every target took a trial since its file says it, and none is down."""
    names = [target.name for target in load(home).targets]
    if not names:
        raise FixSettings("alerts.yaml names no target; write one, then `he-sync alerts try NAME`")
    with memory(home) as kept:
        untried, down = [name for name in names if not kept.mark(f"tried {name}")], sorted(kept.downs())
    if untried:
        raise FixSettings(f"nobody saw a message at {', '.join(untried)}; `he-sync alerts try {untried[0]}`")
    if down:
        raise FixSettings(f"{', '.join(down)} takes no messages; `he-sync alerts status` says why")
    return f"{len(names)} were tried"


def _retention(home: Path, environ: Mapping[str, str]) -> str:
    """Our own has defaults, so that a file of it must only be right; Dagster's is what its file says."""
    pruning.load(home)
    kept = instance(environ).get("retention")
    if missing := [name for name in NEEDED if not isinstance(kept, dict) or not kept.get(name)]:
        raise FixSettings(
            f"dagster.yaml keeps every tick of {' and '.join(missing)} for ever; take retention from deploy/"
        )
    return "ticks are let go of"


def _versions() -> str:
    """What is installed is what was proven together: the lock that came with this he-sync."""
    if wrong := list(_others((HERE / "deploy" / "requirements.lock").read_text(encoding="utf-8"))):
        first = ", ".join(wrong[:3])
        raise FixSettings(f"{len(wrong)} packages are not of the lock ({first}); install deploy/requirements.lock")
    return "those of the lock"


def _others(lock: str) -> Iterator[str]:
    """Installed in a version that the lock does not name; what is not installed is for another platform."""
    wanted: dict[str, set[str]] = {}
    for name, said in PINNED.findall(lock):
        wanted.setdefault(name, set()).add(said)  # two for one name: each for other versions of Python
    for name, versions in wanted.items():
        try:
            there = version(name)
        except PackageNotFoundError:
            continue
        if there not in versions:
            yield f"{name} {there}, not {' or '.join(sorted(versions))}"
