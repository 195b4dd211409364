"""A backup is whole or not there, holds no secret, shows every damage, and goes back onto nothing that lives."""

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from he_sync.model.errors import FixInput
from he_sync.store import audit, backup, dead_letters, effects, inbox, lanes
from he_sync.store.backup import Place, databases, making
from he_sync.store.backup.files import secrets_of
from he_sync.store.database import Store, open_store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.effects import QUARANTINE
from he_sync.store.engines import engine_at
from he_sync.store.inbox import Arrival
from he_sync.store.lake import Lake
from tests.store.examples import EVENING, effect

ROOT = Path(__file__).parents[2]
LETTER = DeadLetter("heartland", "order", "order 1", 0, "sku", "known part", "{}", "no such part", "2026-11-20")


def arrival(number: int) -> Arrival:
    return Arrival("shop", "order.created", f"msg-{number}", f"order {number}", "", "{}", "0" * 64, "webhook")


def lived(store: Store) -> None:
    """A store that is at work: something done, something under way, something waiting."""
    effects.plan(store, [effect(f"order {number}") for number in range(4)])
    for claimed in effects.claim_many(store, "worker", 60, EVENING, limit=2):
        if claimed.effect.entity == "order 0":
            effects.confirm(store, claimed, "7600")
    inbox.put(store, [arrival(number) for number in range(5)], EVENING)
    inbox.take(store, "worker", None, 2, 60, EVENING)
    lanes.take(store, "drain", "worker", 30, EVENING)
    dead_letters.put(store, [LETTER])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    home = tmp_path / "home"
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "token").write_text("a secret of ours")
    (home / "console.users").write_text("dana: hash")
    (home / "profile.yaml").write_text("name: Nord\n")
    with Lake(home / "lake").raw("orders", "2026-11-20") as writer:
        writer.append(["1"], ["{}"])
    return Place(home, tmp_path / "backups", {}, secrets_of({"HE_EPICOR_PASSWORD": "correct horse"}))


@pytest.fixture(params=["sqlite", "postgres"])
def addresses(request: pytest.FixtureRequest, tmp_path: Path) -> list[str | Path]:
    if request.param == "sqlite":
        return [tmp_path / "home" / "he_sync.db", tmp_path / "again" / "he_sync.db"]
    return request.getfixturevalue("two_databases")


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.begin() as connection:
        return {
            name: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}"))  # noqa: S608 - ours
            for name in ("answers", "story", "closes", "crosswalk")
        }


def test_a_restored_store_says_what_was_said_and_believes_no_lease_token_or_number(
    place: Place, addresses: list[str | Path], tmp_path: Path
) -> None:
    now = EVENING + timedelta(hours=1)
    with open_store(addresses[0]) as store:
        lived(store)
        [letter] = dead_letters.listing(store)
        made, said = backup.create(store, place, now), content(store)
        effects.plan(store, [effect("order 9")])
        dead_letters.put(
            store, [DeadLetter(*(*vars(LETTER).values(),)[:2], "order 2", *(*vars(LETTER).values(),)[3:9])]
        )
        lost = effects.claim_many(store, "lost", 60, now)[0]
    folder = backup.named(place.backups, "")
    assert backup.verify(folder) == made
    backup.restore(folder, tmp_path / "again", addresses[1], "dana", now=now)
    with open_store(addresses[1]) as store:
        assert content(store) == said
        states = {one.effect.entity: one.state for one in effects.listing(store)}
        assert states == {"order 0": "confirmed", "order 1": "doubtful", "order 2": "planned", "order 3": "planned"}
        assert {kept.state for kept in inbox.listing(store)} == {"new"}
        assert effects.claim_many(store, "new", 60, now + QUARANTINE - timedelta(seconds=1)) == []
        assert lanes.take(store, "drain", "new", 30, now + QUARANTINE - timedelta(seconds=1)) is None
        after = now + QUARANTINE
        claimed = effects.claim_many(store, "new", 60, after)
        assert min(one.token for one in claimed) > lost.token + 1_000_000
        assert effects.resume_doubtful(store, "new", 60, after).effect.entity == "order 1"
        [_, restored] = dead_letters.listing(store)
        assert (restored.letter.rule, restored.number) == ("restored", 100_000)
        assert restored.number > letter.number + 1
        inbox.put(store, [arrival(77)])
        [kept] = inbox.by_entity(store, "order 77")
        assert kept.event.seq > 100_000
        [deed] = audit.deeds(store, backup.DEED)
        assert made.audit.hash in deed.detail
        assert audit.first_broken(store) is None


def test_a_backup_is_as_of_one_moment_while_writers_go_on(place: Place, addresses: list[str | Path]) -> None:
    """Each writer plans an effect, then withdraws it: never more withdrawn than planned, a writer at most one less."""
    stop = threading.Event()

    def write(number: int) -> None:
        with open_store(addresses[0]) as own:
            while not stop.is_set():
                number += 10
                dead_letters.put(own, [DeadLetter("x", "order", f"order {number}", 0, "", "r", "{}", "", "2026-11-20")])
                effects.plan(own, [effect(f"order {number}")])
                effects.withdraw(own, effect(f"order {number}").key, "dana", "no")

    with open_store(addresses[0]) as store:
        lived(store)
        before = audit.head(store).seq
        writers = [threading.Thread(target=write, args=(number,)) for number in (1000, 1001)]
        for one in writers:
            one.start()
        try:
            made = [backup.create(store, place) for _ in range(3)]
        finally:
            stop.set()
            for one in writers:
                one.join()
    for one in made:
        backup.verify(place.backups / one.name)
        assert one.rows["audit"] == one.audit.seq
        withdrawn = one.rows["audit"] - before
        assert withdrawn <= one.rows["effects"] - 4 <= withdrawn + 2
    assert made[-1].rows["audit"] > before


# what is in it


@pytest.fixture
def store(place: Place):
    with open_store(place.home / "he_sync.db") as opened:
        lived(opened)
        yield opened


def test_what_is_secret_or_of_the_moment_is_not_in_it_and_only_its_owner_may_read_it(
    place: Place, store: Store
) -> None:
    made = backup.create(store, place)
    names = {one.path for one in made.entries}
    assert {"store/he_sync.db", "home/profile.yaml", "home/lake/raw/orders/2026-11-20/current.json"} < names
    assert not [name for name in names if "secret" in name or "console" in name or "backups" in name]
    folder = place.backups / made.name
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")] if path.is_dir()} <= {0, 0o055}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_a_text_that_holds_a_credential_stops_the_backup_and_names_the_file(place: Place, store: Store) -> None:
    (place.home / "stock.yaml").write_text("note: correct horse\n")
    with pytest.raises(FixInput, match=r"stock.yaml holds the value of HE_EPICOR_PASSWORD"):
        backup.create(store, place)
    assert backup.listing(place.backups) == []
    assert [path.name for path in place.backups.iterdir()] == [making.LOCK]


def test_what_did_not_change_since_the_last_backup_is_not_stored_twice(place: Place, store: Store) -> None:
    [first, second] = [backup.create(store, place) for _ in range(2)]
    one, two = ((place.backups / each.name / "home" / "profile.yaml").stat() for each in (first, second))
    assert one.st_ino == two.st_ino
    (place.home / "profile.yaml").write_text("name: Nord & South\n")
    third = backup.create(store, place)
    assert (place.backups / third.name / "home" / "profile.yaml").read_text() == "name: Nord & South\n"
    assert (place.backups / first.name / "home" / "profile.yaml").read_text() == "name: Nord\n"


def test_what_another_database_of_the_home_has_in_its_log_alone_is_in_the_next_backup(
    place: Place, store: Store
) -> None:
    with closing(sqlite3.connect(place.home / "numbers.db", isolation_level=None)) as numbers:
        numbers.execute("PRAGMA journal_mode=WAL")
        numbers.execute("CREATE TABLE n (n)")
        numbers.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        backup.create(store, place)
        numbers.execute("INSERT INTO n VALUES (1)")
        folder = place.backups / backup.create(store, place).name
    with closing(sqlite3.connect(folder / "home" / "numbers.db")) as kept:
        assert kept.execute("SELECT n FROM n").fetchall() == [(1,)]


# damage


@pytest.mark.parametrize("name", ["store/he_sync.db", "home/profile.yaml", "manifest.json"])
def test_one_changed_byte_anywhere_is_found(place: Place, store: Store, name: str) -> None:
    path = place.backups / backup.create(store, place).name / name
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(FixInput, match=Path(name).name):
        backup.verify(path.parents[1] if "/" in name else path.parent)


def test_a_missing_file_and_one_too_many_are_found(place: Place, store: Store) -> None:
    folder = place.backups / backup.create(store, place).name
    (folder / "home" / "more.yaml").write_text("x")
    with pytest.raises(FixInput, match="does not belong"):
        backup.verify(folder)
    (folder / "home" / "more.yaml").rename(folder / "home" / "profile.yaml")
    with pytest.raises(FixInput, match="is not what was written"):
        backup.verify(folder)
    (folder / "home" / "profile.yaml").unlink()
    with pytest.raises(FixInput, match="is missing"):
        backup.verify(folder)


# refusing


def test_a_store_that_is_there_is_not_restored_over(place: Place, store: Store, tmp_path: Path) -> None:
    folder = place.backups / backup.create(store, place).name
    again = tmp_path / "again"
    backup.restore(folder, again, again / "he_sync.db", "dana")
    before = (again / "he_sync.db").read_bytes()
    with pytest.raises(FixInput, match=r"he_sync.db is there; move it away"):
        backup.restore(folder, again, again / "he_sync.db", "dana")
    assert (again / "he_sync.db").read_bytes() == before


def test_a_database_that_has_a_store_is_not_restored_into(place: Place, two_databases: list[str]) -> None:
    with open_store(two_databases[0]) as store:
        made = backup.create(store, place)
        with pytest.raises(FixInput, match="the database has a store already"):
            backup.restore(place.backups / made.name, place.home, two_databases[0], "dana")
    with pytest.raises(FixInput, match="the backup is of a store on postgresql"):
        backup.restore(place.backups / made.name, place.home, place.home / "he_sync.db", "dana")


def test_another_file_of_the_home_is_not_overwritten_unless_the_store_alone_is_asked_for(
    place: Place, store: Store, tmp_path: Path
) -> None:
    folder, again = place.backups / backup.create(store, place).name, tmp_path / "again"
    again.mkdir()
    (again / "profile.yaml").write_text("name: other\n")
    with pytest.raises(FixInput, match=r"profile.yaml is there and is another"):
        backup.restore(folder, again, again / "he_sync.db", "dana")
    assert sorted(path.name for path in again.iterdir()) == ["profile.yaml", "restore.lock"]
    backup.restore(folder, again, again / "he_sync.db", "dana", files=False)
    assert (again / "profile.yaml").read_text() == "name: other\n"


def test_nothing_is_restored_below_a_process_that_still_has_the_lost_store(
    place: Place, store: Store, tmp_path: Path
) -> None:
    folder, again = place.backups / backup.create(store, place).name, tmp_path / "again"
    again.mkdir()
    lost = again / "he_sync.db"
    hold = f"import time; held = open({str(lost)!r}, 'w'); print('open', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "open\n"
            lost.unlink()
            with pytest.raises(FixInput, match=f"process {process.pid} has .* open"):
                backup.restore(folder, again, lost, "dana")
        finally:
            process.kill()


def test_tables_of_a_later_version_are_refused_by_their_name(place: Place, store: Store, tmp_path: Path) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9001'")
    folder = place.backups / backup.create(store, place).name
    with pytest.raises(FixInput, match="of version 9001, this he-sync knows up to"):
        backup.restore(folder, tmp_path / "again", tmp_path / "again" / "he_sync.db", "dana")
    assert not (tmp_path / "again").exists()


def test_a_backup_of_older_tables_is_brought_to_the_newest(place: Place, addresses: list[str | Path]) -> None:
    engine = engine_at(addresses[0])
    with engine.begin() as connection:
        databases.migrate(connection, "0006")
    made = backup.create(Store(engine), place)
    engine.dispose()
    assert made.schema == "0006"
    backup.restore(place.backups / made.name, place.home.with_name("again"), addresses[1], "dana")
    with open_store(addresses[1]) as again:
        assert [row.action for row in audit.entries(again)] == [backup.DEED]


# killed


@pytest.mark.parametrize("what", ["create", "restore"])
def test_killed_anywhere_a_backup_or_a_restore_is_whole_or_not_there_and_begins_again(
    place: Place, store: Store, tmp_path: Path, what: str
) -> None:
    backup.create(store, place)
    words = [place.home, place.backups, tmp_path / "again", what, "12"]
    line = [sys.executable, "-m", "tests.backup.kills", *map(str, words)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["findings"] == []
    assert said["killed"] > 20, said
