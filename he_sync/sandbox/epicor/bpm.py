"""Hand-made BPM posts: a standard data directive on a table that tells somebody, after the commit, what changed.

Kinetic has no standard payload; this is the one that integrators usually write. Nothing is promised: a target that is
down misses the event, and a switch makes events come twice or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from he_sync.sandbox.epicor import catalog, posting
from he_sync.sandbox.epicor.switches import BPM_DELIVERY, BPM_DIRECTIVES
from he_sync.sandbox.state import Commit, Key, State, decode

PREFIX = "epicor/"
COPIES = {"once": 1, "twice": 2, "never": 0}
ROW_MODS = {"insert": "A", "update": "U", "delete": "D"}


def listen(state: State) -> None:
    """Post after every commit of the state from now on."""

    def heard(commits: list[Commit]) -> None:
        ours = list(_rows(commit for commit in commits if commit.collection.startswith(PREFIX)))
        directives = decode(BPM_DIRECTIVES.read(state)) if ours else []
        for directive in directives:
            for commit in ours:
                if _fits(directive, commit):
                    _send(state, directive, event(commit))

    state.listeners.append(heard)


def _rows(commits: Iterable[Commit]) -> Iterator[Commit]:
    """A standard directive sees each row of a transaction once, as it was before and as it is after."""
    by_row: dict[tuple[str, Key], list[Commit]] = {}
    for commit in commits:
        by_row.setdefault((commit.collection, commit.key), []).append(commit)
    for some in by_row.values():
        before, after = some[0].before, some[-1].after
        if before or after:
            operation = "insert" if before is None else "delete" if after is None else "update"
            yield replace(some[-1], operation=operation, before=before, after=after)


def _fits(directive: dict[str, Any], commit: Commit) -> bool:
    wanted = str(directive.get("change", "insert|update|delete")).split("|")
    return directive.get("table") == commit.collection.removeprefix(PREFIX) and commit.operation in wanted


def _send(state: State, directive: dict[str, Any], body: dict[str, Any]) -> None:
    headers = {directive["header"]: directive.get("secret", "")} if directive.get("header") else {}
    for _ in range(COPIES[BPM_DELIVERY.read(state)]):
        posting.later(state, lambda: posting.post(directive["url"], body, headers))


def event(commit: Commit) -> dict[str, Any]:
    """The body of one event."""
    table = catalog.table(commit.collection.removeprefix(PREFIX))
    before, after = commit.before or {}, commit.after or {}
    row = after or before
    changed = [
        name for name in table.columns if before.get(name) != after.get(name) and name not in {"SysRevID", "SysRowID"}
    ]
    return {
        "event": f"{table.name}.{commit.operation.capitalize()}",
        "company": row["Company"],
        "table": table.name,
        "keys": {name: row[name] for name in table.keys if name != "Company"},
        "rowMod": ROW_MODS[commit.operation],
        "changed": changed if commit.operation == "update" else [],
        "sysRowID": row.get("SysRowID", ""),
        "occurredAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
