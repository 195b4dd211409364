"""`he-sync close docs DATE --out DIR`: what is expected of a close, held against it and published as pages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from he_sync.cli import close_books
from he_sync.flows.books.expectations import hold


def docs(
    day: close_books.Day,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pages; replaced as a whole")],
    as_json: close_books.AsJson = False,
) -> None:
    """Hold a date against our contracts and rules of the close, publish the pages; exit 1 for what is not met."""
    with close_books.memory() as books:
        held = hold(books, day, out)
    rows = [asdict(one) for one in held.found] if as_json else []
    to_do = [
        f"{one.table} {one.column}: {one.why}; not so for {'; '.join(one.examples) or 'the table'}"
        for one in held.broken
    ]
    if not as_json:
        typer.echo(f"{held.index}: {len(held.found) - len(held.broken)} of {len(held.found)} expectations are met")
    close_books.Said(rows, to_do).tell(as_json=as_json)
