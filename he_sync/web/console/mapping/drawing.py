"""The links between source and target fields as an SVG drawing, in units of the page's text size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from he_sync.mapping.expressions.compiling import used
from he_sync.mapping.expressions.wrong import WrongExpression
from he_sync.mapping.spec.model import Each, Entry, From, Lines, Mapping, Sql

LEFT, RIGHT, HEAD = 2.0, 3.0, 3.0
"""Heights in rem of a source field, a target field and the table's head; mapping.css sets the same."""
WIDTH = 100


@dataclass(frozen=True)
class Link:
    """One line: its name for people, its path, and whether it is only suggested."""

    name: str
    path: str
    offered: bool


@dataclass(frozen=True)
class Drawing:
    """All lines, the number of source fields in view, and the height in rem."""

    links: tuple[Link, ...]
    height: float


def drawn(
    mapping: Mapping, sources: Sequence[str], targets: Sequence[str], offered: Iterable[tuple[str, str]]
) -> Drawing:
    """Lines from each source field that an entry reads to its target field."""
    rows = {name: place for place, name in enumerate(sources)}
    links = []
    for place, target in enumerate(targets):
        entry = mapping.entries.get(target)
        names = [(name, False) for name in read_by(entry)] if entry else []
        names += [(name, True) for name, wanted in offered if wanted == target]
        links += [_link(name, target, rows[name], place, new) for name, new in names if name in rows]
    height = max(HEAD + len(sources) * LEFT, HEAD + len(targets) * RIGHT)
    return Drawing(tuple(links), height)


def read_by(entry: Entry) -> list[str]:
    """The source fields that an entry reads, lists by their names."""
    start, found = entry.start, []
    if isinstance(start, From):
        found.append(start.field)
    elif isinstance(start, Lines | Each):
        found.append(start.of)
    elif isinstance(start, Sql):
        found += _used(start)
    if entry.only:
        found += _used(entry.only)
    for step in entry.steps:
        found += [str(step.given["field"])] if "field" in step.given else []
        found += list(map(str, step.given["fields"])) if isinstance(step.given.get("fields"), list) else []
    return list(dict.fromkeys(found))


def _used(sql: Sql) -> list[str]:
    try:
        return used(sql.text)
    except WrongExpression:
        return []


def _link(source: str, target: str, left: int, right: int, offered: bool) -> Link:
    start, end, middle = HEAD + (left + 0.5) * LEFT, HEAD + (right + 0.5) * RIGHT, WIDTH / 2
    name = f"{source} to {target}{', suggested' if offered else ''}"
    return Link(name, f"M0 {start:g}C{middle:g} {start:g} {middle:g} {end:g} {WIDTH} {end:g}", offered)
