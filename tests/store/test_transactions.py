"""What a database may do to a transaction, and that each of ours may be repeated (faults F18, F25, F27, F30-F34)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from he_sync.model.errors import FixSettings, TryLater
from he_sync.store import applied, audit, cursors, dead_letters, effects, engines, inbox, lanes
from he_sync.store.database import TRIES, Store, open_store
from tests.store.examples import EVENING, arrival, effect, ended, key_of, later, states, took
from tests.store.test_dead_letters import BAD_TOTAL


@pytest.fixture
def postgres(postgres_url: str) -> Store:
    return open_store(postgres_url)


class LostAnswer(Exception):
    """What a driver raises when the line goes down."""


def lose_the_next_answer(store: Store) -> None:
    """The next COMMIT is carried out and its answer never arrives; the one after that goes through."""
    dialect = store.engine.dialect
    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        commit(connection)
        dialect.do_commit = commit  # type: ignore[method-assign]
        error = OperationalError("COMMIT", {}, LostAnswer("server closed the connection"))
        error.connection_invalidated = True
        raise error

    dialect.do_commit = do_commit  # type: ignore[method-assign]


REPEATED: dict[str, tuple[Callable[[Store], Any], Callable[[Store], Any]]] = {
    "events are stored": (
        lambda store: inbox.put(store, [arrival("e1"), arrival("e2", own_id=False)]),
        lambda store: (states(store), inbox.conflicts(store)),
    ),
    "effects are planned": (
        lambda store: effects.plan(store, [effect("ticket 8"), effect("ticket 9")]),
        lambda store: [status.effect for status in effects.listing(store)],
    ),
    "an effect is confirmed": (
        lambda store: effects.confirm(store, effects.Claimed(effect("ticket 0"), 1, 1, EVENING, False, None), "5001"),
        lambda store: (effects.references(store, [key_of("ticket 0")]), audit.head(store).seq),
    ),
    "an effect is withdrawn": (
        lambda store: effects.withdraw(store, key_of("ticket 0"), "dana", "void"),
        lambda store: ([status.state for status in effects.listing(store)], audit.head(store).seq),
    ),
    "an event is reopened": (
        lambda store: inbox.reopen(store, "order 0", "dana", "mended"),
        lambda store: (states(store), audit.head(store).seq),
    ),
    "a letter is kept": (
        lambda store: dead_letters.put(store, [BAD_TOTAL]),
        lambda store: [kept.letter for kept in dead_letters.listing(store)],
    ),
    "a letter is resolved": (
        lambda store: dead_letters.resolve(store, 1, "dana", "mended"),
        lambda store: (len(dead_letters.listing(store)), audit.head(store).seq),
    ),
    "a projection is kept": (
        lambda store: store.run(lambda c: applied.put(c, applied.project("order 1", "epicor", "7", {}, EVENING))),
        lambda store: applied.get_many(store, ["order 1"], "epicor"),
    ),
    "a cursor is moved": (
        lambda store: store.run(lambda c: cursors.move(c, "orders", "2026", EVENING)),
        lambda store: cursors.read(store, "orders"),
    ),
    "a lane is taken": (
        lambda store: lanes.take(store, "drain", "run 1", 60, EVENING) is not None,
        lambda store: lanes.held(store, "drain", EVENING),
    ),
}


def prepare(store: Store, deed: str) -> None:
    effects.plan(store, [effect("ticket 0")])
    inbox.put(store, [arrival("e0", "order 0")])
    ended(store, took(store))
    if deed == "an effect is confirmed":
        effects.claim_many(store, "worker", 60, EVENING)
    if deed == "a letter is resolved":
        dead_letters.put(store, [BAD_TOTAL])


@pytest.mark.parametrize("deed", REPEATED)
def test_a_transaction_whose_answer_was_lost_is_repeated_and_changes_no_more_than_once(
    store: Store, tmp_path: Path, deed: str
) -> None:
    act, look = REPEATED[deed]
    prepare(store, deed)
    lose_the_next_answer(store)
    act(store)
    with open_store(tmp_path / "calm.db") as calm:
        prepare(calm, deed)
        act(calm)
        assert look(store) == look(calm)


def test_events_taken_by_an_answer_that_was_lost_are_free_again_when_the_lease_ends(store: Store) -> None:
    inbox.put(store, [arrival("e1")])
    lose_the_next_answer(store)
    assert inbox.take(store, "worker", None, 9, 60, EVENING) is None
    assert took(store, later(EVENING, 60)).events[0].attempts == 2


def test_effects_claimed_by_an_answer_that_was_lost_are_looked_up_before_they_are_sent(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    lose_the_next_answer(store)
    assert effects.claim_many(store, "worker", 60, EVENING) == []
    assert effects.claim_many(store, "worker", 60, later(EVENING, 61)) == []
    assert [status.state for status in effects.listing(store)] == ["doubtful"]


def test_of_two_transactions_in_each_others_way_both_go_through(postgres: Store, postgres_url: str) -> None:
    """Rows locked in opposite orders: the server ends one of the two, which begins again."""
    effects.plan(postgres, [effect("ticket 1"), effect("ticket 2")])
    asked: list[str] = []

    def lock(connection: Connection, keys: list[str]) -> None:
        for key in keys:
            connection.execute(text("SELECT 1 FROM effects WHERE key = :key FOR UPDATE"), {"key": key})
            asked.append(key)
            connection.execute(text("SELECT pg_sleep(0.2)"))

    keys = [key_of("ticket 1"), key_of("ticket 2")]
    with open_store(postgres_url) as own, ThreadPoolExecutor(2) as pool:
        first = pool.submit(postgres.run, lambda connection: lock(connection, keys))
        second = pool.submit(own.run, lambda connection: lock(connection, keys[::-1]))
        first.result(30), second.result(30)
    assert len(asked) >= 4
    postgres.close()


def test_a_transaction_whose_connection_the_server_ends_is_run_again_whole(postgres: Store) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        inbox.put_in(connection, [arrival("e1")])
        tries.append(1)
        if len(tries) == 1:
            victim = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with create_engine(postgres.engine.url).begin() as admin:
                admin.execute(text("SELECT pg_terminate_backend(:victim)"), {"victim": victim})
        inbox.put_in(connection, [arrival("e2")])

    postgres.run(work)
    assert (len(tries), states(postgres)) == (2, {"e1": "new", "e2": "new"})
    postgres.close()


def test_a_database_that_undoes_every_try_is_left_alone_after_five(store: Store) -> None:
    tries: list[int] = []

    def work(_: Connection) -> None:
        tries.append(1)
        error = OperationalError("SELECT 1", {}, LostAnswer("gone"))
        error.connection_invalidated = True
        raise error

    with pytest.raises(TryLater, match="the store cannot be used now: gone"):
        store.run(work)
    assert len(tries) == TRIES


def test_a_bug_of_ours_is_not_tried_again(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.run(lambda connection: connection.execute(text("INSERT INTO lanes (name) VALUES ('drain')")))


def test_a_file_that_cannot_be_written_is_a_matter_of_trying_later(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:

        @event.listens_for(store.engine, "connect")
        def _small(connection: Any, _: object) -> None:
            connection.execute("PRAGMA max_page_count = 60").close()

        store.engine.dispose()
        with pytest.raises(TryLater, match="database or disk is full"):
            inbox.put(store, [arrival(f"e{number}", body="x" * 3000) for number in range(100)])
        assert states(store) == {}
        assert inbox.put(store, [arrival("e1")]) == ["new"]


@pytest.mark.parametrize("call", ["do_execute", "do_commit"])
def test_a_connection_whose_disk_failed_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """After a failed sync the cache of that connection may say what the disk does not."""

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with open_store(tmp_path / "store.db") as store:
        used: list[object] = []
        event.listen(store.engine, "connect", lambda connection, _: used.append(connection))
        store.engine.dispose()
        with monkeypatch.context() as broken:
            broken.setattr(store.engine.dialect, call, fail)
            with pytest.raises(OperationalError, match="disk I/O error"), store.begin() as connection:
                inbox.put_in(connection, [arrival("e1")])
        assert states(store) == {}
        assert len(used) == 2


def test_the_server_cuts_off_who_hangs_in_a_transaction_or_waits_for_a_lock_too_long(postgres: Store) -> None:
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "synchronous_commit")
    with postgres.begin() as connection:
        settings = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in names}
    assert settings == {
        "idle_in_transaction_session_timeout": "1min",
        "lock_timeout": "10s",
        "synchronous_commit": "on",
    }
    postgres.close()


def test_a_pool_whose_connections_are_all_in_use_says_so_instead_of_hanging(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.engine.pool, "_timeout", 0.05)
    held = [store.engine.raw_connection() for _ in range(15)]
    with pytest.raises(TryLater, match="every connection to the store is in use"):
        lanes.held(store, "drain", EVENING)
    for each in held:
        each.close()
    assert not lanes.held(store, "drain", EVENING)


def test_a_version_of_sqlite_that_can_damage_its_file_is_named_and_a_fixed_one_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite = store.engine.dialect.name == "sqlite"
    for version, concerns in (((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((4, 0, 0), False)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        assert bool(engines.weaknesses(store.engine)) is (lite and concerns)


def test_a_store_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/vda1 / ext4 rw 0 0\nserver:/export {tmp_path} nfs4 rw 0 0\n/dev/vdb {tmp_path}/local ext4 rw 0 0\n"
    (tmp_path / "mounts").write_text(mounts)
    assert engines.file_system_of(Path("/srv/he"), mounts) == "ext4"
    monkeypatch.setattr(engines, "MOUNTS", tmp_path / "mounts")
    with pytest.raises(FixSettings, match=r"network file system \(nfs4\)"):
        open_store(tmp_path / "store.db")
    with open_store(tmp_path / "local" / "store.db") as store:
        assert states(store) == {}
