"""What people accepted and rejected, in a file that decides from then on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from he_sync.model.errors import FixInput

Pair = tuple[str, str]


@dataclass(frozen=True)
class Memory:
    """Pairs of source and target. An accepted target may be None: the field was said to have no counterpart."""

    accepted: dict[str, str | None]
    rejected: frozenset[Pair]

    def with_decisions(self, accepted: Iterable[tuple[str, str | None]], rejected: Iterable[Pair]) -> Memory:
        """The later decision holds: accepting a pair takes its rejection back, and the other way round."""
        chosen, refused = dict(self.accepted), set(self.rejected)
        for source, target in accepted:
            chosen[source] = target
            refused.discard((source, target or ""))
        for source, target in rejected:
            refused.add((source, target))
            if chosen.get(source) == target:
                del chosen[source]
        return Memory(chosen, frozenset(refused))


EMPTY = Memory({}, frozenset())


def read_memory(path: Path) -> Memory:
    """A file that is not there yet remembers nothing. Raises FixInput where it is not of this form."""
    if not path.exists():
        return EMPTY
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        accepted = {str(one["source"]): _target(one["target"]) for one in given["accepted"]}
        rejected = frozenset((str(one["source"]), str(one["target"])) for one in given["rejected"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FixInput(
            f"{path}: is no memory of mappings; it holds accepted and rejected, lists of source and target"
        ) from None
    return Memory(accepted, rejected)


def write_memory(path: Path, memory: Memory) -> None:
    """Whole or not at all."""
    content = {
        "accepted": [{"source": source, "target": target} for source, target in sorted(memory.accepted.items())],
        "rejected": [{"source": source, "target": target} for source, target in sorted(memory.rejected)],
    }
    write_whole(path, content)


def write_whole(path: Path, content: object) -> None:
    """JSON beside the file first, then in its place: a reader sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _target(value: object) -> str | None:
    return None if value is None else str(value)
