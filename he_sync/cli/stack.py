"""`he-sync up` and `down`: sandbox, Dagster, its warm process, receiver and console, with their addresses printed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from he_sync.cli import hooks, house, orchestrator, ports, resident
from he_sync.cli.orchestrator import Part
from he_sync.model.errors import BrokenPromise, FixInput
from he_sync.sandbox import world
from he_sync.sandbox.server import PORTS, Sandbox, running
from he_sync.store.only_one import only_one

WEBSERVER_PORT = 7200
RECEIVER, CONSOLE = 10, 20
"""Above the port of the UI: 7210 and 7220, where a receiver and a console listen by default."""
WAY_IN = "console: "
"""What the console writes before the address that lets its user in."""
HISTORY_DAYS = 7
ANSWERS_WITHIN = 10.0
Home = Annotated[Path, typer.Option(help="Folder of the installation")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead")]


def up(  # noqa: PLR0913, PLR0917 - the options of a verb
    home: Home = Path("var/up"),
    size: Annotated[str, typer.Option(help="small, medium or large")] = "small",
    seed: Annotated[int, typer.Option(help="Same seed, same world")] = 7,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business date; last Friday")] = None,
    port: Annotated[
        int, typer.Option(help="Port of the Dagster UI; receiver and console are 10 and 20 above; 0: any free")
    ] = WEBSERVER_PORT,
    sandbox_ports: Annotated[
        int, typer.Option("--ports", help="First of the sandbox's four ports; 0: any free")
    ] = PORTS["admin"],
    profile: Annotated[
        str, typer.Option(envvar="HE_UP_PROFILE", help="embedded, or resident: Postgres, Redis and resident workers")
    ] = "embedded",
    as_json: Json = False,
) -> None:
    """Serve everything until stopped (Ctrl-C or `he-sync down`); a second `up` goes on where the first stopped."""
    console = Console(quiet=as_json)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), _only_one(home):
        orchestrator.sweep(home)
        wanted = _sandbox_ports(sandbox_ports)
        above = {"Dagster UI": 0, "receiver": RECEIVER, "console": CONSOLE}
        taken = {name: port + more if port else ports.free() for name, more in above.items()}
        _require_free(wanted, taken)
        executed = _executed(profile, home)
        with running(home / "sandbox", wanted) as sandbox:
            with console.status("the world comes to be"):
                _make_world(sandbox, size, seed, day.date() if day else None)
            with _parts(sandbox, home, taken, executed) as parts, _undisturbed_end():
                with console.status("Dagster starts"):
                    _ready(sandbox, parts, home)
                served = {name.lower(): one.url for name, one in parts.items() if one.url}
                served["console"] = _way_in(parts["Console"])
                _tell(console, {**served, **sandbox.urls}, as_json=as_json)
                while True:
                    for one in parts.values():
                        one.check()
                    time.sleep(orchestrator.POLL)


@contextmanager
def _parts(
    sandbox: Sandbox, home: Path, taken: dict[str, int], executed: resident.Profile
) -> Iterator[dict[str, Part]]:
    """The programs by name. They end in the order console, receiver, Dagster, runs, servers: who asks first."""
    web, hooks_port, console_port = taken.values()
    environment = _environment(sandbox, home, web, console_port)
    shutil.copyfile(house.project_root() / executed.instance, home / "dagster" / "dagster.yaml")
    words = {
        executed.program: executed.words,
        "Dagster": ("dagster", "dev", "-w", "workspace.yaml", "-h", ports.HOST, "-p", str(web)),
        "Receiver": ("he_sync.web.receiver", "--host", ports.HOST, "--port", str(hooks_port)),
        "Console": ("he_sync.web.console", "--port", str(console_port)),
    }
    served = {"Dagster": web, "Receiver": hooks_port, "Console": console_port}
    try:
        with ExitStack() as stack:
            below, settings = stack.enter_context(resident.serving(home)) if executed.servers else ({}, {})
            environment |= settings
            yield below | {
                name: stack.enter_context(orchestrator.part(name, some, environment, home, served.get(name)))
                for name, some in words.items()
            }
    finally:
        orchestrator.sweep(home)


def _executed(name: str, home: Path) -> resident.Profile:
    found = resident.profile(name)
    if found.servers:
        resident.require(home)
    return found


def _ready(sandbox: Sandbox, parts: dict[str, Part], home: Path) -> None:
    """Return once everything answers and the sandbox sends its events to the receiver."""
    _wait_for(sandbox)
    parts["Receiver"].wait_until_answers("/healthz")
    hooks.register(sandbox, parts["Receiver"].url, home)
    parts["Console"].wait_until_answers("/healthz")
    parts["Dagster"].wait_until_answers("/server_info")
    orchestrator.require_loaded(parts["Dagster"])


def _way_in(console: Part) -> str:
    """The address that the console printed when it started."""
    lines = console.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next(line.removeprefix(WAY_IN) for line in reversed(lines) if line.startswith(WAY_IN))


def down(home: Home = Path("var/up"), as_json: Json = False) -> None:
    """Stop what `up` started, with everything that it started; says so when nothing runs."""
    owner = _owner(home)
    if owner:
        os.kill(owner, signal.SIGTERM)
        until = time.monotonic() + orchestrator.STOPS_WITHIN + ANSWERS_WITHIN
        while _owner(home) == owner and time.monotonic() < until:
            time.sleep(orchestrator.POLL)
        if _owner(home) == owner:
            os.kill(owner, signal.SIGKILL)
    left = orchestrator.sweep(home)
    stopped = bool(owner or left)
    typer.echo(json.dumps({"stopped": stopped}) if as_json else "stopped" if stopped else "nothing is up")


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the installation: a lock that ends with this process, however it ends, and names it in the file."""
    home.mkdir(parents=True, exist_ok=True)
    with only_one(home / "up.lock", lambda: _already_up(home)) as file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _already_up(home: Path) -> str:
    return f"already up (process {_owner(home)}); `he-sync down --home {home}` stops it"


def _owner(home: Path) -> int | None:
    """The process that holds the installation."""
    with suppress(FileNotFoundError), (home / "up.lock").open(encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0) or None
    return None


@contextmanager
def _undisturbed_end() -> Iterator[None]:
    """A second Ctrl-C while everything is being stopped would leave the rest of it running."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)


def _sandbox_ports(first: int) -> dict[str, int] | None:
    return {name: first + offset for offset, name in enumerate(PORTS)} if first else None


def _require_free(sandbox: dict[str, int] | None, ours: dict[str, int]) -> None:
    named = {f"sandbox {name}": port for name, port in (sandbox or {}).items()}
    ports.require_free({**ours, **named}, {**dict.fromkeys(ours, "--port"), **dict.fromkeys(named, "--ports")})


def _make_world(sandbox: Sandbox, size: str, seed: int, asked: date | None) -> None:
    """The world and its days up to the one asked for; without one, up to where an earlier `up` meant to go."""
    state = sandbox.state
    last = asked.isoformat() if asked else state.setting("up.last") or house.last_friday().isoformat()
    state.set_setting("up.last", last)
    try:
        world.create(state, size=size, seed=seed)
    except ValueError as error:
        raise FixInput(str(error)) from error
    happened = world.describe(state)["days"]
    for back in range(HISTORY_DAYS - 1, -1, -1):
        day = date.fromisoformat(last) - timedelta(days=back)
        if not happened or day.isoformat() > happened[-1]:
            world.happen(state, day)


def _environment(sandbox: Sandbox, home: Path, dagster: int, console: int) -> dict[str, str]:
    settings = house.sandbox_environment(sandbox, home, world.profile(sandbox.state))
    # Set and empty, nobody rings: the sweep alone starts drains, as where the receiver may not reach Dagster.
    address = {"HE_DAGSTER_URL": os.environ.get("HE_DAGSTER_URL", f"http://{ports.HOST}:{dagster}")}
    address["HE_CONSOLE_URL"] = f"http://{ports.HOST}:{console}"
    return house.with_dagster({**settings, **address, **hooks.keys(home)}, home)


def _wait_for(sandbox: Sandbox) -> None:
    until = time.monotonic() + ANSWERS_WITHIN
    for name, url in sandbox.urls.items():
        while not orchestrator.answers(url, "/healthz"):
            if time.monotonic() > until:
                raise BrokenPromise(f"the sandbox's {name} does not answer at {url}")
            time.sleep(orchestrator.POLL)


def _tell(console: Console, urls: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(urls))
    for name, url in urls.items():
        console.print(f"{name:10} {url}")
    console.print("Stop with Ctrl-C or `he-sync down`.")
