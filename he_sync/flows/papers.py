"""What people ask for and decide, as files of one folder a case, each written whole; the audit has the decisions.

Files and not rows, because a sensor, a page and a run look for them in turn, and none of them may hold the others up.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput
from he_sync.store.canonical import content_hash


class Papers:
    """The cases of one kind; `words` says what a case is called, `names` what its names look like."""

    def __init__(self, root: Path, words: str, names: re.Pattern[str]) -> None:
        self.root, self._words, self._names = root, words, names

    def folder(self, name: str) -> Path:
        """Where one is kept. Raises FixInput for a name that is none of ours, whatever is at that path."""
        if not self._names.fullmatch(name):
            raise FixInput(f"no {self._words} is called {name[:40]!r}")
        return self.root / name

    def names(self, file: str) -> Iterator[str]:
        """Cases that have this file."""
        for path in self.root.glob(f"*/{file}.json"):
            if self._names.fullmatch(path.parent.name):
                yield path.parent.name

    def there(self, name: str) -> set[str]:
        """Files of a case."""
        return {path.stem for path in self.folder(name).glob("*.json")}

    def fail(self, name: str, line: str) -> None:
        """Keep why something could not be found out."""
        self.write(name, "failed", {"line": line})

    def failed(self, name: str) -> str:
        """The same, "" where nothing failed."""
        return str((self.read(name, "failed") or {}).get("line", ""))

    def tell(self, name: str, line: str) -> None:
        """What is being done just now."""
        self.write(name, "telling", {"line": line, "at": datetime.now(UTC).isoformat(), "pid": os.getpid()})

    def told(self, name: str) -> dict[str, Any]:
        """The same, with when and by which process; empty before anything was."""
        return self.read(name, "telling") or {}

    def cancel(self, name: str, who: str, reason: str) -> None:
        """Never do it."""
        self.write(name, "cancelled", {"who": who, "reason": reason})

    def cancelled(self, name: str) -> dict[str, Any]:
        """Who said so and why; empty for one that stands."""
        return self.read(name, "cancelled") or {}

    def digest_of(self, name: str, file: str) -> str:
        """Of a file's content, so that a word is given over what was looked at."""
        return content_hash(self.read(name, file) or {})[:16]

    def write(self, name: str, file: str, document: Mapping[str, Any]) -> None:
        """Put a file in place, whole and on the disk."""
        path = self.folder(name) / f"{file}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{file}.{os.getpid()}.part")
        with part.open("w", encoding="utf-8") as handle:
            json.dump(document, handle)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)

    def read(self, name: str, file: str) -> dict[str, Any] | None:
        """A file, None where it is not there."""
        try:
            found: dict[str, Any] = json.loads((self.folder(name) / f"{file}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def drop(self, name: str, *files: str) -> None:
        """These files no longer count."""
        for file in files:
            (self.folder(name) / f"{file}.json").unlink(missing_ok=True)
