"""The last version of each flow file that was right, so that a bad edit does not stop what runs (reference F100)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, select

from he_sync.store.database import Store
from he_sync.store.event_tables import good_flows
from he_sync.store.statements import insert


@dataclass(frozen=True)
class Good:
    """One file as it was when it was last right, and since when it has been so."""

    file: str
    text: str
    digest: str
    since: datetime


def digest_of(text: str) -> str:
    """By which two versions of a file are told apart."""
    return sha256(text.encode()).hexdigest()


def listing(store: Store) -> dict[str, Good]:
    """The files of the last good set, by name."""
    with store.begin() as connection:
        rows = connection.execute(select(good_flows).order_by(good_flows.c.file)).all()
    return {row.file: Good(row.file, row.text, row.digest, row.since) for row in rows}


def keep(store: Store, texts: Mapping[str, str]) -> None:
    """Make these the good set: what changed is written anew, what is not among them is forgotten."""
    store.run(lambda connection: _keep(connection, texts))


def _keep(connection: Connection, texts: Mapping[str, str]) -> None:
    now = datetime.now(UTC)
    there = {row.file: row.digest for row in connection.execute(select(good_flows.c.file, good_flows.c.digest))}
    connection.execute(delete(good_flows).where(good_flows.c.file.not_in(list(texts))))
    for file, text in texts.items():
        if there.get(file) != (digest := digest_of(text)):
            row = {"digest": digest, "text": text, "since": now}
            adding = insert(connection, good_flows).values(file=file, **row)
            connection.execute(adding.on_conflict_do_update(index_elements=["file"], set_=row))
