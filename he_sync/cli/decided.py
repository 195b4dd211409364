"""Where decisions about pairs come from: a store's master, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from he_sync.match.decided import Decided, decided_in
from he_sync.model.errors import FixInput

SIDES = "heartland,epicor"
Sides = Annotated[str, typer.Option("--sides", metavar="LEFT,RIGHT", help="The systems of the files, in their order")]
TABLES = (".csv", ".parquet", ".pq", ".txt")


def sides_named(text: str) -> tuple[str, ...]:
    """The systems of LEFT and RIGHT. Raises FixInput for anything but the two that the master knows."""
    found = tuple(part.strip() for part in text.split(","))
    if not found or len(set(found)) < len(found) or not set(found) <= set(SIDES.split(",")):
        raise FixInput(f"--sides {text!r}: write the system of each file, {SIDES} or epicor,heartland or one of them")
    return found


def decisions_at(where: str, sides: str) -> list[Decided]:
    """The decisions of a store (a file or an address), or of a CSV or Parquet file."""
    at = {side: place for place, side in enumerate(sides_named(sides))}
    path = Path(where)
    if path.suffix.lower() in TABLES:
        return decided_in(path, at)
    if "://" not in where and not path.is_file():
        raise FixInput(f"{where}: there is no such store; name its file, its address, or a CSV with decisions")
    from he_sync.store import master  # noqa: PLC0415 - a run without decisions needs no database
    from he_sync.store.database import open_store  # noqa: PLC0415 - same

    with open_store(where if "://" in where else path) as store:
        said = master.constraints(store)
    return [
        Decided(at[one.left.side], one.left.id, at[one.right.side], one.right.id, one.same, one.asked)
        for one in said
        if one.left.side in at and one.right.side in at
    ]
