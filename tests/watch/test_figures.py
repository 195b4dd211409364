"""Every figure is what stands in the store, on both engines; reading changes nothing and keeps nobody waiting."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from he_sync.connect.breaker import FAILURES, Breaker
from he_sync.connect.throttle import Limit, Throttle
from he_sync.model.retailer import dump_retailer, load_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store import closes, cursors, dead_letters, effects, inbox
from he_sync.store.books_tables import store_days
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.tables import effects as effect_rows
from he_sync.watch.figures import GROUPS, Figures, read
from he_sync.watch.metrics import METRICS, NAMED, Sample, text
from he_sync.watch.of_events import quantile
from he_sync.watch.place import watched
from tests.store.examples import arrival, effect, ended, took
from tests.watch.house import NOON, House


def figures(house: House) -> Figures:
    with watched(house.environ) as place:
        return read(place, house.now)


def value(house: House, name: str, **labels: str) -> float:
    [one] = [one for one in figures(house).of(name) if labels.items() <= dict(one.labels).items()]
    return one.value


def ago(**span: float):
    return NOON - timedelta(**span)


# events


def test_events_are_counted_by_state_and_the_oldest_unread_one_is_named_with_its_age(any_house: House) -> None:
    house = any_house
    inbox.put(house.store, [arrival("a", "order 1")], ago(seconds=300))
    inbox.put(house.store, [arrival("b", "order 2"), arrival("c", "order 3")], ago(seconds=90))
    taken = took(house.store, ago(seconds=20), limit=1)
    assert value(house, "he_events", state="taken") == 1
    assert value(house, "he_events", state="new") == 2
    [oldest] = figures(house).of("he_event_oldest_age_seconds")
    assert (oldest.value, oldest.to) == (90, "/records/order%202")
    ended(house.store, taken, "parked", NOON)
    assert value(house, "he_events_parked", why="input") == 1
    assert value(house, "he_events_parked", why="poison") == 0


def test_the_lag_is_from_receipt_to_answer_of_what_was_answered_within_the_hour(any_house: House) -> None:
    house = any_house
    inbox.put(house.store, [arrival("old", "order 0")], ago(hours=2))
    ended(house.store, took(house.store, NOON), now=ago(hours=1, minutes=59))
    for number in range(1, 21):
        inbox.put(house.store, [arrival(f"e{number}", f"order {number}")], ago(seconds=60))
        ended(house.store, took(house.store, NOON), now=ago(seconds=60 - number))
    assert value(house, "he_event_lag_seconds", quantile="0.5") == 10
    assert value(house, "he_event_lag_seconds", quantile="0.95") == 19


@pytest.mark.parametrize(("share", "rank"), [(0.5, 5), (0.95, 10), (0.1, 1), (1.0, 10)])
def test_a_quantile_is_the_value_that_so_large_a_share_does_not_exceed(share: float, rank: int) -> None:
    assert quantile([float(number) for number in range(1, 11)], share) == rank


def test_dead_letters_are_counted_by_cause_and_what_is_rare_counts_together(any_house: House) -> None:
    def letter(number: int, rule: str) -> DeadLetter:
        return DeadLetter("heartland", "customer", f"{number}", number, "email", rule, "", "why", "2026-11-20")

    dead_letters.put(
        any_house.store, [*(letter(n, "is one") for n in range(3)), *(letter(n, f"r{n}") for n in range(60))]
    )
    found = {dict(one.labels)["rule"]: one.value for one in figures(any_house).of("he_dead_letters")}
    assert found["is one"] == 3
    assert sum(found.values()) == 63
    assert len(found) == 41


def test_what_no_event_announced_is_a_share_of_the_last_24_hours_and_a_source_that_is_not_asked_grows_old(
    any_house: House,
) -> None:
    house = any_house
    with house.store.begin() as connection:
        for day, hours in (("2026-11-20", {"17": [60, 6]}), ("2026-11-19", {"18": [40, 4], "17": [900, 900]})):
            name = f"poll heartland/customers figures {day}"
            cursors.move(connection, name, json.dumps(hours), ago(minutes=20))
        cursors.move(connection, "poll heartland/customers sweep", "{}", ago(minutes=20))
    assert value(house, "he_polled_versions", source="heartland/customers") == 100
    assert value(house, "he_missed_events_ratio", source="heartland/customers") == pytest.approx(0.1)
    assert value(house, "he_poll_age_seconds", source="heartland/customers") == 1200


# writes


def test_writes_are_counted_by_state_and_one_in_doubt_ages_since_it_was_sent(any_house: House) -> None:
    house = any_house
    effects.plan(house.store, [effect("ticket 1"), effect("ticket 2", limit_ok=False), effect("ticket 3")])
    house.store.run(lambda connection: connection.execute(update(effect_rows).values(planned_at=ago(hours=5))))
    claimed = effects.claim(house.store, "first", 60, ago(minutes=20))
    assert claimed is not None
    effects.doubt(house.store, claimed, ago(minutes=14), "no answer")
    sent = update(effect_rows).where(effect_rows.c.state == "doubtful").values(sent_at=ago(minutes=20))
    house.store.run(lambda connection: connection.execute(sent))
    assert [value(house, "he_effects", state=one) for one in ("doubtful", "waiting_approval", "planned")] == [1, 1, 1]
    [doubt] = [o for o in figures(house).of("he_effect_oldest_age_seconds") if dict(o.labels)["state"] == "doubtful"]
    assert (doubt.value, doubt.to) == (1200, "/records/ticket%201")
    assert value(house, "he_effect_oldest_age_seconds", state="waiting_approval") == 5 * 3600
    assert value(house, "he_effect_oldest_age_seconds", state="parked") == 0


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> str:
    state = State(tmp_path_factory.mktemp("world"))
    world.create(state, size="small", seed=5)
    return dump_retailer(world.profile(state))


def test_store_days_past_their_deadline_count_and_signed_ones_do_not(any_house: House, profile: str) -> None:
    house = any_house
    (house.home / "profile.yaml").write_text(profile)
    path = house.home / "profile.yaml"
    retailer = load_retailer(path)
    within = retailer.approval.model_copy(update={"sign_within_days": 3})
    path.write_text(dump_retailer(retailer.model_copy(update={"approval": within})))
    today = NOON.date()
    row = {"because": "", "ground": "{}", "opened_at": NOON, "moved_at": NOON}

    def day(back: int, store: str, state: str) -> dict[str, object]:
        return {"business_date": f"{today - timedelta(days=back)}", "store": store, "state": state, **row}

    days = [
        day(20, "S1", "posted"),
        day(20, "S2", "signed"),
        day(22, "S2", "signed"),
        day(21, "S1", "open"),
        day(1, "S1", "open"),
    ]
    house.store.run(lambda connection: connection.execute(store_days.insert(), days))
    closed = closes.open_close(house.store, str(today - timedelta(days=2)), {"a": "1"}, "rules")
    for state in closes.STATES[1:]:
        closes.advance(house.store, closed, state)
    closes.open_close(house.store, str(today - timedelta(days=1)), {"a": "2"}, "rules")
    assert value(house, "he_store_days_late") == 2
    assert value(house, "he_closed_age_days") == 2


# the machine and the other systems


def test_the_newest_back_up_anywhere_below_its_folder_counts_and_an_empty_file_or_a_half_one_is_none(
    house: House,
) -> None:
    assert value(house, "he_backup_age_seconds") == float("inf")
    folder = house.home / "backups" / "2026"
    folder.mkdir(parents=True)
    (folder / ".2.part").mkdir()
    for name, hours, content in (
        ("old.db", 30, "x"),
        ("new.db", 20, "x"),
        ("failed.db", 1, ""),
        (".2.part/half", 1, "x"),
    ):
        (folder / name).write_text(content)
        os.utime(folder / name, times=(at := ago(hours=hours).timestamp(), at))
    assert value(house, "he_backup_age_seconds") == 20 * 3600
    assert 0 < value(house, "he_disk_free_ratio") < 1


def test_the_budget_of_calls_and_systems_that_do_not_answer_are_read_beside_the_clients(house: House) -> None:
    assert value(house, "he_rate_budget_ratio", system="epicor") == 1
    shared = house.home / "shared.db"
    throttle = Throttle(shared, {"epicor": Limit(300, 300), "heartland": Limit(200, 200)}, sleep=lambda _: None)
    throttle.pause("epicor", 90)
    breaker = Breaker(shared)
    for _ in range(FAILURES):
        breaker.failed("heartland", "no answer")
    assert value(house, "he_rate_budget_ratio", system="epicor") == 0
    assert value(house, "he_rate_wait_seconds", system="epicor") == pytest.approx(90, abs=20)
    assert value(house, "he_system_down", system="heartland") == 1
    assert value(house, "he_system_down", system="epicor") == 0


# reading


def test_reading_waits_for_no_writer_and_keeps_none_waiting(house: House) -> None:
    path = house.home / "he_sync.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert {"events", "effects", "letters", "polls"}.isdisjoint(figures(house).missing)
        writer.execute("ROLLBACK")
        version = writer.execute("PRAGMA data_version").fetchone()
        figures(house)
        assert writer.execute("PRAGMA data_version").fetchone() == version


def test_no_question_walks_through_finished_events_writes_or_letters(house: House) -> None:
    """SCAN without an index is a table read whole; with a million finished events that is seconds a scrape."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    with watched(house.environ) as place:
        assert place.kept is not None

        @event.listens_for(place.kept.engine, "before_cursor_execute")
        def note(_c: object, _u: object, statement: str, values: tuple[object, ...], _x: object, _m: object) -> None:
            asked.append((statement, tuple(values)))

        read(place, NOON)
    with closing(sqlite3.connect(house.home / "he_sync.db")) as connection:
        plans = [
            (statement, row[3])
            for statement, values in asked
            if statement.startswith("SELECT")
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert any("inbox" in plan for _, plan in plans)
    tables = ("inbox", "effects", "dead_letters")
    walked = [
        plan for _, plan in plans if plan.startswith("SCAN") and plan.split()[1] in tables and " INDEX " not in plan
    ]
    whole = [plan for _, plan in plans if "USING INDEX inbox_once" in plan or "USING INDEX inbox_by_entity" in plan]
    assert walked == []
    assert whole == []


def test_a_group_that_cannot_be_read_is_named_and_says_no_zero(house: House) -> None:
    (house.home / "he_sync.db").unlink()
    found = figures(house)
    assert {"events", "effects"} <= found.missing
    assert found.of("he_events") == ()
    assert Sample("he_figures_missing", 1.0, (("group", "events"),)) in found.samples
    assert found.of("he_disk_free_ratio")
    assert not (house.home / "he_sync.db").exists()


def test_every_figure_has_a_group_that_reads_it_and_the_labels_that_it_names(house: House) -> None:
    assert {metric.group for metric in METRICS} - {""} == set(GROUPS)
    house.look()
    for one in figures(house).samples:
        assert tuple(name for name, _ in one.labels) == NAMED[one.name].labels, one
    assert len(NAMED) == len(METRICS)


def test_the_page_for_prometheus_keeps_counters_whole_and_escapes_what_others_wrote() -> None:
    page = text([
        Sample("he_slo_judged_total", 12_345_678, (("slo", "events_answered"),)),
        Sample("he_dead_letters", 1, (("field", 'a"b\\c'), ("rule", "line\nend"))),
        Sample("he_backup_age_seconds", float("inf")),
        Sample("he_disk_free_ratio", 0.25),
    ])  # fmt: skip
    assert 'he_slo_judged_total{slo="events_answered"} 12345678\n' in page
    assert r'he_dead_letters{field="a\"b\\c",rule="line\nend"} 1' in page
    assert "he_backup_age_seconds +Inf\n" in page
    assert "he_disk_free_ratio 0.25\n" in page
    assert "# TYPE he_slo_judged_total counter\n" in page
