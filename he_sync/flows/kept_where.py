"""What of an installation goes into a backup, and where backups lie, by its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from he_sync.flows.folder import flows_folder
from he_sync.settings import variable
from he_sync.store.backup import Place
from he_sync.store.backup.files import secrets_of


def place(home: Path, profile: Path, environ: Mapping[str, str] = os.environ) -> Place:
    """The home with profile, mappings and flows, wherever these lie; flows of the package come with the package."""
    beside = {"profile": profile, "mappings": Path(variable("HE_MAPPINGS", environ, str(home / "mappings")))}
    beside |= {"flows": flows_folder(environ)} if variable("HE_FLOWS", environ, "") else {}
    return Place(home, Path(variable("HE_BACKUPS", environ, str(home / "backups"))), beside, secrets_of(environ))
