"""`he-sync mapping`: which field of one system is which of the other, what people decided, and mapping files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from he_sync.cli import mapping_files
from he_sync.connect.wire import GOOD, Request, http_send
from he_sync.mapping.suggest.memory import EMPTY, Memory, read_memory, write_memory, write_whole
from he_sync.mapping.suggest.reading import read_table
from he_sync.mapping.suggest.second_opinion import Question, answered, undecided, with_opinion
from he_sync.mapping.suggest.suggestions import TOP, Suggestion, suggest
from he_sync.mapping.suggest.thesaurus import thesaurus
from he_sync.model.errors import FixInput, HeSyncError
from he_sync.settings import variable

app = typer.Typer(no_args_is_help=True)
NOTHING = "-"
"""What stands for `no counterpart` where a decision is written down."""
PATIENCE = 60.0
"""Seconds that a language model may take."""
FileOf = Annotated[Path, typer.Argument(metavar="FILE", help="Made at the first decision")]


@app.callback()
def verbs() -> None:
    """Which field is which, and mapping files."""


mapping_files.commands(app)


@app.command("suggest")
def suggest_mapping(  # noqa: PLR0913, PLR0917 - one argument an option
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="CSV sample, or a JSON schema (.json)")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The other system's, of the same kinds")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT.json", help="Where the suggestions go")],
    memory: Annotated[
        Path | None,
        typer.Option("--memory", metavar="FILE", help="Decisions of people that hold; see `mapping decide`"),
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV files without a mark of their own")] = "utf-8",
    top: Annotated[int, typer.Option("--top", min=1, max=50, help="Candidates a field")] = TOP,
    meanings: Annotated[
        bool,
        typer.Option("--thesaurus/--no-thesaurus", help="Use what systems call things, beside spelling and values"),
    ] = True,
    ask: Annotated[
        str, typer.Option("--ask", metavar="URL", help="A language model's address (OpenAI's form); off without it")
    ] = "",
    model: Annotated[str, typer.Option("--model", help="Which one to ask there")] = "default",
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Let the model see three values a field; else names and types")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON")] = False,
) -> None:
    """Candidates with reasons for every field of SOURCE; `auto` where the first one may be taken unseen."""
    _writable(out)
    known = thesaurus() if meanings else thesaurus().without_meanings()
    left, right = (read_table(path, encoding) for path in (source, target))
    decided = read_memory(memory) if memory else EMPTY
    found = suggest(left, right, memory=decided, top=top, known=known)
    if ask:
        question = Question(left, right, undecided(found, decided), show_values)
        found = _asked(ask, model, question, found, decided)
    write_whole(out, [one.plain() for one in found])
    _said(found, as_json)


def _asked(address: str, model: str, question: Question, found: list[Suggestion], decided: Memory) -> list[Suggestion]:
    """With the model's candidates, or as it was with a line on stderr: it is never needed."""
    key = variable("HE_MODEL_KEY", os.environ, "")
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    body = json.dumps(question.body(model)).encode()
    try:
        with http_send(total_deadline=PATIENCE) as send:
            reply = send(Request("POST", f"{address.rstrip('/')}/chat/completions", headers, body))
        pairs = answered(reply.json() if reply.status in GOOD else f"status {reply.status}")
        return with_opinion(found, pairs, question, decided)
    except (HeSyncError, ValueError) as error:
        typer.echo(f"he-sync: the language model was left out: {error}", err=True)
        return found


@app.command("decide")
def decide(
    memory: FileOf,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="SOURCE=TARGET", help="`SOURCE=-`: it has no counterpart")
    ] = None,
    reject: Annotated[list[str] | None, typer.Option("--reject", metavar="SOURCE=TARGET", help="Never again")] = None,
) -> None:
    """Write down what a person decided; `mapping suggest --memory FILE` follows it from then on."""
    accepted = [(one, None if two == NOTHING else two) for one, two in _pairs("--accept", accept or [])]
    rejected = list(_pairs("--reject", reject or []))
    if not accepted and not rejected:
        raise FixInput("nothing was decided: give --accept SOURCE=TARGET or --reject SOURCE=TARGET")
    _writable(memory)
    write_memory(memory, read_memory(memory).with_decisions(accepted, rejected))


def _pairs(option: str, given: Iterable[str]) -> Iterable[tuple[str, str]]:
    for one in given:
        source, equals, target = one.partition("=")
        if not (equals and source.strip() and target.strip()):
            raise FixInput(f"{option} {one!r}: write SOURCE=TARGET")
        yield source.strip(), target.strip()


def _writable(path: Path) -> None:
    """Before any work is done: a folder that is not there, or one where a file is meant."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise FixInput(f"{path}: cannot be written; name a file in a folder that exists")


def _said(found: list[Suggestion], as_json: bool) -> None:
    counts: dict[str, Any] = {
        "fields": len(found),
        "auto": sum(one.auto is not None for one in found),
        "none": sum(one.none for one in found),
    }
    counts["to_decide"] = counts["fields"] - counts["auto"] - counts["none"]
    if as_json:
        typer.echo(json.dumps(counts))
        return
    shown = Shown(title=", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))
    for name in ("source", "first candidate", "chance", "", "why"):
        shown.add_column(name)
    for one in found:
        first = one.candidates[0] if one.candidates else None
        mark = "auto" if one.auto else "no counterpart" if one.none else ""
        target, score, why = (first.target, f"{first.score:.2f}", first.reason) if first else ("", "", "")
        shown.add_row(one.source, target, score, mark, why)
    Console().print(shown)
