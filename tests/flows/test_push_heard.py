"""What the other side answered is kept with what came of it: whole where it may be, and nothing that may not."""

import json
from dataclasses import replace

import pytest

from he_sync.connect.permit import only_while, permitted
from he_sync.connect.wire import Request, Response
from he_sync.flows import history
from he_sync.flows.push import push
from he_sync.flows.push.heard import LONGEST_BODY, MOST_CALLS, kept
from he_sync.flows.writers import Bench
from he_sync.model.card_numbers.sweep import sweep
from he_sync.store import effects
from tests.flows.desk import KINDS, PLACES, planned
from tests.flows.desk_wire import bent, complaint, systems_over

CARD = "4111111111111111"
KEY = "key-of-the-company-17"


def calls(store, effect, step="answered"):
    """The calls that the story tells as the answer of an effect."""
    told = [one for one in history.of(store, effect.entity) if one.effect_key == effect.key and one.step == step]
    return [call for one in told if one.body for call in json.loads(one.body)]


def answered(body, status=200, **headers):
    request = Request("POST", "https://erp.example/api/v2/Orders?x=1", {"x-api-key": KEY}, idempotent=False)
    return [(request, Response(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()))]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_written_the_story_has_the_answer_to_it(desk, clock, tmp_path, kind):
    effect = desk.effect(kind)
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        assert effects.find(store, effect.key).state == "confirmed"
        step = "reported" if effect.kind in history.REPORTS else "answered"
        told = calls(store, effect, step)
        assert told
        assert all(200 <= call["status"] < 300 for call in told)
        # Heartland answers a create with its place alone, and a change with nothing.
        assert any(call["body"] for call in told) or effect.target == "heartland"


def test_the_answer_to_a_new_order_is_what_epicor_said_of_it(desk, clock, tmp_path):
    effect = desk.effect("create_sales_order")
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        [call] = calls(store, effect)
        number = effects.find(store, effect.key).reference
    assert call["call"].endswith("SalesOrderSvc/SalesOrders")
    assert (call["status"], str(call["body"]["OrderNum"])) == (201, number)
    assert call["body"]["[left out]"].endswith(" empty fields")
    assert call["body"]["PONum"] == effect.body["header"]["PONum"]


def test_the_answer_of_the_customers_function_is_kept_too(desk, clock, tmp_path):
    effect = desk.effect("create_sales_order")
    with planned(tmp_path, effect) as store:
        push(store, desk.bench(way="function"), "desk", now=clock)
        [call] = calls(store, effect)
        assert str(call["body"]["orderNum"]) == effects.find(store, effect.key).reference
    assert call["call"].endswith("HeSync/CreateOrderOnce")


def test_a_refusal_is_kept_with_the_words_of_the_other_side(desk, clock, tmp_path):
    effect = desk.effect("create_sales_order")
    part = effect.body["header"]["OrderDtls"][0]["PartNum"]
    desk.systems.epicor.patch("Erp.BO.PartSvc", "Parts", {"PartNum": part}, {"InActive": True})
    with planned(tmp_path, effect) as store:
        desk.push(store, clock)
        status = effects.find(store, effect.key)
        [call] = calls(store, effect)
    desk.systems.epicor.patch("Erp.BO.PartSvc", "Parts", {"PartNum": part}, {"InActive": False})
    assert (status.state, call["status"]) == ("rejected", 400)
    assert call["body"]["ErrorMessage"] in status.reason


def test_an_answer_that_left_the_outcome_in_doubt_stands_before_the_one_that_settled_it(desk, clock, tmp_path):
    effect = desk.effect("create_sales_order")
    place = PLACES["the order"]
    with planned(tmp_path, effect) as store:
        with systems_over(desk, tmp_path, lambda send: bent(send, "POST", place.route, complaint)) as systems:
            push(store, Bench(systems, desk.retailer, lambda owner: owner), "desk", now=clock)
        assert effects.find(store, effect.key).state == "doubtful"
        [call] = calls(store, effect)
        assert call["body"] == {"ErrorMessage": "Something happened"}
        desk.push_until_quiet(store, clock)
        told = [step.summary for step in history.of(store, effect.entity) if step.step == "answered"]
        assert [text.split(":")[0].split(" has")[0] for text in told] == ["attempt 1", "epicor"]
        assert calls(store, effect) == [call]


def test_an_answer_stands_only_with_the_confirmation_it_belongs_to(desk, clock, tmp_path):
    """A worker whose lease was lost tells nothing: neither the reference nor what was answered."""
    ours, lost = (desk.effect("create_sales_order") for _ in range(2))
    with planned(tmp_path, ours, lost) as store:
        mine, stale = effects.claim_many(store, "slow", 30, clock())
        stale = replace(stale, token=stale.token + 1)
        heard = {effect.key: '[{"body":"said"}]' for effect in (ours, lost)}
        assert effects.confirm_many(store, [(mine, "7"), (stale, "8")], heard) == [True, False]
        assert effects.reject(store, stale, "no", heard[lost.key]) is False
        assert (calls(store, ours), calls(store, lost)) == ([{"body": "said"}], [])


def test_no_card_number_and_no_secret_of_an_answer_is_kept():
    said = {"note": f"card {CARD}", "AccessToken": "abc", "Password": "hunter2", "Echo": f"x-api-key: {KEY}", "Qty": 2}
    text = kept(answered(said))
    assert sweep(json.loads(text)).hits == ()
    assert not any(secret in text for secret in (CARD, "hunter2", "abc", KEY))
    assert json.loads(text)[0]["body"]["Qty"] == 2


def test_an_error_page_that_shows_our_credentials_is_kept_without_them():
    request = Request("POST", "https://erp.example/x", {"authorization": "Basic bWU6aHVudGVyMg=="}, idempotent=False)
    page = b"<html>Authorization: Basic bWU6aHVudGVyMg== (me:hunter2) failed</html>"
    text = kept([(request, Response(500, {}, page))])
    assert "failed" in text
    assert "hunter2" not in text
    assert "bWU6aHVudGVyMg" not in text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"cvv": "123"}, "sensitive field at $.cvv"),
        (b"9" * 300_000, "300,000 bytes"),
        (b'{"a":' * 400 + b"1" + b"}" * 400, ""),
    ],
)
def test_an_answer_that_may_not_be_kept_says_why(body, why):
    assert why in json.loads(kept(answered(body)))[0]["body" if why else "call"]


def test_a_long_answer_is_cut_and_says_how_much_there_was():
    text = json.loads(kept(answered({f"Column{number}": number for number in range(2_000)})))[0]["body"]
    assert len(text) < LONGEST_BODY + 100
    assert f"[cut: {LONGEST_BODY:,} of " in text


def test_of_very_many_calls_the_last_are_kept():
    told = json.loads(kept(answered({"Done": True}) * (MOST_CALLS + 3)))
    assert (told[0], len(told)) == ("[3 earlier calls left out]", MOST_CALLS + 1)


def test_nothing_is_heard_of_what_only_reads():
    send = permitted(lambda _: Response(200, {}, b"{}"))
    with only_while(lambda: True) as permit:
        send(Request("GET", "https://erp.example/x"))
        send(Request("POST", "https://erp.example/GetNew"))
        assert permit.heard == []
        send(Request("POST", "https://erp.example/x", idempotent=False))
        assert len(permit.heard) == 1
