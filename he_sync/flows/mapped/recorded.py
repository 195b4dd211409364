"""Documents as they were read before: what a mapping is tried on before it is used. Only looks, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from he_sync.mapping.shelf.files import text_of
from he_sync.model.errors import FixInput
from he_sync.store.canonical import read_json
from he_sync.store.database import Store
from he_sync.store.event_tables import inbox, story

MOST = 200
READS = 5
"""Reads of one record that are looked at, on average, to find as many records as are asked for."""
LOOKED_AT = 50_000
"""Newest rows of the story and of the inbox that are looked through for one kind of record."""
SAMPLES = "samples.json"


@dataclass(frozen=True)
class Recorded:
    """One record's newest document."""

    entity: str
    document: dict[str, Any]


def recorded(store: Store, record: str, most: int = MOST) -> list[Recorded]:
    """The newest documents of a kind of record (`heartland/order`), newest first, one a record.

    As the flows read them; of a kind that no flow reads, as its events brought them.
    """
    kind = record.rpartition("/")[2]
    return _newest(_read(store, kind, most), most) or _newest(_announced(store, record, kind, most), most)


def samples(folder: Path) -> list[Recorded]:
    """Records that lie beside a mapping as `samples.json`, a list. Raises FixInput for anything else."""
    path = folder / SAMPLES
    text = text_of(path)
    if not text:
        return []
    try:
        found = read_json(text)
    except ValueError as error:
        raise FixInput(f"{path}: is no JSON ({error})") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FixInput(f"{path}: is a list of records")
    return [Recorded(f"sample {number}", one) for number, one in enumerate(found[:MOST], 1)]


def _read(store: Store, kind: str, most: int) -> Iterator[tuple[str, str]]:
    newest = select(func.max(story.c.seq)).scalar_subquery()
    query = select(story.c.entity, story.c.body).where(
        story.c.seq > newest - LOOKED_AT, story.c.step == "read", story.c.entity.like(f"{_plain(kind)} %", escape="\\")
    )
    with store.begin() as connection:
        yield from (
            (row.entity, row.body) for row in connection.execute(query.order_by(story.c.seq.desc()).limit(READS * most))
        )


def _announced(store: Store, record: str, kind: str, most: int) -> Iterator[tuple[str, str]]:
    newest = select(func.max(inbox.c.seq)).scalar_subquery()
    query = select(inbox.c.entity, inbox.c.body).where(
        inbox.c.seq > newest - LOOKED_AT, inbox.c.entity.like(f"{_plain(kind)} %", escape="\\")
    )
    source = record.partition("/")[0] if "/" in record else ""
    query = query.where(inbox.c.source == source) if source else query
    with store.begin() as connection:
        yield from (
            (row.entity, row.body) for row in connection.execute(query.order_by(inbox.c.seq.desc()).limit(READS * most))
        )


def _plain(kind: str) -> str:
    return kind.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _newest(rows: Iterator[tuple[str, str]], most: int) -> list[Recorded]:
    found: dict[str, Recorded] = {}
    for entity, body in rows:
        if entity not in found and len(found) < most and (document := _document(body)):
            found[entity] = Recorded(entity, document)
    return list(found.values())


def _document(body: str) -> dict[str, Any] | None:
    try:
        found = read_json(body) if body else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
