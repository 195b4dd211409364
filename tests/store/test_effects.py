"""The law of effects, rule by rule (reference reliability 3.3), on SQLite and on Postgres."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from he_sync.model.errors import BrokenPromise, FixInput
from he_sync.store import audit, effects
from he_sync.store.database import Store, open_store
from he_sync.store.effects import MAX_ATTEMPTS, QUARANTINE, Claimed, Status
from he_sync.store.tables import effect_conflicts
from he_sync.store.tables import effects as table
from tests.store.examples import DAY, EVENING, effect, key_of, later

AFTER_LEASE = later(EVENING, 61)
AFTER_QUARANTINE = EVENING + QUARANTINE


def taken(store: Store, worker: str = "first", now: object = EVENING) -> Claimed:
    claimed = effects.claim(store, worker, 60, now)  # type: ignore[arg-type]
    assert claimed is not None
    return claimed


def state(store: Store, entity: str, version: str = "1") -> Status:
    found = effects.find(store, key_of(entity, version=version))
    assert found is not None
    return found


# planning


def test_planning_the_same_effects_again_adds_nothing(store: Store) -> None:
    both = [effect("ticket 1"), effect("ticket 2")]
    assert effects.plan(store, both).new == tuple(both)
    again = effects.plan(store, both)
    assert (again.new, again.known, again.conflicts) == ((), tuple(both), ())


def test_the_same_change_planned_a_day_later_is_the_same_effect(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    assert effects.plan(store, [effect("ticket 1", business_date="2026-11-21")]).known
    assert state(store, "ticket 1").effect.business_date == DAY


def test_a_key_with_another_body_is_a_conflict_and_the_first_body_stands(store: Store) -> None:
    first = effect("ticket 1")
    other = replace(first, body={"PONum": "ticket 1", "OrderAmt": Decimal("99.00")})
    effects.plan(store, [first])
    for _ in range(2):
        assert effects.plan(store, [other]).conflicts == (other,)
    assert state(store, "ticket 1").effect.body == first.body
    with store.begin() as connection:
        assert [row.body_hash for row in connection.execute(select(effect_conflicts))] == [other.body_hash]


def test_a_body_comes_back_exact_to_the_last_digit(store: Store) -> None:
    body = {"amount": Decimal("1234567890123456.78"), "count": 2**62, "text": "Zoë's, 5\u20ac"}
    effects.plan(store, [effect("ticket 1", body=body)])
    assert taken(store).effect.body == body


def test_a_float_in_a_body_is_refused_before_anything_is_written(store: Store) -> None:
    with pytest.raises(FixInput, match="is a float"):
        effects.plan(store, [effect("ticket 1"), effect("ticket 2", body={"amount": 12.5})])
    assert effects.listing(store) == []


def test_an_effect_that_waits_for_a_key_nobody_planned_is_refused(store: Store) -> None:
    with pytest.raises(BrokenPromise, match="nobody planned"):
        effects.plan(store, [effect("ticket 1", depends_on=key_of("customer 7"))])


def test_keys_do_not_run_into_each_other() -> None:
    parts = ("acme", "heartland", "ticket", "1", "create", "1")
    moved = ("acme", "heartland", "ticke", "t1", "create", "1")
    assert effects.effect_key(*parts) == effects.effect_key(*parts)
    assert effects.effect_key(*parts) != effects.effect_key(*moved)


# order


def test_an_entity_has_one_effect_under_way_and_the_others_wait_in_order(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", "1"), effect("ticket 1", "2"), effect("ticket 2")])
    first, second = taken(store), taken(store)
    assert (first.effect.entity, second.effect.entity) == ("ticket 1", "ticket 2")
    assert effects.claim(store, "third", 60, EVENING) is None
    waits = effects.waiting_for(store, key_of("ticket 1", version="2"))
    assert waits is not None
    assert waits.effect == first.effect
    assert effects.confirm(store, first, "5001")
    assert taken(store).effect == effect("ticket 1", "2")


def test_the_database_itself_refuses_two_effects_of_an_entity_under_way(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", "1")])
    taken(store)
    with store.begin() as connection:
        row = connection.execute(select(table)).one()._asdict()
    twin = {**row, "seq": row["seq"] + 1, "key": key_of("ticket 1", version="2")}
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(insert(table).values(twin))


def test_an_order_waits_until_its_customer_is_confirmed_and_learns_the_number(store: Store) -> None:
    customer = effect("customer 7")
    effects.plan(store, [customer, effect("ticket 1", depends_on=customer.key)])
    creating = taken(store)
    assert effects.claim(store, "second", 60, EVENING) is None
    effects.confirm(store, creating, "H7")
    assert taken(store).dependency_reference == "H7"


def test_what_is_over_the_limit_goes_only_after_a_person_said_so(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", limit_ok=False)])
    assert effects.claim(store, "first", 60, EVENING) is None
    assert effects.approve(store, key_of("ticket 1"), "dana")
    assert not effects.approve(store, key_of("ticket 1"), "dana")
    assert taken(store).effect.entity == "ticket 1"
    assert state(store, "ticket 1").approved_by == "dana"
    (said,) = audit.entries(store, key_of("ticket 1"))
    assert (said.actor, said.action) == ("dana", "effect waiting_approval -> planned")


def test_a_worker_for_one_system_takes_only_what_goes_there(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", target="heartland"), effect("ticket 2"), effect("ticket 3")])
    for entity in ("ticket 2", "ticket 3"):
        claimed = effects.claim(store, "first", 60, EVENING, target="epicor")
        assert claimed is not None
        assert claimed.effect.entity == entity
        effects.doubt(store, claimed, EVENING, "no answer")
    assert effects.claim(store, "first", 60, EVENING, target="epicor") is None
    assert effects.resume_doubtful(store, "first", 60, EVENING, target="heartland") is None
    assert effects.resume_doubtful(store, "first", 60, EVENING, target="epicor") is not None


# fencing and doubt


def test_a_confirmed_effect_is_never_given_out_again(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    assert effects.confirm(store, taken(store), "5001")
    far = later(EVENING, 10**7)
    assert effects.claim(store, "second", 60, far) is None
    assert effects.resume_doubtful(store, "second", 60, far) is None
    assert state(store, "ticket 1").reference == "5001"


def test_a_lost_workers_intent_becomes_doubtful_and_is_looked_up_after_the_quarantine_only(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    lost = taken(store)
    assert effects.claim(store, "second", 60, AFTER_LEASE) is None
    assert not effects.confirm(store, lost, "late answer")
    assert state(store, "ticket 1").state == "doubtful"
    assert effects.resume_doubtful(store, "second", 60, AFTER_LEASE) is None
    resumed = effects.resume_doubtful(store, "second", 60, AFTER_QUARANTINE)
    assert resumed is not None
    assert resumed.may_have_landed
    assert effects.confirm(store, resumed, "5001")


@pytest.mark.parametrize("ending", ["confirm", "reject", "park", "doubt", "postpone"])
def test_a_worker_whose_lease_was_taken_away_can_change_nothing(store: Store, ending: str) -> None:
    effects.plan(store, [effect("ticket 1")])
    stale = taken(store)
    effects.claim(store, "second", 60, AFTER_LEASE)
    resumed = effects.resume_doubtful(store, "second", 60, AFTER_QUARANTINE)
    assert resumed is not None
    again = effects.send_again(store, resumed, AFTER_QUARANTINE)
    assert again is not None
    before = state(store, "ticket 1")
    endings = {
        "confirm": lambda: effects.confirm(store, stale, "stale"),
        "reject": lambda: effects.reject(store, stale, "stale"),
        "park": lambda: effects.park(store, stale, "stale"),
        "doubt": lambda: effects.doubt(store, stale, AFTER_QUARANTINE, "stale"),
        "postpone": lambda: effects.postpone(store, stale, EVENING, "stale"),
    }
    assert endings[ending]() is False
    assert state(store, "ticket 1") == before
    assert effects.confirm(store, again, "5001")


def test_an_effect_ends_once(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    claimed = taken(store)
    assert effects.confirm(store, claimed, "5001")
    assert not effects.confirm(store, claimed, "5002")
    assert not effects.reject(store, claimed, "no")
    assert state(store, "ticket 1").reference == "5001"


def test_in_doubt_nothing_is_sent_before_the_look_up_and_then_the_same_key_goes_once_more(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    assert effects.doubt(store, taken(store), AFTER_QUARANTINE, "no answer in 30 s")
    assert effects.claim(store, "first", 60, AFTER_QUARANTINE) is None
    absent = effects.resume_doubtful(store, "first", 60, AFTER_QUARANTINE)
    assert absent is not None
    assert effects.resume_doubtful(store, "second", 60, AFTER_QUARANTINE) is None
    again = effects.send_again(store, absent, AFTER_QUARANTINE)
    assert again is not None
    assert (again.effect, again.attempt) == (effect("ticket 1"), 2)
    assert effects.confirm(store, again, "5001")


def test_what_never_left_goes_again_without_a_look_up_and_counts_no_attempt(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    assert effects.postpone(store, taken(store), later(EVENING, 10), "connection refused")
    assert effects.claim(store, "first", 60, later(EVENING, 9)) is None
    again = taken(store, now=later(EVENING, 10))
    assert (again.attempt, again.may_have_landed) == (1, False)


def test_an_effect_that_loses_its_worker_again_and_again_is_parked_for_a_person(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    now = EVENING
    taken(store)
    for _ in range(MAX_ATTEMPTS - 1):
        now = later(now, 1000)
        resumed = effects.resume_doubtful(store, "next", 60, now)
        assert resumed is not None
        assert effects.send_again(store, resumed, now)
    assert effects.claim(store, "next", 60, later(now, 1000)) is None
    assert (state(store, "ticket 1").state, state(store, "ticket 1").attempts) == ("parked", MAX_ATTEMPTS)


# people


def test_a_rejected_effect_holds_up_its_own_entity_until_a_person_mended_the_cause(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", "1"), effect("ticket 1", "2"), effect("ticket 2")])
    effects.reject(store, taken(store), "PartNum 0042 is not valid")
    assert taken(store).effect.entity == "ticket 2"
    assert effects.claim(store, "first", 60, EVENING) is None
    assert effects.release(store, key_of("ticket 1"), "dana", "part created")
    assert taken(store).effect == effect("ticket 1", "1")


def test_a_parked_effect_is_looked_up_before_it_is_sent_again(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    effects.park(store, taken(store), "found twice")
    assert effects.release(store, key_of("ticket 1"), "dana", "the second one was cancelled")
    assert effects.claim(store, "first", 60, EVENING) is None
    resumed = effects.resume_doubtful(store, "first", 60, EVENING)
    assert resumed is not None
    assert resumed.may_have_landed


def test_a_withdrawn_effect_is_never_sent_and_holds_up_nobody(store: Store) -> None:
    effects.plan(store, [effect("ticket 1", "1", limit_ok=False), effect("ticket 1", "2")])
    assert effects.claim(store, "first", 60, EVENING) is None
    assert effects.withdraw(store, key_of("ticket 1"), "dana", "voided in the shop")
    assert taken(store).effect == effect("ticket 1", "2")
    assert effects.plan(store, [effect("ticket 1", "1", limit_ok=False)]).known


def test_what_is_under_way_cannot_be_withdrawn(store: Store) -> None:
    effects.plan(store, [effect("ticket 1")])
    taken(store)
    assert not effects.withdraw(store, key_of("ticket 1"), "dana", "too late")
    assert state(store, "ticket 1").state == "intent"


# many at once


def test_eight_workers_take_every_effect_exactly_once_and_in_order(store: Store, store_url: str) -> None:
    planned = [effect(f"ticket {number % 10}", str(number)) for number in range(40)]
    effects.plan(store, planned)

    def work(worker: int) -> list[str]:
        done = []
        with open_store(store_url) as own:
            idle = 0
            while idle < 50:
                claimed = effects.claim(own, f"worker {worker}", 60, EVENING)
                idle = idle + 1 if claimed is None else 0
                if claimed is not None:
                    assert effects.confirm(own, claimed, str(worker))
                    done.append(claimed.effect.key)
        return done

    with ThreadPoolExecutor(8) as pool:
        done = [key for keys in pool.map(work, range(8)) for key in keys]
    assert sorted(done) == sorted(each.key for each in planned)
    assert audit.first_broken(store) is None
    assert audit.head(store).seq == 40


def test_two_planners_at_once_plan_every_effect_once(store: Store, store_url: str) -> None:
    planned = [effect(f"ticket {number}") for number in range(50)]

    def one(_: int) -> int:
        with open_store(store_url) as own:
            return len(effects.plan(own, planned).new)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 50
    assert len(effects.listing(store)) == 50


def test_a_parked_effect_in_quarantine_cannot_be_withdrawn_for_another(store: Store) -> None:
    """Its worker sent it a moment ago: what a person plans instead could become its double."""
    effects.plan(store, [effect("ticket 1")])
    now = datetime.now(UTC) - (MAX_ATTEMPTS - 1) * (QUARANTINE + timedelta(seconds=1)) - timedelta(seconds=90)
    taken(store, now=now)
    for _ in range(MAX_ATTEMPTS - 1):
        now += QUARANTINE + timedelta(seconds=1)
        doubted = effects.resume_doubtful(store, "next", 60, now)
        assert doubted
        assert effects.send_again(store, doubted, now)
    assert effects.claim(store, "next", 60, later(now, 61)) is None
    assert state(store, "ticket 1").state == "parked"
    assert not effects.withdraw(store, key_of("ticket 1"), "dana", "typed by hand")
