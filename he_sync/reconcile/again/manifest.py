"""What stands beside the small tables of an earlier run: its files, its figures, and whether a run may build on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from he_sync.reconcile.again.kept import FOLDER
from he_sync.reconcile.again.touched import KEYS
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.state import ENGINE
from he_sync.reconcile.given import Books
from he_sync.reconcile.given.books import Checked

NAME = "earlier.json"
ORDERS = ("pos_orders", "erp_orders")
WHOLE = ("stores", "terms")
"""What every record depends on."""


def checked_by(previous: Path) -> Checked | None:
    """The files that an earlier run of this engine has checked; None where it noted none."""
    try:
        noted = json.loads((previous / FOLDER / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Checked(noted["parts"], noted["whole"]) if noted.get("engine") == ENGINE else None


def is_parted(books: Books) -> bool:
    """Whether all large relations are folders of files, so that a later run can tell what is new."""
    return all(bool(books.raws[name].parts) for name in KEYS if name in books.raws)


def write(out: Path, books: Books, rules: RuleSet, figures: Mapping[str, Any]) -> None:
    """Write it into the state's folder."""
    record = {
        **figures,
        "engine": ENGINE,
        "rules": rules.version,
        "folder": str(books.folder.resolve()),
        "parts": {name: books.parts[name] for name in KEYS if name in books.parts},
        "whole": {name: books.versions[name] for name in WHOLE},
    }
    (out / FOLDER / NAME).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")


@dataclass(frozen=True)
class Earlier:
    """An earlier run: its folder, what it noted, and by relation the files that came and went since."""

    out: Path
    noted: Mapping[str, Any]
    came: Mapping[str, list[Path]]
    went: Mapping[str, list[Path]]


def earlier(previous: Path, books: Books, rules: RuleSet) -> Earlier | str:
    """The earlier run, or why none can be built on."""
    try:
        noted = json.loads((previous / FOLDER / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "the earlier output kept no state"
    if reason := _other(noted, books, rules):
        return reason
    parts, old = books.parts, noted["parts"]
    came = {
        name: [one for one in books.raws[name].parts if old[name].get(one.name) != parts[name][one.name]]
        for name in old
    }
    went = {
        name: [Path(noted["folder"]) / name / file for file, digest in sorted(files.items())
               if parts[name].get(file) != digest]
        for name, files in old.items()
    }  # fmt: skip
    lost = next((path for paths in went.values() for path in paths if not _is_there(path, old)), None)
    if lost is not None:
        return f"{lost.parent.name}/{lost.name} of the earlier run is not there any more"
    return Earlier(previous, noted, came, went)


def _other(noted: Mapping[str, Any], books: Books, rules: RuleSet) -> str:
    """What differs that every record depends on; empty for nothing."""
    if (noted.get("engine"), noted.get("rules")) != (ENGINE, rules.version):
        return "rules or engine are others"
    if rules.tolerances:
        return "tolerances are counted over all records"
    if noted["whole"] != {name: books.versions[name] for name in WHOLE}:
        return "stores or terms are others"
    if set(noted["parts"]) != {name for name in KEYS if name in books.raws}:
        return "there are other relations"
    return ""


def _is_there(path: Path, old: Mapping[str, Mapping[str, str]]) -> bool:
    return path.is_file() and _digest(path) == old[path.parent.name][path.name]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
