"""The shelf: `<folder>/<name>/mapping.yaml` is live. Its versions are git's where the folder is in a repository.

Otherwise they lie beside it as `versions/0001.yaml`, each with who asked, who approved, when and why.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from he_sync.mapping.shelf.files import data_of, put, put_data, text_of
from he_sync.model.errors import FixInput, Refused

FILE = "mapping.yaml"
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}$")
VERSION = re.compile(r"^version:\s*(\d+)", re.MULTILINE)
PATIENCE = 20.0
MARK = "Mapping-Deed: "
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


class Shelf(ABC):
    """The mappings of an installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Every mapping, by name."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{FILE}") if NAME.match(path.parent.name))

    def path(self, name: str) -> Path:
        """Where a mapping lies. Raises FixInput for what is no name: it comes from addresses and forms."""
        if not NAME.match(name):
            raise FixInput(f"{name[:40]!r} is no name of a mapping: small letters, digits and _")
        return self.folder / name / FILE

    def live(self, name: str) -> str:
        """The text that flows use; "" where there is none yet."""
        return text_of(self.path(name))

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
            Version(path.stem, number_of(text_of(path.with_suffix(".yaml"))), Deed(**data_of(path))) for path in found
        ]

    def text(self, name: str, key: str) -> str:
        """A version's text."""
        path = self._versions(name) / f"{key}.yaml"
        if not key.isdecimal() or not path.exists():
            raise FixInput(f"{name} has no version {key[:20]!r}")
        return text_of(path)

    def keep(self, name: str, text: str, deed: Deed) -> None:
        """The version first: a live file without one could not be restored."""
        folder = self._versions(name)
        last = max((int(path.stem) for path in folder.glob("*.yaml") if path.stem.isdecimal()), default=0)
        put(folder / f"{last + 1:04}.yaml", text)
        put_data(folder / f"{last + 1:04}.json", asdict(deed))
        put(self.path(name), text)

    def _versions(self, name: str) -> Path:
        return self.path(name).parent / "versions"


class GitShelf(Shelf):
    """Versions are commits of that one file; what else lies in the repository is left alone."""

    def versions(self, name: str) -> list[Version]:
        """Newest first; a commit that the console did not make has its author and subject."""
        form = "%H%x1f%an%x1f%aI%x1f%s%x1f%b%x1e"
        told = self._git("log", f"--max-count={SHOWN}", f"--format={form}", "--", self._name(name))
        return [self._version(name, one.strip("\n").split("\x1f")) for one in told.split("\x1e") if one.strip()]

    def text(self, name: str, key: str) -> str:
        """A version's text."""
        if not re.fullmatch(r"[0-9a-f]{7,64}", key):
            raise FixInput(f"{name} has no version {key[:20]!r}")
        return self._git("show", f"{key}:./{self._name(name)}")

    def keep(self, name: str, text: str, deed: Deed) -> None:
        """One commit of one file, whatever else is staged."""
        path, before = self.path(name), self.live(name)
        put(path, text)
        subject = f"Map {name}: {deed.note}" if deed.note else f"Map {name}"
        message = (
            f"{subject}\n\nAsked by {deed.by}, approved by {deed.approved_by}.\n\n{MARK}{json.dumps(asdict(deed))}"
        )
        author = f"{_plain(deed.by)} <{_plain(deed.by)}@he-sync.invalid>"
        try:
            self._git("add", "--", self._name(name))
            self._git("commit", "--only", f"--author={author}", "--message", message, "--", self._name(name))
        except Refused:
            if before:
                put(path, before)
            else:
                path.unlink(missing_ok=True)
            raise

    def is_kept(self) -> bool:
        """Whether files of the folder are git's business."""
        try:
            self._git("rev-parse", "--show-toplevel")
        except Refused:
            return False
        try:
            self._git("check-ignore", "--quiet", "--", f"any/{FILE}")
        except Refused:
            return True
        return False

    def _version(self, name: str, told: list[str]) -> Version:
        commit, author, at, subject, body = told
        marked = next((line.removeprefix(MARK) for line in body.splitlines() if line.startswith(MARK)), "")
        deed = Deed(**json.loads(marked)) if marked else Deed(author, author, at, subject)
        try:
            number = number_of(self._git("show", f"{commit}:./{self._name(name)}"))
        except Refused:
            number = 0
        return Version(commit, number, deed)

    def _name(self, name: str) -> str:
        return str(self.path(name).relative_to(self.folder))

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


def shelf(folder: Path) -> Shelf:
    """The shelf of a folder: with git's versions where it lies in a repository that does not ignore it."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = GitShelf(folder)
    return ours if ours.is_kept() else FolderShelf(folder)


def number_of(text: str) -> int:
    """The version that a text says; 0 where it says none."""
    match = VERSION.search(text)
    return int(match[1]) if match else 0


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name) or "nobody"
