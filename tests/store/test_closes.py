"""A close is found again by its inputs, moves forward only, and holds one set of differences a date."""

from __future__ import annotations

from dataclasses import replace

import pytest

from he_sync.model.difference import Difference
from he_sync.model.errors import BrokenPromise
from he_sync.store import audit, closes
from he_sync.store.closes import STATES
from he_sync.store.database import Store

DAY = "2026-11-20"
INPUTS = {"heartland/tickets": "aa11", "epicor/orders": "bb22"}
LATE = {**INPUTS, "heartland/tickets": "cc33"}
MISSING = Difference(DAY, "order_missing_in_erp", "ticket 117060", "S001", -1250, 0, "no order HR-T117060", "review")
DRIFT = Difference(DAY, "inv_quantity_drift", "item 42 @ S001", "S001", 0, 3000, "12 here, 9 there", "adjust_erp_stock")


def test_the_same_date_inputs_and_rules_are_the_same_close(store: Store) -> None:
    first = closes.open_close(store, DAY, INPUTS, "1")
    closes.advance(store, first, "complete")
    again = closes.open_close(store, DAY, dict(reversed(INPUTS.items())), "1")
    assert (again.id, again.state, again.inputs) == (first.id, "complete", INPUTS)


@pytest.mark.parametrize(
    ("day", "inputs", "rules"), [("2026-11-21", INPUTS, "1"), (DAY, LATE, "1"), (DAY, INPUTS, "2")]
)
def test_another_date_other_inputs_or_rules_are_another_close(
    store: Store, day: str, inputs: dict[str, str], rules: str
) -> None:
    first = closes.open_close(store, DAY, INPUTS, "1")
    other = closes.open_close(store, day, inputs, rules)
    assert other.id != first.id
    assert other.state == "open"


def test_the_close_that_was_asked_for_last_is_in_force(store: Store) -> None:
    first = closes.open_close(store, DAY, INPUTS, "1")
    late = closes.open_close(store, DAY, LATE, "1")
    assert [each.id for each in closes.history(store, DAY)] == [first.id, late.id]
    closes.open_close(store, DAY, INPUTS, "1")
    assert [each.id for each in closes.history(store, DAY)] == [late.id, first.id]


def test_a_close_goes_from_state_to_state_and_never_back(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    for state in STATES[1:]:
        close = closes.advance(store, close, state)
        assert close.state == state
    assert closes.advance(store, close, "compared").state == "closed"


def test_no_state_of_a_close_is_skipped(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    with pytest.raises(BrokenPromise, match="before pushed it must be complete"):
        closes.advance(store, close, "pushed")
    assert closes.history(store, DAY)[0].state == "open"


def test_a_closed_date_is_in_the_audit_log_with_what_it_read(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    for _ in range(2):
        for state in STATES[1:]:
            closes.advance(store, close, state)
    (signed,) = audit.entries(store, DAY)
    assert '"heartland/tickets":"aa11"' in signed.detail


def test_differences_come_back_as_they_were_saved(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    assert closes.save(store, close, [MISSING, DRIFT]) == 2
    assert closes.differences(store, DAY) == [DRIFT, MISSING]
    assert closes.differences(store, DAY, "orders") == [MISSING]
    assert closes.differences(store, "2026-11-21") == []


def test_saving_again_replaces_the_dates_differences_and_no_others(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    next_day = closes.open_close(store, "2026-11-21", INPUTS, "1")
    closes.save(store, close, [MISSING, MISSING, DRIFT])
    closes.save(store, next_day, [replace(MISSING, business_date="2026-11-21")])
    closes.save(store, close, [DRIFT])
    assert closes.differences(store, DAY) == [DRIFT]
    assert len(closes.differences(store, "2026-11-21")) == 1


def test_one_leg_is_replaced_alone(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    closes.save(store, close, [MISSING, DRIFT])
    closes.save(store, close, [], "orders")
    assert closes.differences(store, DAY) == [DRIFT]
    with pytest.raises(BrokenPromise, match="another leg"):
        closes.save(store, close, [DRIFT], "orders")


def test_a_save_that_fails_half_way_leaves_the_old_differences(store: Store) -> None:
    close = closes.open_close(store, DAY, INPUTS, "1")
    closes.save(store, close, [MISSING])
    with pytest.raises(KeyError):
        closes.save(store, close, [DRIFT, replace(DRIFT, klass="no such class")])
    assert closes.differences(store, DAY) == [MISSING]


def test_a_close_out_of_force_saves_nothing(store: Store) -> None:
    first = closes.open_close(store, DAY, INPUTS, "1")
    late = closes.open_close(store, DAY, LATE, "1")
    closes.save(store, late, [DRIFT])
    with pytest.raises(BrokenPromise, match="out of force"):
        closes.save(store, first, [MISSING])
    assert closes.differences(store, DAY) == [DRIFT]
