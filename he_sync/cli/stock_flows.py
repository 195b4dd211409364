"""`he-sync stock plan` and `push`: Epicor's counts to the shop, the shop's movements to Epicor, shown first or sent."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from he_sync.flows import night
from he_sync.flows.push.lane import WORKERS
from he_sync.flows.stock import book, send
from he_sync.flows.stock.sets import Yard
from he_sync.settings import Settings, read_settings
from he_sync.stock.policy import Policy, read_policy
from he_sync.stock.push import Spot

WORKER = f"he-sync stock by {getpass.getuser()}"
MOST_LINES, LEASE_SHARE = 100, 20
"""Lines of a set: what six sets at a time may send in 20 of the 30 s for which each is leased."""
SHOWN = 50
To = Annotated[Literal["heartland", "epicor", "both"], typer.Option("--to", help="One direction alone")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Stock policy in YAML; none: items by whole units")]
Over = Annotated[bool, typer.Option("--over-limit", help="Send changes over the profile's limit too")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]


def lines(settings: Settings) -> int:
    """How long a set may be at this rate, so that it is sent within its lease."""
    return max(1, min(MOST_LINES, int(settings.rates["heartland"] * LEASE_SHARE / WORKERS)))


@contextmanager
def open_yard(policy: Path | None, *, over_limit: bool = False) -> Iterator[Yard]:
    """The yard of this installation. Raises FixSettings for settings, profile or policy that are wrong."""
    rules, settings = read_policy(policy) if policy else Policy(), read_settings(os.environ)
    with night.open_office(settings) as office:
        yard = Yard(office.systems, office.store, office.retailer, rules, lines(settings))
        yield yard if over_limit else yard.limited


def plan(to: To = "both", policy: PolicyFile = None, as_json: AsJson = False) -> None:
    """What a push would change, old -> new, read from both systems now. Nothing is written anywhere."""
    told: dict[str, Any] = {}
    with open_yard(policy) as yard:
        if to != "heartland":
            told["epicor"] = _booking(book.propose(yard))
        if to != "epicor":
            told["heartland"] = _sending(send.plan(yard))
    _print(told, as_json=as_json)


def push(to: To = "both", policy: PolicyFile = None, over_limit: Over = False, as_json: AsJson = False) -> None:
    """Book what the shop moved, then send what is news in Epicor. The same again sends nothing twice.

    The first push only remembers where the shop's ledger of movements stands: what was before is the counts' business.
    """
    told: dict[str, Any] = {}
    with open_yard(policy, over_limit=over_limit) as yard:
        if to != "heartland":
            told["epicor"] = _booking(book.push(yard, WORKER))
        if to != "epicor":
            told["heartland"] = _sending(send.push(yard, WORKER, tell=_say(as_json=as_json)))
    _print(told, as_json=as_json)
    if any(one["problems"] or one["stopped"] for one in told.values()):
        raise typer.Exit(1)


def _say(*, as_json: bool) -> send.Tell:
    return (lambda _: None) if as_json else (lambda line: typer.echo(line, err=True))


def _booking(one: book.Booking) -> dict[str, Any]:
    figures = {"movements": one.taken, "booked": one.booked, "transactions": len(one.effects)}
    changes = [effect.summary + _waits(effect.waits_because) for effect in one.effects]
    left = [f"{count} left: {why}" for why, count in sorted(one.left.items())]
    return _told(figures, changes, left, one)


def _sending(one: send.Outcome) -> dict[str, Any]:
    figures = {"counts": one.counted, "news": one.news, "changes": one.lines, "sets": one.sets, "equal": one.equal}
    held = [f"item {_name(spot)}: held, {why}" for spot, why in sorted(one.held.items())]
    over = [f"{line} waits for --over-limit" for line in one.over]
    return _told(figures, one.preview, [*over, *held], one)


def _told(
    figures: dict[str, Any], changes: list[str], aside: list[str], one: book.Booking | send.Outcome
) -> dict[str, Any]:
    troubles = [trouble.reason for trouble in one.troubles]
    ended = {"states": dict(one.states), "problems": one.problems, "stopped": one.stopped}
    return {**figures, "changes_shown": changes, "aside": aside, "exceptions": troubles, **ended}


def _name(spot: Spot) -> str:
    return f"{spot[0]} @ {spot[1]}"


def _waits(because: str) -> str:
    return f" (waits: {because})" if because else ""


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, indent=1, default=str))
        return
    for side, one in told.items():
        figures = [f"{value:,} {name}" for name, value in one.items() if isinstance(value, int)]
        typer.echo(f"to {side}: {', '.join(figures)}")
        for name in ("changes_shown", "aside", "exceptions", "problems"):
            lines_ = one[name]
            typer.echo("".join(f"  {line}\n" for line in lines_[:SHOWN]), nl=False)
            if len(lines_) > SHOWN:
                typer.echo(f"  and {len(lines_) - SHOWN:,} more; --json has them all")
        states = [f"{count:,} {state}" for state, count in one["states"].items()]
        typer.echo(f"  effects: {', '.join(states) or 'none sent'}" + (f"; {one['stopped']}" if one["stopped"] else ""))
