"""A store-day is signed only over what its checks saw; whatever changes under it takes the signature away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.reconcile.journals.store_day import STATES, Facts, Standing, judge, transition

WHOLE = Facts({"tickets": "a", "payments": "b"}, proposed_on={"tickets": "a", "payments": "b"})
SIGNED = replace(WHOLE, signed_on=WHOLE.ground, signed_by="cora")
reasons = st.just(()) | st.just(("why",))
ground = st.fixed_dictionaries({"tickets": st.sampled_from("ab"), "payments": st.sampled_from("ab")})
facts = st.builds(
    Facts,
    ground=ground,
    missing=reasons,
    off=reasons,
    unmatched=reasons,
    unposted=reasons,
    proposed_on=st.none() | ground,
    signed_on=st.none() | ground,
    signed_by=st.just("cora"),
)


@given(facts)
def test_a_state_is_reached_only_when_everything_before_it_holds(one):
    reached = STATES.index(judge(one).state)
    asked = [one.missing, one.off, one.unmatched, one.proposed_on != one.ground, one.unposted, one.signed_on is None]
    for place, against in enumerate(asked, start=1):
        if reached >= place:
            assert not against
    assert reached == 6 or judge(one).because


@given(facts)
def test_what_is_signed_stands_on_exactly_what_was_signed(one):
    if judge(one).state == "signed":
        assert one.ground == one.proposed_on == one.signed_on


@given(facts, ground)
def test_whatever_changes_under_a_signature_takes_it_away_and_what_comes_back_brings_it_back(one, other):
    if judge(one).state != "signed":
        return
    changed = judge(replace(one, ground=other))
    assert (changed.state == "signed") == (other == one.ground)
    assert changed.decertified == (other != one.ground)
    assert judge(replace(one, ground=one.ground)) == judge(one)


@pytest.mark.parametrize(
    ("one", "state", "because"),
    [
        (replace(WHOLE, missing=("ticket 7 is set aside", "and 8")), "open", "ticket 7 is set aside (and 1 more)"),
        (replace(WHOLE, off=("tenders are 0.01 less",)), "complete", "tenders are 0.01 less"),
        (replace(WHOLE, unmatched=("ledger is not compared",)), "balanced", "ledger is not compared"),
        (replace(WHOLE, proposed_on=None), "matched", "no journal is proposed yet"),
        (replace(WHOLE, unposted=("1150 waits",)), "proposed", "1150 waits"),
        (WHOLE, "posted", "nobody has signed it yet"),
        (SIGNED, "signed", ""),
    ],
)
def test_a_store_day_stands_where_its_first_check_fails_and_says_why(one, state, because):
    assert judge(one) == Standing(state, because, decertified=judge(one).decertified)
    assert judge(one).because == because


def test_a_ticket_after_the_signature_is_named_with_the_signer_and_the_way_out():
    found = judge(replace(SIGNED, ground={"tickets": "late", "payments": "b"}))
    assert (found.state, found.decertified) == ("matched", True)
    assert found.because == "tickets changed after cora signed; reopen it with a reason, then propose"


def test_the_audit_says_forward_back_and_de_certified_and_nothing_where_nothing_moved():
    assert transition("open", Standing("balanced", "")) == "store-day open -> balanced"
    assert transition("posted", Standing("matched", "")) == "store-day fell back: posted -> matched"
    assert transition("signed", Standing("matched", "")) == "store-day de-certified: signed -> matched"
    assert transition("posted", Standing("posted", "")) == ""
