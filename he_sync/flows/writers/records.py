"""A record of any kind in Heartland, found by the field that it is known by; created, or made what it should be."""

from __future__ import annotations

from typing import Any

from he_sync.flows.writers.bench import Bench, Body, Writer, stored
from he_sync.model.errors import BrokenPromise


def _row(bench: Bench, body: Body) -> dict[str, Any] | None:
    """Raises BrokenPromise, which parks, where several are known by one name."""
    path, field = body["path"], body["known_by"]
    name = body["fields"][field]
    rows = [row for page in bench.systems.heartland.walk(path, {field: name}) for row in page]
    if len(rows) > 1:
        ids = ", ".join(str(row["id"]) for row in rows)
        raise BrokenPromise(f"{path} {ids} are both {name}; rename all but one and replay")
    return rows[0] if rows else None


def _find(bench: Bench, _key: str, body: Body) -> str | None:
    row = _row(bench, body)
    return str(row["id"]) if row and stored(row, body["fields"]) else None


def _write(bench: Bench, _key: str, body: Body) -> str:
    row = _row(bench, body)
    if row is None:
        return str(bench.systems.heartland.create(body["path"], body["fields"]))
    bench.systems.heartland.update(f"{body['path']}/{int(row['id'])}", body["fields"])
    return str(row["id"])


WRITERS = {"put_record": Writer(_find, _write)}
