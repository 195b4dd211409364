"""The store opens on either engine, with the newest tables, and its writers do not trip over each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from he_sync.model.errors import FixSettings
from he_sync.store import audit
from he_sync.store.database import Store, open_store
from he_sync.store.tables import audit as table
from he_sync.store.tables import metadata


def test_the_migrations_lead_to_the_tables_that_the_code_uses(store: Store) -> None:
    with store.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_again_keeps_what_is_there(store: Store, store_url: str) -> None:
    with store.begin() as connection:
        audit.record(connection, "dana", "tried", "it")
    with open_store(store_url) as again:
        assert audit.head(again) == audit.head(store)


def test_processes_that_open_a_new_store_at_once_all_find_it_ready(store_url: str) -> None:
    def count(_: int) -> int:
        with open_store(store_url) as own, own.begin() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(4))) == [0, 0, 0, 0]


def test_a_failed_block_leaves_nothing_behind(store: Store) -> None:
    def write_twice_the_same() -> None:
        with store.begin() as connection:
            audit.record(connection, "dana", "tried", "it")
            connection.execute(insert(table).from_select(table.columns.keys(), select(table)))

    with pytest.raises(IntegrityError):
        write_twice_the_same()
    assert audit.head(store).seq == 0


def test_readers_that_then_write_wait_for_each_other_instead_of_failing(store: Store) -> None:
    """In deferred transactions three of four fail at once with "database is locked"."""

    def read_then_write(number: int) -> None:
        with store.begin() as connection:
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            audit.record(connection, f"writer {number}", "wrote", "it")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_then_write, range(40)))
    assert audit.head(store).seq == 40
    assert audit.first_broken(store) is None


def test_sqlite_syncs_every_commit_to_the_disk(tmp_path: Path) -> None:
    with open_store(tmp_path / "new" / "store.db") as store, store.begin() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        }
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_bare_postgres_address_means_the_driver_that_is_installed(postgres_url: str) -> None:
    with open_store(postgres_url.replace("postgresql+psycopg2", "postgresql")) as store:
        assert store.engine.url.drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("address", ["mysql://he@localhost/he", "store.db", ""])
def test_an_address_that_is_neither_engine_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(FixSettings, match="must start with sqlite:/// or postgresql://"):
        open_store(address)


def test_a_store_that_cannot_be_opened_says_which_and_keeps_its_password(tmp_path: Path) -> None:
    with pytest.raises(FixSettings, match="cannot be opened") as unreachable:
        open_store("postgresql://he:secret@127.0.0.1:1/he")
    assert "secret" not in str(unreachable.value)
    (tmp_path / "store.db").write_text("this is no database, and long enough to be seen as none" * 20)
    with pytest.raises(FixSettings, match=r"store\.db cannot be opened: file is not a database"):
        open_store(tmp_path / "store.db")
