"""`he-sync events` as an operator calls it: a record's story by any of its names, replays that are shown first."""

import json
from collections import Counter
from hashlib import sha256

import pytest

from he_sync.store import audit, dead_letters, inbox
from he_sync.store.database import open_store
from he_sync.store.inbox import Arrival
from tests.cli.test_flows import an_order

CARD = "4111111111111111"


@pytest.fixture
def store(he_sync_alone):
    with open_store(he_sync_alone.home / "he_sync.db") as opened:
        yield opened


def arrive(store, entity, event_id="event-1"):
    digest = sha256(event_id.encode()).hexdigest()
    inbox.put(store, [Arrival("shop", "order.created", event_id, entity, "", "{}", digest)])


def run(he_sync, entity):
    assert he_sync("flows", "run", "order_to_fulfilment", "--entity", entity)[0] == 0


def story(he_sync, name):
    code, out, err = he_sync("events", "show", name, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_record_has_one_story_by_whatever_name_it_is_asked_for(he_sync_alone, store):
    order = an_order(he_sync_alone)
    arrive(store, order, "shop-event-77")
    run(he_sync_alone, order)
    whole = story(he_sync_alone, order)
    sent = next(step for step in whole["story"] if step["step"] == "sent")
    number = next(step for step in whole["story"] if step["step"] == "answered")["summary"].split()[-1]
    names = ["shop-event-77", sent["effect_key"], sent["effect_key"][:10], f"HR-O{order.split()[1]}", number]
    assert [story(he_sync_alone, name)["entity"] for name in names] == [order] * len(names)


def test_the_story_has_every_step_in_order_with_what_was_read_and_sent(he_sync_alone, store):
    order = an_order(he_sync_alone)
    arrive(store, order)
    run(he_sync_alone, order)
    told = story(he_sync_alone, order)["story"]
    first = list(dict.fromkeys(step["step"] for step in told))
    assert [step for step in first if step != "validated"][:5] == ["received", "read", "matched", "mapped", "decided"]
    assert first[-3:] == ["sent", "answered", "reported"]
    bodies = {step["step"]: step["body"] for step in told if step["body"]}
    assert '"public_id"' in bodies["read"]
    assert '"PONum"' in next(step["body"] for step in told if step["step"] == "sent")
    answered = next(step for step in told if step["step"] == "answered")
    assert f'"OrderNum":{answered["summary"].split()[-1]}' in answered["body"]
    assert json.loads(bodies["reported"])[0]["status"] == 200


def test_no_card_number_is_in_any_story_or_letter(he_sync_alone, store):
    order = an_order(he_sync_alone)
    state, number = he_sync_alone.sandbox.state, int(order.split()[1])
    document = state.get("heartland/sales/orders", number)
    state.put("heartland/sales/orders", number, {**document, "custom": {"note": f"card {CARD}"}, "total": "much"})
    arrive(store, order)
    run(he_sync_alone, order)
    assert dead_letters.listing(store)
    code, out, _ = he_sync_alone("events", "show", order)
    assert code == 0
    assert CARD not in out
    assert CARD not in he_sync_alone("events", "letters", "list", "--json")[1]


def test_a_replay_is_shown_first_and_changes_nothing_until_somebody_says_yes(he_sync_alone, store):
    arrive(store, "order 999999999")
    run(he_sync_alone, "order 999999999")
    code, out, _ = he_sync_alone("events", "replay", "--all-parked")
    assert code == 0
    assert "Heartland has no order 999999999" in out
    assert Counter(kept.state for kept in inbox.by_entity(store, "order 999999999")) == Counter(parked=2)
    code, out, _ = he_sync_alone(
        "events", "replay", "--all-parked", "--yes", "--note", "the order is back", "--who", "ana"
    )
    assert code == 0
    assert Counter(kept.state for kept in inbox.by_entity(store, "order 999999999")) == Counter(new=2)
    assert any(row.actor == "ana" for row in audit.entries(store))


def test_replaying_all_history_twice_changes_nothing(he_sync_alone, store):
    order = an_order(he_sync_alone)
    arrive(store, order)
    run(he_sync_alone, order)
    before = he_sync_alone.writes()
    for _ in range(2):
        assert he_sync_alone("events", "replay", order, "--yes", "--note", "again")[0] == 0
        run(he_sync_alone, order)
    assert he_sync_alone.writes() == before


def test_of_stock_and_prices_only_the_newest_event_is_replayed_and_of_orders_all(he_sync_alone, store):
    for number in range(3):
        arrive(store, "item 5", f"stock-{number}")
        arrive(store, "order 999999999", f"order-{number}")
    run(he_sync_alone, "order 999999999")
    code, out, _ = he_sync_alone("events", "replay", "item 5", "order 999999999", "--json")
    assert code == 0
    assert {one["entity"]: len(one["events"]) for one in json.loads(out)["would"]} == {
        "item 5": 1,
        "order 999999999": 4,
    }


def test_a_letter_is_listed_in_plain_words_and_fixing_it_answers_its_event_again(he_sync_alone, store):
    arrive(store, "order 999999999")
    run(he_sync_alone, "order 999999999")
    [letter] = json.loads(he_sync_alone("events", "letters", "list", "--json")[1])
    assert letter["what"].startswith("Heartland has no order 999999999")
    assert letter["flow"] == "order_to_fulfilment 1"
    code, out, _ = he_sync_alone("events", "letters", "fix", letter["letter"], "--note", "imported it")
    assert (code, "wait to be answered again" in out) == (0, True)
    assert "new" in {kept.state for kept in inbox.by_entity(store, "order 999999999")}
    assert dead_letters.listing(store) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("events", "show", "nobody"), "nothing is known of 'nobody'"),
        (("events", "list", "--state", "lost"), "no event is ever 'lost'"),
        (("events", "replay"), "name what to replay"),
        (("events", "replay", "--all-parked"), "there is no such event"),
        (("events", "letters", "fix", "7", "--note", "x"), "no open letter has number 7"),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_wrong_word_is_one_line(he_sync_alone, words, said):
    code, _, err = he_sync_alone(*words)
    assert (code, len(err.strip().splitlines())) == (2, 1)
    assert said in err
