"""Evidence packs that were asked for: a folder each under `<home>/packs`, beside it the question and what failed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from he_sync.model.errors import FixInput
from he_sync.store.canonical import content_hash

NAME = re.compile(r"\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d_(all|[0-9a-f]{8})")


@dataclass(frozen=True)
class Wanted:
    """A pack that somebody asked for."""

    first: str
    last: str
    stores: tuple[str, ...]
    who: str
    at: str

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.first}_{self.last}_{content_hash(list(self.stores))[:8] if self.stores else 'all'}"


def folder_of(home: Path, name: str) -> Path:
    """Where a pack lies. Raises FixInput for a name that is none of ours, whatever is at that path."""
    if not NAME.fullmatch(name):
        raise FixInput(f"no pack is called {name[:40]!r}")
    return home / "packs" / name


def wanted(home: Path, name: str) -> Wanted:
    """What was asked. Raises FixInput where nobody did."""
    path = folder_of(home, name).with_suffix(".asked")
    if not path.is_file():
        raise FixInput(f"no pack is called {name}")
    told = json.loads(path.read_text(encoding="utf-8"))
    return Wanted(**{**told, "stores": tuple(told["stores"])})
