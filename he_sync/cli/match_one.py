"""`he-sync match one`: who a record is, asked of a finished run before it is created again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.match.online.asking import Candidate, match_one
from he_sync.match.online.forms import READ
from he_sync.match.online.stored import opened
from he_sync.model.errors import FixInput

SIDES = ("left", "right")
FIELDS = tuple(name for name in READ if name not in ("id", "created"))


def one(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="A run of `match customers ... --index`")],
    record: Annotated[
        str, typer.Option("--record", metavar="JSON|FILE|-", help="The record: JSON, a file of it, or - for stdin")
    ],
    side: Annotated[str, typer.Option("--side", metavar="left|right", help="Where the record comes from")] = "left",
    as_json: Annotated[bool, typer.Option("--json", help="Print the candidates as JSON")] = False,
) -> None:
    """Who a record is among the customers of a run: candidates with score, decision and reasons."""
    if side not in SIDES:
        raise FixInput(f"--side {side!r}: write left or right")
    asked = _record(record)
    found = match_one(opened(run), asked, SIDES.index(side))
    typer.echo(json.dumps([_told(candidate) for candidate in found], indent=1) if as_json else _said(found))


def _record(given: str) -> Mapping[str, str]:
    """The fields of one record as text. Raises FixInput for what is no record, or says nothing."""
    where, text = _text(given)
    try:
        told = json.loads(text)
    except ValueError as error:
        raise FixInput(f'{where}: is no JSON ({error}); write {{"first_name": "Ann", "email": "ann@..."}}') from None
    if not isinstance(told, dict):
        raise FixInput(f"{where}: holds {type(told).__name__}, not one record with fields")
    if wrong := [name for name in told if name not in READ]:
        raise FixInput(f"{where}: has no field {wrong[0]!r}; fields are {', '.join(FIELDS)}")
    if wrong := [name for name, value in told.items() if not isinstance(value, str | int | None)]:
        raise FixInput(f"{where}: {wrong[0]} is {json.dumps(told[wrong[0]])[:60]}; write a text")
    found = {name: str(value) for name, value in told.items() if value is not None}
    if not any(found.get(name, "").strip() for name in FIELDS):
        raise FixInput(f"{where}: says nothing about a customer; give at least one of {', '.join(FIELDS)}")
    return found


def _text(given: str) -> tuple[str, str]:
    """What the JSON is called in a message, and the JSON."""
    if given == "-":
        return "stdin", sys.stdin.read()
    if given.lstrip().startswith(("{", "[")):
        return "--record", given
    path = Path(given)
    if not path.is_file():
        raise FixInput(f"--record {given!r}: is neither JSON nor a file")
    try:
        return path.name, path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FixInput(f"{path.name}: is not UTF-8") from None


def _told(candidate: Candidate) -> dict[str, Any]:
    why = asdict(candidate.why) | {"text": str(candidate.why)}
    return candidate._asdict() | {"side": SIDES[candidate.side], "score": round(candidate.score, 6), "why": why}


def _said(found: list[Candidate]) -> str:
    if not found:
        return "nobody: no customer of the run is likely (score 0.01 or more)"
    lines = [
        f"{one.decision:6} {one.score:.4f}  {SIDES[one.side]} {one.id}, customer {one.cluster}\n       {one.why}"
        for one in found
    ]
    return "\n".join(lines)
