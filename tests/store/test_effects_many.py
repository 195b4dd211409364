"""Batches of effects keep every rule of the single ones: claiming, looking up, confirming, planning with the cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from he_sync.model.errors import BrokenPromise
from he_sync.store import audit, effects
from he_sync.store.database import Store
from he_sync.store.effects import MAX_ATTEMPTS, QUARANTINE, Effect
from tests.store.examples import EVENING, effect, key_of, later

AFTER_LEASE = later(EVENING, 61)


def claimed_keys(store: Store, limit: int = 32) -> list[str]:
    return [claimed.effect.key for claimed in effects.claim_many(store, "first", 60, EVENING, limit=limit)]


def test_a_batch_has_the_first_effect_of_each_entity_oldest_first(store: Store) -> None:
    planned = [effect(f"ticket {number % 3}", str(number)) for number in range(9)]
    effects.plan(store, planned)
    assert claimed_keys(store, limit=2) == [planned[0].key, planned[1].key]
    assert claimed_keys(store) == [planned[2].key]
    assert claimed_keys(store) == []


def test_a_batch_leaves_out_what_waits_for_a_person_for_later_or_for_its_dependency(store: Store) -> None:
    customer = effect("customer 7")
    later_on = effect("ticket 4")
    effects.plan(store, [later_on])
    (postponed,) = effects.claim_many(store, "first", 60, EVENING)
    effects.postpone(store, postponed, later(EVENING, 10), "refused")
    waits = [effect("ticket 1", depends_on=customer.key), effect("ticket 2", limit_ok=False), effect("ticket 2", "2")]
    effects.plan(store, [customer, *waits, effect("ticket 3", target="heartland")])
    (only,) = effects.claim_many(store, "first", 60, EVENING, target="epicor")
    assert only.effect == customer
    assert effects.confirm_many(store, [(only, "H7")]) == [True]
    (order,) = effects.claim_many(store, "first", 60, EVENING, target="epicor")
    assert (order.effect, order.dependency_reference) == (waits[0], "H7")


def test_each_of_a_batch_has_its_own_token_and_its_attempt_is_counted_before_it_is_sent(store: Store) -> None:
    effects.plan(store, [effect("ticket 1"), effect("ticket 2")])
    batch = effects.claim_many(store, "first", 60, EVENING)
    assert [(claimed.token, claimed.attempt) for claimed in batch] == [(1, 1), (1, 1)]
    assert {status.state for status in effects.listing(store)} == {"intent"}
    assert {status.attempts for status in effects.listing(store)} == {1}


def test_of_a_batch_only_what_is_still_ours_is_confirmed(store: Store) -> None:
    effects.plan(store, [effect("ticket 1"), effect("ticket 2"), effect("ticket 3")])
    first, second, third = effects.claim_many(store, "first", 60, EVENING)
    effects.doubt(store, second, EVENING, "no answer")
    assert effects.confirm_many(store, [(third, "5003"), (second, "5002"), (first, "5001")]) == [True, False, True]
    keys = [each.effect.key for each in (first, second, third)]
    assert effects.references(store, keys) == {first.effect.key: "5001", third.effect.key: "5003"}
    assert audit.first_broken(store) is None
    assert sorted(row.subject for row in audit.entries(store)) == sorted([first.effect.key, third.effect.key])
    assert effects.confirm_many(store, []) == []


def test_a_lost_batch_is_in_doubt_until_the_quarantine_is_over_and_then_looked_up_as_a_batch(store: Store) -> None:
    effects.plan(store, [effect(f"ticket {number}") for number in range(4)])
    lost = effects.claim_many(store, "first", 60, EVENING)
    assert effects.claim_many(store, "second", 60, AFTER_LEASE) == []
    assert effects.resume_doubtful_many(store, "second", 60, AFTER_LEASE) == []
    resumed = effects.resume_doubtful_many(store, "second", 60, EVENING + QUARANTINE, limit=3)
    assert [each.effect.entity for each in resumed] == ["ticket 0", "ticket 1", "ticket 2"]
    assert all(each.may_have_landed for each in resumed)
    assert effects.confirm_many(store, [(each, "late") for each in lost]) == [False] * 4
    assert effects.confirm_many(store, [(each, "found") for each in resumed]) == [True] * 3


def test_a_batch_whose_worker_is_lost_again_and_again_is_parked(store: Store) -> None:
    effects.plan(store, [effect("ticket 1"), effect("ticket 2")])
    now = EVENING
    effects.claim_many(store, "first", 60, now)
    for _ in range(MAX_ATTEMPTS - 1):
        now = later(now, 1000)
        assert all(effects.send_again(store, each, now) for each in effects.resume_doubtful_many(store, "n", 60, now))
    effects.claim_many(store, "next", 60, later(now, 1000))
    assert {(status.state, status.attempts) for status in effects.listing(store)} == {("parked", MAX_ATTEMPTS)}


def test_effects_are_planned_with_what_led_to_them_or_not_at_all(store: Store) -> None:
    def plan_and_fail(connection: object) -> None:
        effects.plan_in(connection, [effect("ticket 1")])  # type: ignore[arg-type]
        raise BrokenPromise("the events are no longer ours")

    with pytest.raises(BrokenPromise):
        store.run(plan_and_fail)
    assert effects.listing(store) == []


@pytest.mark.parametrize("under_way", [True, False])
def test_the_night_that_plans_what_a_flow_has_sent_in_another_form_finds_it_known(
    store: Store, *, under_way: bool
) -> None:
    flows = effect("ticket 1")
    nights = replace(flows, body={"PONum": "ticket 1", "charges": []})
    effects.plan(store, [flows])
    assert effects.plan(store, [nights]).conflicts == (nights,)
    (claimed,) = effects.claim_many(store, "first", 60, EVENING)
    if not under_way:
        effects.confirm(store, claimed, "5001")
    assert effects.plan(store, [nights]).known == (nights,)


def test_one_key_with_two_bodies_in_one_plan_is_a_conflict(store: Store) -> None:
    one = effect("ticket 1")
    other = replace(one, body={})
    planned = effects.plan(store, [one, one, other])
    assert (planned.new, planned.known, planned.conflicts) == ((one,), (one,), (other,))


def test_an_effect_may_depend_on_one_of_the_same_plan_but_not_on_a_later_one(store: Store) -> None:
    customer = effect("customer 7")
    order = effect("ticket 1", depends_on=customer.key)
    with pytest.raises(BrokenPromise, match="nobody planned"):
        effects.plan(store, [order, customer])
    assert effects.plan(store, [customer, order]).new == (customer, order)


def test_why_an_effect_waits_is_kept_and_no_part_of_what_it_is(store: Store) -> None:
    waiting = effect("ticket 1", limit_ok=False, waits_because="order value 6,200.00 over 5,000.00")
    effects.plan(store, [waiting])
    assert effects.plan(store, [replace(waiting, waits_because="")]).known
    (status,) = effects.listing(store, entity="ticket 1")
    assert (status.state, status.effect.waits_because) == ("waiting_approval", "order value 6,200.00 over 5,000.00")


def test_a_flow_withdraws_what_was_not_sent_in_the_transaction_that_plans_what_goes_instead(store: Store) -> None:
    old, new = effect("ticket 1", "1"), effect("ticket 1", "2")
    effects.plan(store, [old])

    def replan(connection: object) -> bool:
        held = effects.withdraw_in(connection, old.key, "flow", "changed in the shop")  # type: ignore[arg-type]
        effects.plan_in(connection, [new])  # type: ignore[arg-type]
        return held

    assert store.run(replan)
    assert claimed_keys(store) == [new.key]
    assert [row.actor for row in audit.entries(store, old.key)] == ["flow"]


def test_what_has_left_cannot_be_withdrawn(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    effects.claim_many(store, "first", 60, EVENING)
    assert not store.run(lambda connection: effects.withdraw_in(connection, key_of("ticket 1"), "flow", ""))


def test_a_plan_longer_than_any_statement_may_be_is_planned_whole(store: Store) -> None:
    planned: list[Effect] = [effect(f"ticket {number}") for number in range(2500)]
    assert effects.plan(store, planned).new == tuple(planned)
    assert effects.plan(store, planned).known == tuple(planned)
