"""Corrections reverse and post anew; what stands right is left alone; both trails stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.errors import BrokenPromise, FixInput, NotAllowed, Refused
from he_sync.reconcile.journals.correction import Posted, Step, correct, key, propose
from he_sync.reconcile.journals.entry import Entry, Line, lines_of, standing
from he_sync.reconcile.journals.life import Approver, Automatic, Proposal, approve, approve_by_rule, move
from he_sync.reconcile.journals.periods import Calendar, Period, place


def entry(cents: int, unit: str = "S001") -> Entry:
    return Entry("store_day", "ACME", unit, "2026-11-02", "business", lines_of(("1150", cents), ("4000", -cents)))


def ledger_after(history: list[Posted], steps: tuple[Step, ...]) -> list[Posted]:
    """The ledger's history once these steps were posted."""
    after = list(history)
    for step in steps:
        if step.what == "reverse":
            after = [
                replace(one, undone_by=step.key) if key(one.entry, one.version) == step.undoes else one for one in after
            ]
        else:
            after.append(Posted(step.entry, step.version, f"GJ{len(after)}"))
    return after


amounts = st.lists(st.none() | st.integers(1, 10**9), min_size=1, max_size=8)


@given(amounts)
def test_however_often_the_day_changes_the_ledger_says_the_last_of_it(changes):
    history, posted = [], []
    for cents in changes:
        wanted = entry(cents) if cents else None
        steps = correct(wanted, history)
        posted += [step.entry for step in steps]
        history = ledger_after(history, steps)
        assert correct(wanted, history) == ()
    last = changes[-1]
    assert standing(posted) == ({"1150": last, "4000": -last} if last else {})


@given(amounts)
def test_no_key_is_ever_used_for_two_contents(changes):
    history, said = [], {}
    for cents in changes:
        steps = correct(entry(cents) if cents else None, history)
        for step in steps:
            assert said.setdefault(step.key, step.entry.content) == step.entry.content
        history = ledger_after(history, steps)


def test_a_correction_is_a_reversal_and_a_new_version_linked_to_each_other():
    undo, anew = correct(entry(900), [Posted(entry(1000), 1, "GJ7")])
    assert (undo.what, undo.key, undo.undoes) == (
        "reverse",
        "ACME|S001|2026-11-02|store_day|v1|reversal",
        "ACME|S001|2026-11-02|store_day|v1",
    )
    assert (anew.what, anew.key, anew.replaces) == ("post", "ACME|S001|2026-11-02|store_day|v2", undo.undoes)
    assert standing([entry(1000), undo.entry]) == {}


def test_a_journal_with_the_right_number_and_a_wrong_amount_is_found_by_its_content():
    """Comparing numbers alone leaves it standing for ever (Heartland's QuickBooks posting)."""
    assert len(correct(entry(1001), [Posted(entry(1000), 1, "GJ7")])) == 2


def test_what_stands_and_is_no_longer_wanted_is_reversed_never_deleted():
    [undo] = propose([], {entry(5).name: [Posted(entry(5), 1, "GJ1")]})
    assert undo.what == "reverse"


def test_only_the_store_that_changed_is_proposed():
    posted = {entry(5, unit).name: [Posted(entry(5, unit), 1, "GJ1")] for unit in ("S001", "S002")}
    steps = list(propose([entry(5, "S001"), entry(6, "S002")], posted))
    assert {step.entry.unit for step in steps} == {"S002"}


def test_the_order_of_lines_is_no_other_content():
    lines = entry(7).lines
    assert replace(entry(7), lines=lines[::-1]).content == entry(7).content
    assert replace(entry(7), lines=(Line("1151", 7), lines[1])).content != entry(7).content


@pytest.mark.parametrize(
    ("history", "why"),
    [
        ([Posted(entry(1), 1, "a"), Posted(entry(2), 2, "b")], "two versions stand"),
        ([Posted(entry(1), 1, "a", "x"), Posted(entry(2), 3, "b")], "leave a gap"),
        ([Posted(entry(1), 1, "a"), Posted(entry(2, "S002"), 2, "b")], "another journal"),
    ],
)
def test_a_ledger_that_somebody_posted_past_us_stops_the_correction(history, why):
    with pytest.raises(BrokenPromise, match=why):
        correct(entry(9), history)


OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), closed=True)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30), closed=False)


def test_a_late_item_goes_to_the_first_open_day_and_names_its_own():
    found = place(date(2026, 10, 30), "S001 sales", Calendar([NOVEMBER, OCTOBER]))
    assert (found.on, found.late, found.text) == (date(2026, 11, 1), True, "S001 sales (of 2026-10-30)")


def test_nothing_is_placed_before_the_earliest_apply_date():
    calendar = Calendar([OCTOBER, NOVEMBER], earliest_apply=date(2026, 11, 10))
    assert place(date(2026, 11, 3), "S001", calendar).on == date(2026, 11, 10)
    assert not place(date(2026, 11, 12), "S001", calendar).late


def test_without_an_open_period_nothing_is_proposed_and_the_way_out_is_named():
    with pytest.raises(FixInput, match="no fiscal period is open on 2026-10-30 or later; open one"):
        place(date(2026, 10, 30), "S001 sales", Calendar([OCTOBER]))


PROPOSED = Proposal("K", "c0ffee", 50_000, "ana")


def test_nobody_approves_what_they_prepared():
    with pytest.raises(NotAllowed, match="ana prepared it"):
        approve(PROPOSED, Approver("ana", None), "c0ffee", "checked")


def test_nobody_approves_above_the_limit_of_their_role():
    with pytest.raises(NotAllowed, match=r"500\.00 is above bo's limit of 499\.99"):
        approve(PROPOSED, Approver("bo", 49_999), "c0ffee", "checked")


@pytest.mark.parametrize(
    ("content", "reason", "why"), [("other", "checked", "has changed"), ("c0ffee", " ", "say why")]
)
def test_an_approval_is_of_what_was_seen_and_has_a_reason(content, reason, why):
    with pytest.raises(Refused, match=why):
        approve(PROPOSED, Approver("bo", None), content, reason)


def test_an_approved_journal_is_posted_and_later_reversed_and_nothing_else():
    journal = approve(PROPOSED, Approver("bo", None), "c0ffee", "checked")
    posted = move(journal, "posted", "he-sync")
    assert [one.to for one in move(posted, "reversed", "he-sync").moves] == ["approved", "posted", "reversed"]
    for state in ("approved", "rejected", "posted"):
        with pytest.raises(Refused, match="cannot become"):
            move(posted, state, "bo")


def test_a_rule_approves_under_its_limit_until_the_month_is_used_up():
    small = [Proposal(f"K{n}", "c", 400, "he-sync") for n in range(4)]
    rule = Automatic("cents", 500, 1_000)
    found = approve_by_rule([Proposal("K", "c", 501, "he-sync"), *small], rule, used_minor=0)
    assert [one.state for one in found] == ["proposed", "approved", "approved", "proposed", "proposed"]
    assert found[1].moves[0].by == "rule cents"
