"""`he-sync mapping check`, `apply` and `schema`: mapping files without servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from he_sync.mapping.shelf.files import put, text_of
from he_sync.mapping.spec.applying import Applied, apply
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.model import WrongMapping
from he_sync.mapping.spec.schema import schema
from he_sync.mapping.spec.trying import broken
from he_sync.model.errors import FixInput
from he_sync.store.canonical import canonical_json, read_json

FileOf = Annotated[Path, typer.Argument(metavar="FILE", help="A mapping file (docs/mapping.md)")]
SHOWN = 5


def check_file(
    file: FileOf, as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON")] = False
) -> None:
    """Say what is wrong with FILE, a line each with file, line, column and key; its tests run too."""
    made = engine(_text(file), str(file))
    if wrong := broken(made):
        raise WrongMapping(str(file), wrong)
    mapping = made.mapping
    counts = {"version": mapping.version, "fields": len(mapping.entries), "tests": len(mapping.tests)}
    said = f"{mapping.name} version {mapping.version}: {counts['fields']} fields, {counts['tests']} tests hold"
    typer.echo(json.dumps({"mapping": mapping.name, **counts}) if as_json else said)


def apply_file(
    file: FileOf,
    records: Annotated[Path, typer.Argument(metavar="RECORDS", help="A JSON list of records, or one record a line")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Where mapped records go, one a line")],
    rejected: Annotated[
        Path | None, typer.Option("--rejected", metavar="FILE", help="Where records go that cannot be mapped, and why")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON")] = False,
) -> None:
    """Map RECORDS by FILE. Without --rejected, one record that cannot be mapped stops all and nothing is written."""
    work, given = engine(_text(file), str(file)), _records(records)
    made = apply(work, given)
    if made.failures and rejected is None:
        few = [f"{records}: record {one.row + 1}: {one.field} {one.text}" for one in made.failures[:SHOWN]]
        raise FixInput(
            "\n".join([*few, f"{_failed(made)} of {len(given)} cannot be mapped; --rejected sets them aside"])
        )
    if rejected is not None:
        rows = [
            {"record": given[one.row], "row": one.row + 1, "field": one.field, "why": one.text} for one in made.failures
        ]
        put(rejected, "".join(f"{canonical_json(row)}\n" for row in rows))
    done = [record for record in made.records if record is not None]
    put(out, "".join(f"{canonical_json(record)}\n" for record in done))
    counts = {"mapped": len(done), "left_out": len(made.left_out), "rejected": _failed(made)}
    typer.echo(
        json.dumps(counts) if as_json else ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())
    )


def print_schema() -> None:
    """Print the JSON schema of mapping files, for editors."""
    typer.echo(json.dumps(schema(), indent=2))


def _failed(made: Applied) -> int:
    return len({one.row for one in made.failures})


def _text(file: Path) -> str:
    if not file.is_file():
        raise FixInput(f"{file}: no such file")
    return text_of(file)


def _records(path: Path) -> list[dict[str, Any]]:
    """Numbers as they are written, exactly."""
    text = _text(path)
    whole = text.lstrip().startswith("[")
    found: list[Any] = []
    for number, part in enumerate([text] if whole else text.splitlines(), 1):
        if part.strip():
            try:
                read = read_json(part)
            except (ValueError, RecursionError) as error:
                raise FixInput(f"{path}:{'' if whole else f'{number}:'} is no JSON ({error})") from None
            found += read if whole else [read]
    odd = next((number for number, one in enumerate(found, 1) if not isinstance(one, dict)), None)
    if odd:
        raise FixInput(f"{path}: record {odd} is no record but {str(found[odd - 1])[:40]!r}")
    return found


def commands(app: typer.Typer) -> None:
    """The verbs of mapping files."""
    app.command("check")(check_file)
    app.command("apply")(apply_file)
    app.command("schema")(print_schema)
