"""A store of the first version comes to the newest tables with all that is in it; a broken-off step leaves nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, column, inspect, text
from sqlalchemy import table as sqlalchemy_table

from he_sync.store import audit, crosswalk, dead_letters, effects
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store, open_store
from he_sync.store.engines import engine_at
from tests.store.examples import EVENING, effect, later

MICROSECONDS = 1_800_000_000_000_000
LETTER = {"source": "heartland", "entity": "tickets", "record": "7", "rule": "known", "payload": "{}", "reason": "bad"}


def upgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "he_sync.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    columns = [column(name) for name in row]
    connection.execute(sqlalchemy_table(table, *columns).insert(), row)


def fill(engine: Engine) -> None:
    """As the first version wrote it: an effect in each state that matters, a letter, a link, an audit row."""
    with engine.begin() as connection:
        for number, state in enumerate(("confirmed", "intent", "planned")):
            one = effect(f"ticket {number}")
            row = {name: getattr(one, name) for name in ("key", "kind", "target", "entity", "business_date", "summary")}
            row |= {
                "body": canonical_json(one.body),
                "body_hash": one.body_hash,
                "amount_minor": 1250,
                "limit_ok": True,
            }
            lease = (EVENING - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 10**6
            times = {"planned_at": MICROSECONDS, "sent_at": int(lease), "lease_until": int(lease)}
            insert(connection, "effects", {**row, **times, "state": state, "attempts": 1, "token": 1})
        letter = {**LETTER, "row_number": 3, "column_name": "store", "content_hash": "0" * 64}
        dated = {"business_date": "2026-11-20", "first_seen": MICROSECONDS, "last_seen": MICROSECONDS}
        insert(connection, "dead_letters", letter | dated)
        link = {"entity": "customer", "heartland_id": "7", "epicor_id": "H7", "since": MICROSECONDS}
        insert(connection, "crosswalk", link)
        audit.record(connection, "dana", "tried", "it")


@pytest.fixture
def first_version(store_url: str) -> Engine:
    engine = engine_at(store_url)
    upgrade(engine, "0001")
    fill(engine)
    return engine


def test_a_store_of_the_first_version_goes_on_where_it_was(first_version: Engine, store_url: str) -> None:
    first_version.dispose()
    with open_store(store_url) as store:
        assert [status.state for status in effects.listing(store)] == ["confirmed", "intent", "planned"]
        assert effects.plan(store, [effect("ticket 0"), effect("ticket 3")]).known == (effect("ticket 0"),)
        claimed = effects.claim_many(store, "worker", 60, later(EVENING, 1))
        assert [each.effect.entity for each in claimed] == ["ticket 2", "ticket 3"]
        assert [status.state for status in effects.listing(store, entity="ticket 1")] == ["doubtful"]
        (kept,) = dead_letters.listing(store)
        assert (kept.letter.reason, kept.letter.plain, kept.letter.event_seq) == ("bad", "", None)
        assert crosswalk.epicor_id(store, "customer", "7") == "H7"
        assert audit.first_broken(store) is None


def test_a_step_that_breaks_off_leaves_the_first_version_as_it_was(
    first_version: Engine, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine loses power in the last statement but one."""

    def power_cut(*_: object, **__: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr(Operations, "add_column", power_cut)
        with pytest.raises(OSError, match="power cut"):
            open_store(store_url)
    tables = inspect(first_version).get_table_names()
    assert "effects" in tables
    assert "inbox" not in tables
    first_version.dispose()
    with open_store(store_url) as store:
        assert len(effects.listing(store)) == 3


def test_a_new_store_has_the_newest_version(store: Store) -> None:
    with store.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0007"]
