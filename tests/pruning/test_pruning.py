"""What is long over goes; nothing that may be asked again, is open, or proves a close, goes with it."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from he_sync.model.errors import FixSettings
from he_sync.store import audit, backup, dead_letters, effects, inbox, pruning, story
from he_sync.store.backup import Place
from he_sync.store.books_tables import store_days
from he_sync.store.closes import open_close
from he_sync.store.database import Store, open_store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.event_tables import inbox as events
from he_sync.store.lake import Lake
from he_sync.store.pruning import Retention, rows, snapshots
from he_sync.store.tables import answers
from tests.store.examples import EVENING, arrival, effect, ended, took

LATER = EVENING + timedelta(days=500)
KEEP = Retention(backups=2)
ORDERS = ("order 1", "order 2", "order 3")


def lived(store: Store, *orders: str) -> None:
    """Orders that were answered one evening, each with an effect that was confirmed, its answer and its story."""
    inbox.put(store, [arrival(f"msg {one}", one) for one in orders], EVENING)
    effects.plan(store, [effect(one) for one in orders])
    for claimed in effects.claim_many(store, "worker", 60, EVENING, limit=len(orders)):
        effects.confirm(store, claimed, "7600")
    ended(store, took(store))
    told = [story.Step(one, EVENING, "read", "as it was", '{"a": 1}') for one in orders]
    said = [
        {"effect_key": effect(one).key, "attempt": 1, "at": EVENING, "outcome": "ok", "body": "x"} for one in orders
    ]
    with store.begin() as connection:
        story.tell(connection, told)
        connection.execute(answers.insert(), said)


@pytest.fixture
def store(tmp_path: Path):
    with open_store(tmp_path / "he_sync.db") as opened:
        yield opened


def prune(store: Store, folder: Path, now: datetime = LATER, **more: bool) -> dict[str, int]:
    return pruning.prune(store, Lake(folder / "lake"), folder / "backups", KEEP, who="dana", now=now, **more)


def bodies(store: Store) -> Counter[str]:
    with store.begin() as connection:
        return Counter(connection.execute(select(events.c.body)).scalars())


def told_of(store: Store) -> set[str]:
    return {one for one in ORDERS if any(step.step == "read" for step in story.of(store, one))}


# rows


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_after_everything_old_is_gone_a_repeat_is_known_and_a_plan_made_again_writes_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    with open_store(request.getfixturevalue("postgres_url") if engine == "postgres" else tmp_path / "s.db") as store:
        lived(store, *ORDERS)
        assert prune(store, tmp_path, EVENING + timedelta(days=399))["event bodies"] == 0
        found = prune(store, tmp_path)
        assert (found["event bodies"], found["story steps"], found["answers"]) == (3, 3, 3)
        assert (bodies(store), told_of(store)) == (Counter({rows.GONE: 3}), set())
        assert inbox.put(store, [arrival(f"msg {one}", one) for one in ORDERS]) == ["known"] * 3
        assert inbox.put(store, [arrival("msg order 1", "order 1", body="{2}", body_hash="f" * 64)]) == ["conflict"]
        again = effects.plan(store, [effect(one) for one in ORDERS])
        assert (again.new, len(again.known), again.conflicts) == ((), 3, ())
        assert effects.find(store, effect("order 1").key).reference == "7600"
        assert effects.find(store, effect("order 1").key).effect.body == effect("order 1").body
        assert not any(prune(store, tmp_path).values())
        [deed] = audit.deeds(store, pruning.DEED)
        assert '"answers":3' in deed.detail
        assert audit.first_broken(store) is None


@pytest.mark.parametrize("what", ["letter", "event", "effect"])
def test_of_a_record_with_something_open_the_whole_story_stays(store: Store, tmp_path: Path, what: str) -> None:
    lived(store, *ORDERS)
    if what == "letter":
        number = inbox.by_entity(store, "order 2")[0].event.seq
        letter = DeadLetter("heartland", "order", "order 2", 0, "", "rule", "{}", "", "2026-11-20", event_seq=number)
        dead_letters.put(store, [letter])
    elif what == "event":
        inbox.put(store, [arrival("another", "order 2")], EVENING)
    else:
        effects.plan(store, [effect("order 2", version="2", limit_ok=False)])
    prune(store, tmp_path)
    assert told_of(store) == {"order 2"}
    assert bodies(store)[rows.GONE] == (2 if what == "letter" else 3)
    assert [kept.letter.rule for kept in dead_letters.listing(store)] == (["rule"] if what == "letter" else [])


def test_a_body_that_a_person_must_compare_stays_until_the_conflict_is_settled(store: Store, tmp_path: Path) -> None:
    lived(store, *ORDERS)
    inbox.put(store, [arrival("msg order 3", "order 3", body="{2}", body_hash="f" * 64)])
    assert prune(store, tmp_path)["event bodies"] == 2


def test_a_dry_run_says_what_would_go_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    lived(store, *ORDERS)
    lake = snapshot(tmp_path, "2026-01-05", 1, 2)
    before = (bodies(store), told_of(store), files(lake), audit.head(store))
    said = prune(store, tmp_path, dry=True)
    assert (bodies(store), told_of(store), files(lake), audit.head(store)) == before
    assert said == prune(store, tmp_path)


def test_stopped_after_any_batch_the_next_one_goes_on_and_ends_alike(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a transaction of its own: what a kill leaves is what a stop between two of them leaves."""
    monkeypatch.setattr(rows, "AT_ONCE", 2)
    lived(store, *(f"order {number}" for number in range(1, 10)))
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    first = rows.prune(store, KEEP, LATER, stop=stop)
    assert first == {"event bodies": 4, "story steps": 0, "answers": 0}
    assert rows.prune(store, KEEP, LATER) == {"event bodies": 5, "story steps": 9, "answers": 9}


# snapshots


def snapshot(folder: Path, day: str, *values: int) -> Lake:
    """One date read again and again, all long ago; the last read is in force."""
    lake = Lake(folder / "lake")
    for value in values:
        lake.write("canonical", "orders", day, pd.DataFrame({"n": [value]}))
    old = (datetime(2026, 1, 6, tzinfo=UTC)).timestamp()
    for path in lake.root.rglob("*.parquet"):
        os.utime(path, (old, old))
    return lake


def files(lake: Lake) -> set[str]:
    return {path.name for path in lake.root.rglob("*.parquet") if not path.name.startswith(".")}


def test_a_snapshot_goes_when_another_took_its_place_and_neither_close_nor_signature_needs_it(
    store: Store, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    superseded = lake.write("canonical", "orders", "2026-01-05", pd.DataFrame({"n": [1]}))
    closed = lake.write("canonical", "orders", "2026-01-05", pd.DataFrame({"n": [2]}))
    open_close(store, "2026-01-05", {"orders": closed.digest}, "1")
    snapshot(tmp_path, "2026-01-05", 3)
    snapshot(tmp_path, "2026-01-07", 4, 5)
    with store.begin() as connection:
        row = {"business_date": "2026-01-07", "store": "S001", "state": "open", "because": "", "ground": "{}"}
        moment = {"times_signed": 1, "opened_at": EVENING, "moved_at": EVENING}
        connection.execute(store_days.insert().values({**row, **moment}))
    before = files(lake)
    assert prune(store, tmp_path)["snapshots"] == 1
    assert before - files(lake) == {superseded.file}
    assert lake.read("canonical", "orders", "2026-01-05")["n"].tolist() == [3]


def test_a_date_beyond_the_years_of_evidence_goes_whole(store: Store, tmp_path: Path) -> None:
    lake = snapshot(tmp_path, "2026-01-05", 1)
    assert prune(store, tmp_path, EVENING + timedelta(days=365 * 6))["snapshots"] == 0
    assert prune(store, tmp_path, EVENING + timedelta(days=365 * 8))["snapshots"] == 1
    assert files(lake) == set()


def test_a_file_that_is_in_force_again_within_the_hour_is_put_back_and_one_that_is_not_is_gone(
    store: Store, tmp_path: Path
) -> None:
    lake = snapshot(tmp_path, "2026-01-05", 1, 2)
    assert prune(store, tmp_path)["snapshots"] == 1
    [hidden] = lake.root.rglob(f"*{snapshots.OUT_OF_SIGHT}")
    pointer = hidden.with_name("current.json")
    second = pointer.read_text()
    name = hidden.name[1:].removesuffix(snapshots.OUT_OF_SIGHT)
    pointer.write_text(second.replace(lake.current("canonical", "orders", "2026-01-05").file, name))
    assert prune(store, tmp_path)["snapshots gone"] == 0
    assert lake.read("canonical", "orders", "2026-01-05")["n"].tolist() == [1]
    pointer.write_text(second)
    os.utime(hidden.with_name(name), (0, 0))
    assert prune(store, tmp_path, datetime.now(UTC) + timedelta(days=100))["snapshots"] == 1
    assert prune(store, tmp_path, datetime.now(UTC) + timedelta(days=100))["snapshots gone"] == 1
    assert not list(lake.root.rglob(f"*{snapshots.OUT_OF_SIGHT}"))


# backups and settings


def test_backups_over_the_number_kept_go_oldest_first_and_what_is_linked_stays(store: Store, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile.yaml").write_text("name: Nord\n")
    made = [backup.create(store, Place(home, tmp_path / "backups"), EVENING + timedelta(days=day)) for day in range(4)]
    assert prune(store, tmp_path)["backups"] == 2
    assert [one.name for one in backup.listing(tmp_path / "backups")] == [one.name for one in made[2:]]
    for one in made[2:]:
        backup.verify(tmp_path / "backups" / one.name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("evidence_years: 6", r"retention\.yaml: evidence_years: .*greater than or equal to 7"),
        ("events_days: 3", r"events_days: .*greater than or equal to 30"),
        ("event_days: 100", r"event_days: Extra inputs"),
        ("backups: lots", r"backups: .*integer"),
        ("- 1", "all of it"),
        ("{", "cannot be read"),
    ],
)
def test_a_retention_that_would_lose_too_much_or_is_misspelt_is_refused_by_name(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "retention.yaml").write_text(text)
    with pytest.raises(FixSettings, match=says):
        pruning.load(tmp_path)


def test_without_a_file_the_usual_holds(tmp_path: Path) -> None:
    assert pruning.load(tmp_path) == Retention()
    (tmp_path / "retention.yaml").write_text("events_days: 100\n")
    assert pruning.load(tmp_path).events_days == 100
