"""Random faults on random writes: whatever comes, everything ends confirmed and is there once."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from he_sync.store import effects
from tests.flows.desk import KINDS, ONCE, PLACES, Clock, planned
from tests.flows.test_push_faults import FAULTS

MOST_FAULTS = 4
"""One below MAX_ATTEMPTS: five lost attempts on one effect hand it to a person, which is no loss but another end."""

faults = st.lists(
    st.builds(
        lambda where, name, seconds: PLACES[where].fault(name, seconds=seconds),
        st.sampled_from(sorted(PLACES)),
        st.sampled_from(FAULTS),
        st.sampled_from([0.0, 0.02, 0.1]),
    ),
    max_size=MOST_FAULTS,
)


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), plan=faults)
def test_under_any_few_faults_every_effect_ends_confirmed_and_there_once(desk, tmp_path_factory, kinds, plan):
    clock, some = Clock(), [desk.effect(kind) for kind in kinds]
    with planned(tmp_path_factory.mktemp("example"), *some) as store:
        desk.sandbox.faults.set(plan)
        desk.push_until_quiet(store, clock)
        desk.sandbox.faults.set([])
        desk.settle()
        assert {one.effect.kind: one.state for one in effects.listing(store)} == {one.kind: "confirmed" for one in some}
    assert [desk.landed(one) for one in some] == [ONCE[kind] for kind in kinds]
