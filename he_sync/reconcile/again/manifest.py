"""What stands beside the small tables of an earlier run: its files, its figures, and whether a run may build on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from he_sync.reconcile.again.numbers import Numbers
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.state import ENGINE
from he_sync.reconcile.given import Books
from he_sync.reconcile.given.known import Checked, Folder, Noted
from he_sync.reconcile.given.known import digest as digest_of

FOLDER = "state"
NAME, BREAKS = "earlier.json", "breaks.rows"
STATE = 4  # changes with the form of what is kept
LARGE = ("pos_payments", "settlement_lines", "gl_lines", "pos_orders", "erp_orders")
SMALL = ("batches", "bank_lines")
"""Of a folder too, or one file: a copy of these is kept whole."""
ORDERS = ("pos_orders", "erp_orders")
WHOLE = ("stores", "terms")
"""What every record depends on."""


def is_parted(books: Books) -> bool:
    """Whether all large relations are folders of files, so that a later run can tell what is new."""
    return all(bool(books.raws[name].parts) for name in LARGE if name in books.raws)


@dataclass(frozen=True)
class Noticed:
    """What an earlier run noted: figures, and its files by relation with each one's number."""

    out: Path
    figures: Mapping[str, Any]
    numbers: Numbers

    @classmethod
    def of(cls, previous: Path) -> Noticed | None:
        """Read it; None where this engine left none."""
        try:
            figures = json.loads((previous / FOLDER / NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if (figures.get("engine"), figures.get("state")) != (ENGINE, STATE):
            return None
        return cls(previous, figures, Numbers.read(previous / FOLDER, figures["numbers"]))

    def checked(self) -> Checked:
        """The files that need not be checked again."""
        folders = {
            name: Folder(
                one["types"],
                one["shape"],
                {file: Noted(digest, rows, tuple(sign)) for file, (digest, rows, sign) in one["files"].items()},
            )
            for name, one in self.figures["folders"].items()
        }
        return Checked(folders, self.figures["whole"], self.numbers.suspects)


def write(out: Path, books: Books, rules: RuleSet, numbers: Numbers, figures: Mapping[str, Any]) -> None:
    """Write it into the state's folder."""
    record = {
        **figures,
        "engine": ENGINE,
        "state": STATE,
        "rules": rules.version,
        "folder": str(books.folder.resolve()),
        "folders": {
            name: {
                "types": books.raws[name].types,
                "shape": books.raws[name].shape,
                "files": {file: (one.digest, one.rows, one.sign) for file, one in files.items()},
            }
            for name, files in books.noted.items()
        },
        "numbers": numbers.document(),
        "whole": {name: books.versions[name] for name in WHOLE},
    }
    (out / FOLDER / NAME).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")


@dataclass(frozen=True)
class Earlier:
    """An earlier run: its folder, what it noted, and by relation the files that came and went since."""

    out: Path
    noted: Mapping[str, Any]
    numbers: Numbers
    came: Mapping[str, list[Path]]
    went: Mapping[str, list[Path]]


def earlier(before: Noticed, books: Books, rules: RuleSet) -> Earlier | str:
    """The earlier run, or why none can be built on."""
    noted = before.figures
    if reason := _other(noted, books, rules):
        return reason
    old = {name: one["files"] for name, one in noted["folders"].items()}
    now = books.noted
    came = {
        name: [one for one in books.raws[name].parts if old[name].get(one.name, ("",))[0] != now[name][one.name].digest]
        for name in old
    }
    went = {
        name: [Path(noted["folder"]) / name / file for file, (digest, *_) in sorted(files.items())
               if file not in now[name] or now[name][file].digest != digest]
        for name, files in old.items()
    }  # fmt: skip
    lost = (path for name in LARGE for path in went.get(name, ()) if not _is_there(path, old[name]))
    if (path := next(lost, None)) is not None:
        return f"{path.parent.name}/{path.name} of the earlier run is not there any more"
    return Earlier(before.out, noted, before.numbers, came, went)


def _other(noted: Mapping[str, Any], books: Books, rules: RuleSet) -> str:
    """What differs that every record depends on; empty for nothing."""
    if noted.get("rules") != rules.version:
        return "rules or engine are others"
    if rules.tolerances:
        return "tolerances are counted over all records"
    if noted["whole"] != {name: books.versions[name] for name in WHOLE}:
        return "stores or terms are others"
    if set(noted["folders"]) != set(books.noted):
        return "there are other relations"
    return ""


def _is_there(path: Path, old: Mapping[str, Any]) -> bool:
    return path.is_file() and digest_of(path) == old[path.name][0]
