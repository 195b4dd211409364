"""The manifest of a pack: each file with its hash and size. Its own hash stands for the whole pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput

MANIFEST = "manifest.json"


def write_manifest(folder: Path, about: Mapping[str, Any]) -> str:
    """Write `manifest.json` over every other file of a folder; gives the manifest's own hash."""
    files = {path.name: _said(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    text = json.dumps({**about, "files": files}, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def _said(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest of a pack and its own hash. Raises FixInput where there is none or it is not readable."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        found = json.loads(content)
        found["files"].items()
    except OSError as error:
        raise FixInput(f"{path}: {error.strerror}; name a folder that he-sync close pack wrote") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FixInput(f"{path}: is no manifest of ours; ask for the pack again") from None
    return found, hashlib.sha256(content).hexdigest()


def wrong(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """One line for each file that is missing, changed or not of the pack."""
    files = manifest["files"]
    for name, told in sorted(files.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif _said(path) != told:
            yield f"{name} was changed since the pack was written"
    for path in sorted(folder.iterdir()):
        if path.name not in files and path.name != MANIFEST:
            yield f"{path.name} is not of the pack"
