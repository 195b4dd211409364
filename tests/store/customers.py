"""Customers of the master as tests speak of them: records, orders that hang on accounts, every text of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import String, Text, select

from he_sync.model.survivorship import Source
from he_sync.store import master
from he_sync.store.database import Store
from he_sync.store.effects import Effect
from he_sync.store.master import Deed, Found, Record
from he_sync.store.tables import crosswalk, effects, metadata
from tests.store.examples import effect

DANA = Deed("dana", "seen at the till")


def shop(number: int | str, **fields: str) -> Source:
    return Source("heartland", str(number), fields)


def erp(cust_id: str, **fields: str) -> Source:
    return Source("epicor", cust_id, fields)


def name(source: Source) -> Record:
    return Record(source.side, source.id)


def take(store: Store, *groups: Iterable[Source], **more: Any) -> list[int]:
    """The master after a run that found these customers; their ids in the order of the groups."""
    those = [list(group) for group in groups]
    cluster = {name(one): f"C{place}" for place, group in enumerate(those) for one in group}
    master.take(store, Found("run", [one for group in those for one in group], cluster, **more), DANA)
    return [owner(store, name(group[0])) for group in those]


def owner(store: Store, record: Record) -> int:
    found = master.whose(store, record)
    assert found is not None
    return found


def order(number: int, cust_id: str, cents: int = 1250, **more: Any) -> Effect:
    return effect(f"order {number}", body={"customer": cust_id, "PONum": f"P{number}"}, amount_minor=cents, **more)


def links(store: Store) -> dict[str, str]:
    """The crosswalk now."""
    now = select(crosswalk.c.heartland_id, crosswalk.c.epicor_id).where(crosswalk.c.until.is_(None))
    with store.begin() as connection:
        return {row.heartland_id: row.epicor_id for row in connection.execute(now)}


def money(store: Store) -> int:
    with store.begin() as connection:
        return sum(connection.execute(select(effects.c.amount_minor)).scalars())


def texts(store: Store) -> Iterator[tuple[str, str]]:
    """Every text in every table."""
    with store.begin() as connection:
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if isinstance(column.type, (String, Text))]
            if columns:
                for row in connection.execute(select(*columns)):
                    yield from ((table.name, text) for text in row if text)


def holding(store: Store, value: str) -> list[str]:
    """The tables that hold a value anywhere, in any case."""
    return sorted({table for table, text in texts(store) if value.casefold() in text.casefold()})
