"""An alert is told once, to those whom it concerns, and its end too: by restarts, dead targets and quiet nights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from he_sync.connect.alarms import Alarm, tell
from he_sync.model.errors import FixInput
from he_sync.store import dead_letters, inbox
from he_sync.store.dead_letters import DeadLetter
from he_sync.watch import telling
from he_sync.watch.looking import look
from he_sync.watch.memory import Memory, Notice, memory
from he_sync.watch.sending import subject, words
from he_sync.watch.targets import Target
from tests.store.examples import arrival, ended, took
from tests.watch.house import EVERYBODY, NOON, House


def waits(house: House) -> None:
    """An event that nobody answers."""
    inbox.put(house.store, [arrival(f"at-{house.now:%H%M%S}", "order 7")], house.now - timedelta(seconds=200))


def answered(house: House) -> None:
    ended(house.store, took(house.store, house.now), now=house.now)


def fire(house: House) -> None:
    """The event waits for longer than it may, long enough."""
    waits(house)
    house.look()
    house.later(minutes=2).look()


def test_an_alert_is_told_when_it_was_broken_long_enough_and_its_end_when_it_was_kept_long_enough(house: House) -> None:
    waits(house)
    house.look()
    assert house.later(seconds=119).look().fired == ()
    assert house.told() == []
    assert house.later(seconds=1).look().fired == ("events_wait",)
    answered(house)
    house.later(seconds=1).look()
    assert house.later(seconds=119).look().resolved == ()
    assert house.later(seconds=1).look().resolved == ("events_wait",)
    assert house.told() == [("desk", "firing"), ("desk", "resolved")]


def test_a_message_says_what_how_much_who_since_when_and_leads_to_record_and_runbook(house: House) -> None:
    fire(house)
    [body] = house.bodies("events_wait")
    assert body["summary"] == "The oldest unread event waits for 320 s"
    assert (body["severity"], body["owner"], body["limit"], body["value"]) == ("page", "integration", 120, 320)
    assert (body["since"], body["fired"]) == (NOON.isoformat(), (NOON + timedelta(minutes=2)).isoformat())
    assert body["record"] == "https://console.example/records/order%207"
    assert body["runbook"] == "docs/runbooks.md#events_wait"


def test_a_value_that_breaks_its_limit_for_a_moment_wakes_nobody(house: House) -> None:
    waits(house)
    house.look()
    answered(house)
    house.later(minutes=1).look()
    inbox.put(house.store, [arrival("b", "order 8")], house.now - timedelta(seconds=200))
    house.later(seconds=30).look()
    assert house.later(seconds=90).look().fired == ()


def test_an_alert_that_comes_and_goes_within_its_calm_is_one(house: House) -> None:
    fire(house)
    for number in range(3):
        answered(house)
        house.later(seconds=60).look()
        inbox.put(house.store, [arrival(f"n{number}", "order 7")], house.now - timedelta(seconds=200))
        house.later(seconds=30).look()
    assert house.told() == [("desk", "firing")]


def test_however_often_and_by_whomever_it_is_looked_an_alert_is_told_once(house: House) -> None:
    waits(house)
    house.look()
    house.later(minutes=2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: house.look(), range(8)))
    assert house.told() == [("desk", "firing")]


def test_what_cannot_be_read_begins_no_alert_and_ends_none(house: House) -> None:
    fire(house)
    (house.home / "he_sync.db").rename(house.home / "away.db")
    for _ in range(8):
        done = house.later(minutes=1).look()
    assert "events_wait" in done.firing
    missing = house.bodies("figures_missing")
    assert sum(1 + len(body.get("also", ())) for body in missing) == 5
    (house.home / "away.db").rename(house.home / "he_sync.db")
    answered(house)
    house.later(seconds=30).look()
    house.later(minutes=2).look()
    assert house.told() == [("desk", "firing"), ("desk", "resolved")]


def test_an_alert_that_fires_for_months_is_over_for_whom_it_was_told_at_its_beginning(house: House) -> None:
    fire(house)
    with memory(house.home) as kept:
        telling.acknowledge(kept, "events_wait", "ana", "known", house.now)
    house.later(days=40).look()
    answered(house)
    house.later(seconds=30).look()
    house.later(minutes=2).look()
    assert house.told() == [("desk", "firing"), ("desk", "resolved")]


# restarts


class Killed(BaseException):
    """The process ended here."""


def test_a_restart_between_the_judging_and_the_sending_loses_no_alert(house: House) -> None:
    waits(house)
    house.look()
    house.later(minutes=2)

    def dies(_: Target, __: Notice, ___: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        look(house.environ, house.now, dies)
    assert house.told() == []
    house.later(seconds=121).look()
    assert house.told() == [("desk", "firing")]


def test_a_restart_between_the_sending_and_its_mark_repeats_under_the_same_id(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits(house)
    house.look()
    house.later(minutes=2)
    with monkeypatch.context() as patched:

        def dies(*_: object) -> None:
            raise Killed

        patched.setattr(Memory, "sent", dies)
        with pytest.raises(Killed):
            house.look()
    house.later(seconds=121).look()
    first, second = (notice.id for _, notice in house.took)
    assert first == second


def test_a_restart_after_an_alert_was_told_repeats_nothing(house: House) -> None:
    fire(house)
    for _ in range(5):
        assert house.later(seconds=30).look().fired == ()
    assert house.told() == [("desk", "firing")]


def test_a_look_that_begins_while_another_sends_does_not_send_the_same(house: House) -> None:
    waits(house)
    house.look()
    house.later(minutes=2)

    def slow(target: Target, notice: Notice, now: datetime) -> None:
        house.look()
        house.send(target, notice, now)

    look(house.environ, house.now, slow)
    assert house.told() == [("desk", "firing")]


# targets that are down


def test_a_target_that_is_down_is_named_tried_ever_more_rarely_and_told_all_of_it_when_it_is_back(house: House) -> None:
    house.rules(EVERYBODY.replace("to: [desk]", "to: [desk, boss]"))
    house.down = {"desk"}
    fire(house)
    for pause in (30, 60, 120, 240, 480):
        assert house.later(seconds=pause - 1).look().problems == ()
        assert house.later(seconds=1).look().problems[:1] == ("desk does not answer",)
    assert ("boss", "firing") in house.told()
    assert house.told("target_down") == [("boss", "firing")]
    [down] = house.bodies("target_down")
    assert down["labels"] == {"target": "desk"}
    house.down = set()
    house.later(minutes=15).look()
    house.later(seconds=30).look()
    house.later(minutes=2).look()
    assert house.told().count(("desk", "firing")) == 1
    assert house.look().waiting == 0
    assert ("boss", "resolved") in house.told("target_down")


# escalation, repeats


def test_an_alert_that_nobody_acknowledges_reaches_the_next_in_line_once(house: House) -> None:
    fire(house)
    house.later(minutes=14).look()
    assert ("boss", "escalated") not in house.told()
    for _ in range(3):
        house.later(minutes=1).look()
    assert house.told() == [("desk", "firing"), ("boss", "escalated")]
    answered(house)
    house.later(seconds=30).look()
    house.later(minutes=2).look()
    assert sorted(house.told()[2:]) == [("boss", "resolved"), ("desk", "resolved")]


def test_an_alert_that_is_acknowledged_or_over_reaches_nobody_else(house: House) -> None:
    fire(house)
    with memory(house.home) as kept:
        assert telling.acknowledge(kept, "events_wait", "ana", "the drain hangs", house.now)
        assert telling.acknowledge(kept, "no_such_alert", "ana", "", house.now) is None
    for _ in range(3):
        house.later(hours=3).look()
    answered(house)
    house.later(seconds=30).look()
    house.later(minutes=2).look()
    assert house.told() == [("desk", "firing"), ("desk", "resolved")]


def test_an_alert_that_stays_is_told_again_every_four_hours(house: House) -> None:
    fire(house)
    for hours in (3.9, 0.1, 3.9, 0.1, 0.1):
        house.later(hours=hours).look()
    assert house.told().count(("desk", "still")) == 2


# quiet hours, routes


QUIET = (
    EVERYBODY + "quiet: {from: '20:00', until: '07:00', zone: UTC}\nrules: [{alert: events_wait, severity: ticket}]\n"
)


def test_at_night_a_page_is_told_and_a_ticket_waits_for_the_morning(house: House) -> None:
    house.rules(QUIET)
    house.later(hours=5)  # 23:00
    fire(house)
    house.later(hours=7).look()
    assert house.told() == []
    house.later(hours=1).look()
    assert house.told()[:1] == [("desk", "firing")]
    house.took.clear()
    house.rules(QUIET.replace("ticket", "page"))
    answered(house)
    house.later(seconds=1).look()
    house.later(minutes=2).look()
    house.later(hours=14)
    fire(house)
    assert ("desk", "firing") in house.told()


def test_a_ticket_that_came_and_went_in_the_night_is_one_message_in_the_morning(house: House) -> None:
    house.rules(QUIET)
    house.later(hours=5)
    fire(house)
    answered(house)
    house.later(minutes=10).look()
    house.later(minutes=10).look()
    house.later(hours=9).look()
    assert house.told() == [("desk", "resolved")]


def test_a_rule_that_is_taken_away_while_it_fires_is_over(house: House) -> None:
    fire(house)
    house.rules(EVERYBODY + "rules: [{alert: events_wait, enabled: false}]\n")
    assert house.later(seconds=30).look().resolved == ("events_wait",)
    assert house.told() == [("desk", "firing"), ("desk", "resolved")]


def test_an_alert_goes_only_where_its_owner_and_severity_are_routed(house: House) -> None:
    house.rules(EVERYBODY.replace("owners: [integration]", "owners: [finance], severities: [page]"))
    fire(house)
    assert house.took == []
    assert "events_wait" in house.look().firing


def test_a_file_that_is_wrong_stops_the_look_and_forgets_nothing(house: House) -> None:
    fire(house)
    house.rules("rules: [")
    with pytest.raises(FixInput):
        house.later(seconds=30).look()
    house.rules(EVERYBODY)
    house.later(seconds=30).look()
    assert house.told() == [("desk", "firing")]


# alarms of others


def test_a_run_that_failed_goes_the_way_of_alerts_once_whether_its_own_channel_took_it_or_not(house: House) -> None:
    tell(house.home, Alarm("before anybody watched", "old", ("team:integration",)), NOON - timedelta(hours=3))
    house.look()
    tell(house.home, Alarm("nightly_close failed", "see run 1", ("team:integration",)), house.later(seconds=1).now)
    tell(house.home, Alarm("not ours", "x", ("team:finance",)), house.now)
    house.look()
    told = house.home / "alarms" / "told"
    told.mkdir()
    for path in (house.home / "alarms" / "waiting").iterdir():
        path.rename(told / path.name)
    house.later(minutes=5).look()
    assert [body["summary"] for body in house.bodies("alarm")] == ["nightly_close failed"]


def test_a_heartbeat_is_sent_every_five_minutes_and_none_of_the_time_in_which_its_target_was_down(house: House) -> None:
    house.rules(EVERYBODY + "heartbeat: {to: [boss], every: 5m}\n")
    for _ in range(4):
        house.later(minutes=2, seconds=30).look()
    assert house.told("heartbeat") == [("boss", "heartbeat")] * 2
    house.down = {"boss"}
    for _ in range(3):
        house.later(minutes=5).look()
    house.down = set()
    house.later(seconds=30).look()
    house.later(seconds=30).look()
    assert house.told("heartbeat") == [("boss", "heartbeat")] * 3


def test_all_causes_that_break_a_rule_at_once_are_one_message_and_none_is_told_again(house: House) -> None:
    house.rules(EVERYBODY + "rules: [{alert: dead_letters, for: 0s}]\n")
    letters = [
        DeadLetter("heartland", "customer", f"{cause}-{n}", n, "email", f"rule {cause}", "", "why", "2026-11-20")
        for cause in range(30)
        for n in range(21)
    ]
    dead_letters.put(house.store, letters)
    house.look()
    house.later(seconds=30).look()
    [body] = house.bodies("dead_letters")
    told = {body["summary"], *body["also"]}
    assert len(told) == 30
    assert "21 open dead letters by email, rule 29" in told
    [(_, notice)] = [one for one in house.took if one[1].body["alert"] == "dead_letters"]
    assert subject(notice).endswith("(and 29 more)")
    assert "and 9 more" in words(notice)
