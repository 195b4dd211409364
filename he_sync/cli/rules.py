"""`he-sync rules`: what a company's own records obey, proposed, accepted by a person, and held against later ones."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from he_sync.cli.rules_files import Given, given
from he_sync.cli.rules_routes import WIDE, adopt, routes
from he_sync.mapping.suggest.memory import write_whole
from he_sync.model.errors import FixInput
from he_sync.quality.rules.book import Accepted, chosen, read_accepted, read_rules, with_accepted
from he_sync.quality.rules.infer import infer
from he_sync.quality.rules.rule import Rule, named

app = typer.Typer(no_args_is_help=True)
BROKEN = 1
SHOWN = 5
Sources = Annotated[
    list[Path], typer.Argument(metavar="FILE|DIR", help="CSV or Parquet, a folder of them, or an installation's home")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Of CSV files")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]
Ids = Annotated[list[str] | None, typer.Option("--rule", metavar="ID", help="By its id; may be repeated")]
ME = getpass.getuser()


@app.callback()
def verbs() -> None:
    """Rules that your own records obey."""


app.command("routes")(routes)
app.command("adopt")(adopt)


@app.command("infer")
def propose(
    sources: Sources,
    out: Annotated[Path, typer.Option("--out", metavar="OUT.json", help="Where the proposals go")],
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Propose rules, at most 30 an entity, each with its support and the rows that break it."""
    _writable(out)
    read = given(sources, encoding)
    rules = infer(read.frames)
    keys = _keys(rules)
    plain = [rule.plain(read.frames[rule.entity], keys.get(rule.entity, "")) for rule in rules]
    write_whole(out, {"rules": plain, "cells": _cells(read)})
    counts = {entity: sum(rule.entity == entity for rule in rules) for entity in read.frames}
    if as_json:
        typer.echo(json.dumps({"rules": len(rules), "entities": counts, "cells": len(_cells(read))}))
    else:
        _show(plain, f"{len(rules)} rules proposed; `he-sync rules accept {out} --rule ID` takes one over")


@app.command("accept")
def accept(  # noqa: PLR0913, PLR0917 - the options of a verb
    proposals: Annotated[Path, typer.Argument(metavar="OUT.json", help="What `rules infer` wrote")],
    into: Annotated[Path, typer.Option("--into", metavar="RULES", help="Accepted rules; made at the first one")],
    rule: Ids = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, read through")] = False,
    by: Annotated[str, typer.Option("--by", help="Who accepts; kept beside the rule")] = ME,
    as_json: AsJson = False,
) -> None:
    """Take proposals over: from then on they are checks, of `rules check` and of an installation's contracts."""
    proposed = read_rules(proposals)
    taken = proposed if every else chosen(proposals, proposed, rule or [])
    if not taken:
        raise FixInput("nothing was accepted: give --rule ID, once a rule, or --all")
    _writable(into)
    known, now = read_accepted(into), datetime.now(UTC).isoformat(timespec="seconds")
    kept = with_accepted(known, [Accepted(one, by, now) for one in taken])
    write_whole(into, {"rules": [one.plain() for one in kept]})
    counts = {"accepted": len(kept) - len(known), "rules": len(kept)}
    typer.echo(json.dumps(counts) if as_json else f"{counts['accepted']} accepted, {into} holds {counts['rules']}")


@app.command("drop")
def drop(
    rules: Annotated[Path, typer.Argument(metavar="RULES", help="Accepted rules")],
    rule: Ids = None,
) -> None:
    """Take an acceptance back."""
    known = read_accepted(rules)
    gone = {one.id for one in chosen(rules, [one.rule for one in known], rule or [])}
    if not gone:
        raise FixInput("nothing was dropped: give --rule ID")
    write_whole(rules, {"rules": [one.plain() for one in known if one.rule.id not in gone]})
    typer.echo(f"{len(gone)} dropped, {rules} holds {len(known) - len(gone)}")


@app.command("check")
def check(
    sources: Sources,
    rules: Annotated[Path, typer.Option("--rules", metavar="RULES", help="Accepted rules")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="OUT.json", help="Every broken row with its rule")
    ] = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Hold files against accepted rules. Exit 1 where a row breaks one."""
    if out:
        _writable(out)
    accepted = [one.rule for one in read_accepted(rules)]
    if not accepted:
        raise FixInput(f"{rules}: holds no accepted rule; `he-sync rules accept` takes proposals over")
    read = given(sources, encoding)
    able = [rule for rule in accepted if rule.entity in read.frames]
    if not able:
        raise FixInput(f"no rule of {rules} is about {', '.join(read.frames)}; an entity is called like its file")
    broken = [one for rule in able if (one := _broken(rule, read, _keys(accepted)))]
    told = {"rules": len(able), "broken": broken, "rows": sum(one["exceptions"] for one in broken)}
    if out:
        write_whole(out, told)
    if as_json:
        typer.echo(json.dumps({"rules": len(able), "broken": len(broken), "rows": told["rows"]}))
    else:
        _show([{**one, "rows": one["rows"][:SHOWN]} for one in broken], f"{len(able)} rules held, {len(broken)} broken")
    if broken:
        raise typer.Exit(BROKEN)


def _broken(rule: Rule, read: Given, keys: Mapping[str, str]) -> dict[str, Any] | None:
    """A rule with every row that breaks it; a cell that is not what its column is breaks each rule over it."""
    frame = read.frames[rule.entity]
    odd = {one.place for one in read.cells[rule.entity] if one.column in rule.columns}
    places = sorted({*rule.broken(read.frames), *odd})
    if not places:
        return None
    key = keys.get(rule.entity, "")
    told = rule.plain()
    rows = [named(frame, place, key if key in frame.columns else "", rule.columns) for place in places]
    return {name: told[name] for name in ("id", "entity", "kind", "rule")} | {"exceptions": len(places), "rows": rows}


def _keys(rules: Sequence[Rule]) -> dict[str, str]:
    """The column that names a row, by entity: its key of one column."""
    return {rule.entity: rule.columns[0] for rule in rules if rule.kind == "key" and len(rule.columns) == 1}


def _cells(read: Given) -> list[dict[str, str]]:
    return [
        {"entity": entity, "column": one.column, "row": str(one.place + 2), "value": one.value}
        for entity, some in read.cells.items()
        for one in some
    ]


def _show(rules: Sequence[Mapping[str, Any]], title: str) -> None:
    shown = Shown(title=title, title_justify="left")
    for name in ("id", "entity", "kind", "rule", "support", "exceptions", "rows"):
        shown.add_column(name)
    for one in rules:
        rows = ", ".join(row.get("record") or f"row {row['row']}" for row in one["rows"][:SHOWN])
        counts = (str(one.get("support", "")), str(one["exceptions"]))
        shown.add_row(one["id"], one["entity"], one["kind"], str(one["rule"]).replace("[", r"\["), *counts, rows)
    Console(width=max(Console().width, WIDE)).print(shown)


def _writable(path: Path) -> None:
    """Before any work is done: a folder that is not there, or one where a file is meant."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise FixInput(f"{path}: cannot be written; name a file in a folder that exists")
