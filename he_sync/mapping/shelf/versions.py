"""The shelf: `<folder>/<name>/mapping.yaml` is live. Its versions are git's where the folder is in a repository.

Otherwise they lie beside it as `versions/0001.yaml`, each with who asked, who approved, when and why. Flow files lie on
a shelf of their own sort (flows/design/craft.py).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from he_sync.mapping.shelf.files import data_of, put, put_data, text_of
from he_sync.model.errors import FixInput, Refused

FILE = "mapping.yaml"
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}$")
VERSION = re.compile(r"^version:\s*(\d+)", re.MULTILINE)
PATIENCE = 20.0
SHOWN = 200
"""Versions of one mapping that are listed."""


@dataclass(frozen=True)
class Deed:
    """Who asked for a version, who approved it, when (UTC, ISO 8601) and why."""

    by: str
    approved_by: str
    at: str
    note: str


@dataclass(frozen=True)
class Version:
    """One version that was live: `key` names it here, `number` is what its file says."""

    key: str
    number: int
    deed: Deed


def number_of(text: str) -> int:
    """The version that a mapping's text says; 0 where it says none."""
    match = VERSION.search(text)
    return int(match[1]) if match else 0


@dataclass(frozen=True)
class Sort:
    """What lies on a shelf: the word for one, the verb of its commits, and its file.

    `idle` is the name of the file while it is switched off, "" where there is no such thing; `is_idle` tells by a text
    which of both names it takes.
    """

    word: str
    verb: str
    file: str
    number: Callable[[str], int]
    idle: str = ""
    is_idle: Callable[[str], bool] = lambda _: False

    @property
    def mark(self) -> str:
        """Begins the line of a commit that holds its deed."""
        return f"{self.word.capitalize()}-Deed: "

    @property
    def files(self) -> list[str]:
        """Every name that its file may have."""
        return list(filter(None, [self.file, self.idle]))


MAPPINGS = Sort("mapping", "Map", FILE, number_of)


class Shelf(ABC):
    """The mappings of an installation, or its flows."""

    def __init__(self, folder: Path, sort: Sort = MAPPINGS) -> None:
        self.folder, self.sort = folder, sort

    def names(self) -> list[str]:
        """All there are, by name."""
        found = {path.parent.name for file in self.sort.files for path in self.folder.glob(f"*/{file}")}
        return sorted(name for name in found if NAME.match(name))

    def path(self, name: str) -> Path:
        """Where one lies. Raises FixInput for what is no name: it comes from addresses and forms."""
        if not NAME.match(name):
            raise FixInput(f"{name[:40]!r} is no name of a {self.sort.word}: small letters, digits and _")
        there = [self.folder / name / file for file in self.sort.files]
        return next((path for path in there if path.exists()), there[0])

    def live(self, name: str) -> str:
        """The text that is used; "" where there is none yet."""
        return text_of(self.path(name))

    def place(self, name: str, text: str) -> None:
        """The text in the file that it belongs into; "" takes the file away."""
        old, file = self.path(name), self.sort.idle if self.sort.is_idle(text) else self.sort.file
        new = old.with_name(file)
        if text:
            put(new, text)
        if old != new or not text:
            old.unlink(missing_ok=True)

    @abstractmethod
    def versions(self, name: str) -> list[Version]:
        """Newest first."""

    @abstractmethod
    def text(self, name: str, key: str) -> str:
        """A version's text. Raises FixInput where there is none of that key."""

    @abstractmethod
    def keep(self, name: str, text: str, deed: Deed) -> None:
        """Make a text the live one. Raises Refused, with the old one still live, where it cannot be kept."""


class FolderShelf(Shelf):
    """Versions beside the file."""

    def versions(self, name: str) -> list[Version]:
        """Newest first."""
        found = sorted(self._versions(name).glob("*.json"), reverse=True)[:SHOWN]
        return [
            Version(path.stem, self.sort.number(text_of(path.with_suffix(".yaml"))), Deed(**data_of(path)))
            for path in found
        ]

    def text(self, name: str, key: str) -> str:
        """A version's text."""
        path = self._versions(name) / f"{key}.yaml"
        if not key.isdecimal() or not path.exists():
            raise FixInput(f"{name} has no version {key[:20]!r}")
        return text_of(path)

    def keep(self, name: str, text: str, deed: Deed) -> None:
        """The version first: a live file without one could not be restored. So does one that was put here by hand."""
        live, path = self.live(name), self.path(name)
        if live and live != self._newest(name):
            found = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            self._add(name, live, Deed("", "", found, "as it lay there"))
        self._add(name, text, deed)
        self.place(name, text)

    def _add(self, name: str, text: str, deed: Deed) -> None:
        folder = self._versions(name)
        last = max((int(path.stem) for path in folder.glob("*.yaml") if path.stem.isdecimal()), default=0)
        put(folder / f"{last + 1:04}.yaml", text)
        put_data(folder / f"{last + 1:04}.json", asdict(deed))

    def _newest(self, name: str) -> str:
        last = max((path.stem for path in self._versions(name).glob("*.json")), default="")
        return text_of(self._versions(name) / f"{last}.yaml") if last else ""

    def _versions(self, name: str) -> Path:
        return self.path(name).parent / "versions"


class GitShelf(Shelf):
    """Versions are commits of that one file; what else lies in the repository is left alone."""

    def versions(self, name: str) -> list[Version]:
        """Newest first; a commit that the console did not make has its author and subject."""
        form = "%H%x1f%an%x1f%aI%x1f%s%x1f%b%x1e"
        told = self._git("log", f"--max-count={SHOWN}", f"--format={form}", "--", *self._names(name))
        return [self._version(name, one.strip("\n").split("\x1f")) for one in told.split("\x1e") if one.strip()]

    def text(self, name: str, key: str) -> str:
        """A version's text."""
        if not re.fullmatch(r"[0-9a-f]{7,64}", key):
            raise FixInput(f"{name} has no version {key[:20]!r}")
        for file in self._names(name):
            with suppress(Refused):
                return self._git("show", f"{key}:./{file}")
        raise FixInput(f"{name} has no version {key[:20]!r}")

    def keep(self, name: str, text: str, deed: Deed) -> None:
        """One commit of one file, whatever else is staged."""
        before, start = self.live(name), f"{self.sort.verb} {name}"
        self.place(name, text)
        subject = f"{start}: {deed.note}" if deed.note else start
        marked = f"{self.sort.mark}{json.dumps(asdict(deed))}"
        message = f"{subject}\n\nAsked by {deed.by}, approved by {deed.approved_by}.\n\n{marked}"
        author = f"{_plain(deed.by)} <{_plain(deed.by)}@he-sync.invalid>"
        try:
            known = self._git("ls-files", "--", *self._names(name)).split()
            files = [file for file in self._names(name) if file in known or (self.folder / file).exists()]
            self._git("add", "--all", "--", *files)
            self._git("commit", "--only", f"--author={author}", "--message", message, "--", *files)
        except Refused:
            self.place(name, before)
            raise

    def is_kept(self) -> bool:
        """Whether files of the folder are git's business."""
        try:
            self._git("rev-parse", "--show-toplevel")
        except Refused:
            return False
        try:
            self._git("check-ignore", "--quiet", "--", f"any/{self.sort.file}")
        except Refused:
            return True
        return False

    def _version(self, name: str, told: list[str]) -> Version:
        commit, author, at, subject, body = told
        mark = self.sort.mark
        marked = next((line.removeprefix(mark) for line in body.splitlines() if line.startswith(mark)), "")
        deed = Deed(**json.loads(marked)) if marked else Deed(author, author, at, subject)
        try:
            number = self.sort.number(self.text(name, commit))
        except FixInput:
            number = 0
        return Version(commit, number, deed)

    def _names(self, name: str) -> list[str]:
        return [f"{self.path(name).parent.name}/{file}" for file in self.sort.files]

    def _git(self, *arguments: str) -> str:
        who = {"GIT_COMMITTER_NAME": "he-sync", "GIT_COMMITTER_EMAIL": "he-sync@he-sync.invalid"}
        try:
            done = subprocess.run(  # noqa: S603 - git of this machine, its arguments are checked names and our own texts
                ["git", "-C", str(self.folder), *arguments],  # noqa: S607 - whichever git the machine has
                capture_output=True,
                check=False,
                timeout=PATIENCE,
                env={**os.environ, **who, "GIT_TERMINAL_PROMPT": "0"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"git cannot be run for {self.folder}: {error}") from None
        if done.returncode:
            said: Sequence[str] = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise Refused(f"git {arguments[0]} of {self.folder} failed: {said[-1]}")
        return done.stdout.decode()


def shelf(folder: Path, sort: Sort = MAPPINGS) -> Shelf:
    """The shelf of a folder: with git's versions where it lies in a repository that does not ignore it."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = GitShelf(folder, sort)
    return ours if ours.is_kept() else FolderShelf(folder, sort)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name) or "nobody"
