"""Proposed rules under `<home>/rule_changes` (he_sync.flows.papers), and those in force in `<home>/rules.yaml`."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from he_sync.flows.papers import Papers
from he_sync.model.errors import FixInput, FixSettings
from he_sync.reconcile.chain.rules import RuleSet, built_in, read_rules

NAME = re.compile(r"rc-\d{8}-[0-9a-f]{8}")
IN_FORCE = "rules.yaml"
State = Literal["asked", "failed", "tried", "approved", "cancelled"]


@dataclass(frozen=True)
class Proposed:
    """Rules that somebody wants, as text; `instead_of` is the version that was in force then."""

    name: str
    who: str
    text: str
    version: str
    instead_of: str
    asked_at: str

    @property
    def subject(self) -> str:
        """Under which the audit log has it."""
        return f"rules {self.name}"


def in_force(home: Path) -> Path | None:
    """The file of the rules in force; None for the built-in ones."""
    path = home / IN_FORCE
    return path if path.is_file() else None


def rules_in_force(home: Path) -> RuleSet:
    """The same as rules. Raises FixSettings for a file that is none."""
    path = in_force(home)
    return read_rules(path) if path else built_in()


def rules_of(text: str) -> RuleSet:
    """Rules as somebody typed them. Raises FixInput in one line that names the key."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / IN_FORCE
        path.write_text(text, encoding="utf-8")
        try:
            return read_rules(path)
        except FixSettings as error:
            raise FixInput(str(error).replace(f"{path}", "the rules")) from None


def propose(home: Path, text: str, who: str) -> Proposed:
    """New ones. Raises FixInput for what is none, and for what is in force already."""
    text = "\n".join(text.splitlines()).strip() + "\n"
    wanted, now = rules_of(text), rules_in_force(home)
    if wanted.version == now.version:
        raise FixInput(f"these rules are in force already ({now.version})")
    when = datetime.now(UTC)
    name = f"rc-{when:%Y%m%d}-{secrets.token_hex(4)}"
    return Proposed(name, who, text, wanted.version, now.version, when.isoformat())


class Kept(Papers):
    """The proposals of an installation."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / "rule_changes", "change of rules", NAME)
        self.home = home

    def begin(self, one: Proposed) -> None:
        """Keep a proposal."""
        self.write(one.name, "asked", asdict(one))

    def proposed(self, name: str) -> Proposed:
        """A proposal. Raises FixInput where there is none of this name."""
        found = self.read(name, "asked")
        if found is None:
            raise FixInput(f"no change of rules is called {name}")
        return Proposed(**found)

    def newest(self, limit: int) -> Iterator[Proposed]:
        """The latest first."""
        every = sorted(map(self.proposed, self.names("asked")), key=lambda one: one.asked_at, reverse=True)
        yield from every[:limit]

    def state(self, name: str) -> State:
        """How far it is."""
        words: tuple[tuple[str, State], ...] = (
            *(("cancelled", "cancelled"), ("approved", "approved")),
            *(("trial", "tried"), ("failed", "failed")),
        )
        there = self.there(name)
        return next((state for file, state in words if file in there), "asked")

    def waiting(self) -> list[Proposed]:
        """Those that were tried and wait for a word."""
        return [one for one in map(self.proposed, self.names("trial")) if self.state(one.name) == "tried"]

    def trial(self, name: str) -> dict[str, Any] | None:
        """What the trial found, None while it runs."""
        return self.read(name, "trial")

    def digest(self, name: str) -> str:
        """Of the trial."""
        return self.digest_of(name, "trial")

    def enforce(self, one: Proposed) -> None:
        """Put it in force, whole; what was in force before stays beside it under its version."""
        before, rules = in_force(self.home), self.home / IN_FORCE
        if before:
            kept = self.folder(one.name) / f"before-{one.instead_of}.yaml"
            kept.write_bytes(before.read_bytes())
        part = rules.with_name(f".{IN_FORCE}.{os.getpid()}.part")
        with part.open("w", encoding="utf-8") as handle:
            handle.write(one.text)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(rules)
