"""`he-sync sandbox`: make a world, serve it, let days happen, print its profile and switches."""

from __future__ import annotations

import json
import signal
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from he_sync.model.errors import FixInput
from he_sync.model.retailer import dump_retailer
from he_sync.sandbox import world
from he_sync.sandbox.admin import SWITCHES
from he_sync.sandbox.server import PORTS, running
from he_sync.sandbox.state import State

app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--folder", help="Where the sandbox keeps its state")]
HERE = Path("var/sandbox")
SIZES = ("small", "medium", "large")


def _state(folder: Path) -> State:
    if not (folder / "sandbox.db").exists():
        raise FixInput(f"{folder} holds no sandbox; `he-sync sandbox create --folder {folder}` makes one")
    return State(folder)


@app.command()
def create(
    folder: Folder = HERE,
    size: Annotated[str, typer.Option(help="small, medium or large")] = "small",
    seed: Annotated[int, typer.Option(help="Same seed, same world")] = 7,
) -> None:
    """Make a retailer: master data of all three systems, no business day yet."""
    if size not in SIZES:
        raise FixInput(f"--size {size}: one of {', '.join(SIZES)}")
    if (folder / "sandbox.db").exists():
        raise FixInput(f"{folder} already holds a sandbox; remove it or name another folder")
    world.create(State(folder), size=size, seed=seed)
    typer.echo(f"sandbox created in {folder}")


@app.command()
def day(date: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])], folder: Folder = HERE) -> None:
    """Let one business day happen; days go forward."""
    typer.echo(json.dumps(world.happen(_state(folder), date.date())))


@app.command()
def serve(
    folder: Folder = HERE, port: Annotated[int, typer.Option(help="Admin port; the others follow")] = PORTS["admin"]
) -> None:
    """Serve the three systems and the admin port on loopback until stopped."""
    _state(folder)
    ports = {name: port + offset for offset, name in enumerate(PORTS)}
    with running(folder, ports) as sandbox:
        for name, url in sandbox.urls.items():
            typer.echo(f"{name:10} {url}")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


@app.command()
def profile(folder: Folder = HERE) -> None:
    """Print the retailer's profile that fits this sandbox."""
    typer.echo(dump_retailer(world.profile(_state(folder))), nl=False)


@app.command()
def switches(folder: Folder = HERE) -> None:
    """Print every choice the reference left open, its value and why it is one."""
    state = _state(folder)
    for switch in SWITCHES:
        typer.echo(f"{switch.name} = {switch.read(state)}  ({', '.join(switch.values) or 'free'}): {switch.why}")
