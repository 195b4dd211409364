"""Whatever the wire does to any request of any write: after the quarantine the effect is confirmed and there once."""

import pytest

from he_sync.store import effects
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import ONCE, PLACES, SECOND, planned

FAULTS = (
    "lost_response",
    "error_after",
    "lost_request",
    "late_landing",
    "truncated_body",
    "throttle",
    "error_before",
    "expired_token",
)


MAY_HAVE_LANDED = {"lost_response", "error_after", "lost_request", "late_landing"}
NOTHING_DONE = {"throttle", "error_before"}
LATER_REQUESTS = {
    "the order's charge",
    "the changed line",
    "the closed line",
    "the added line",
    "the changed charge",
    "the added charge",
    "the credit",
    "the credit's line",
    "the credit's tax",
    "the invoice's line",
    "the invoice's completion",
    "the set's line",
    "the set's completion",
    "the journal's entry",
    "the posting",
}
"""What comes after another write of the same effect: a part of it is there already, whatever happens now."""


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("where", PLACES)
def test_after_a_fault_at_any_request_the_effect_is_confirmed_and_there_exactly_once(
    desk, clock, tmp_path, where, name
):
    place = PLACES[where]
    effect = desk.effect(place.kind)
    with planned(tmp_path, effect) as store:
        desk.sandbox.faults.set([place.fault(name, seconds=0.15)])
        desk.push(store, clock)
        assert desk.sandbox.faults.rules()[0].remaining == 0
        if name in MAY_HAVE_LANDED or (name in NOTHING_DONE and where in LATER_REQUESTS):
            assert effects.find(store, effect.key).state == "doubtful"
        elif name in NOTHING_DONE:
            assert effects.find(store, effect.key).state == "planned"
        desk.push(store, clock)
        clock.forward(SECOND)
        desk.push(store, clock)
        desk.settle()
        clock.forward(QUARANTINE)
        desk.push(store, clock)
        status = effects.find(store, effect.key)
    assert (status.state, status.reason) == ("confirmed", "")
    assert status.reference
    assert desk.landed(effect) == ONCE[place.kind]
