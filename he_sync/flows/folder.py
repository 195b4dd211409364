"""Where the flow files of an installation lie: its own folder, or those that come with he-sync."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from he_sync.flows import registry
from he_sync.settings import variable

TEMPLATES = registry.FOLDER.with_name("templates")
"""Flow files to start from, with their mappings; they run nowhere."""


def flows_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """HE_FLOWS, so that an upgrade of the package leaves edited flows alone; else the package's own."""
    said = variable("HE_FLOWS", environ, "")
    return Path(said) if said else registry.FOLDER
