"""`he-sync prune`: what is long over is taken away; what must be shown for years, or is open, stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from he_sync.cli.backup import ME, Json, Who, here
from he_sync.cli.effects import opened
from he_sync.store import pruning
from he_sync.store.lake import Lake


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, take nothing away")] = False,
    who: Who = ME,
    as_json: Json = False,
) -> None:
    """Take away what retention.yaml lets go: bodies, stories, answers, snapshots nobody refers to, old backups."""
    place = here()
    keep = pruning.load(place.home)
    with opened() as store:
        lake, now = Lake(place.home / "lake"), datetime.now(UTC)
        found = pruning.prune(store, lake, place.backups, keep, who=who, now=now, dry=dry_run)
    if as_json:
        typer.echo(json.dumps(found))
        return
    said = ", ".join(f"{number} {what}" for what, number in found.items() if number) or "nothing"
    typer.echo(f"{said} {'would go' if dry_run else 'went'}")
