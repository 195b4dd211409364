"""A week of three stores over a month end and the end of summer time: every date ends signed, to the cent, for good."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

import pytest

from he_sync.flows import canonical, compare
from he_sync.flows.books import deciding, posting, proposing
from he_sync.flows.books.pack import write_pack
from he_sync.flows.writers import group_id
from he_sync.model.retailer import Retailer
from he_sync.store import books
from he_sync.store.database import open_store
from tests.close_world.life import LATE_STORE, begun
from tests.close_world.shape import SMALL

LAST = SMALL.dates[-1].isoformat()
PACKED = [SMALL.dates[0].isoformat(), LAST]
"""Dates in one pack: the first was posted by others, the last by the close."""
DAYS = [day.isoformat() for day in SMALL.dates]
SEEN = ("outages", "late sales", "late tickets", "altered", "entries by hand", "sales in the small hours")
CASH, BANK = "1155", "1010"


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    with begun(SMALL, tmp_path_factory.mktemp("close-world")) as lived:
        lived.live()
        yield lived


def journals(life, *days):
    return [one for day in days or DAYS for one in books.of_day(life.office.store, day)]


def test_every_day_is_signed_all_that_was_planted_is_found_and_clearing_is_its_open_items_every_evening(life):
    assert life.findings == []


def test_the_week_had_all_that_it_was_made_for(life):
    """A week without its outage, late store, late ticket or chargeback would prove nothing about them."""
    assert life.counted["signed"] == len(DAYS) * 3 + 1  # the late ticket's store-day is signed twice
    assert life.counted["planted"] > 100
    assert all(life.counted[what] for what in SEEN)
    assert life.bank.charged_back > 0
    assert {account for account, *_ in life.side.misdated} >= {"1150", "1151"}  # posted into the next month by others
    made = journals(life)
    assert {"proposed", "approved"}.isdisjoint(one.state for one in made)
    assert any(one.business_date[:7] < one.posting_date[:7] for one in made)  # October was closed by then
    assert LATE_STORE in {one.store for one in made}


# again


def digests(lake):
    pointers = sorted(
        path for stage in ("canonical", "reconcile") for path in lake.root.glob(f"{stage}/*/*/current.json")
    )
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in pointers}


def again(life, number, day):
    """The close of a date over what was pulled then, under the rules that were its own."""
    retailer, by = life.office.retailer, "payments" if number < SMALL.by_payment else "store_days"
    own = retailer.model_copy(update={"epicor": retailer.epicor.model_copy(update={"ledger": by})})
    for step in canonical.STEPS.values():
        canonical.run(step, life.office.lake, day, own)
    for leg in compare.LEGS:
        found = compare.compare(leg, life.office.lake, day, own)
        life.office.lake.write("reconcile", leg, day, compare.as_frame(found))


def test_the_week_closed_again_over_its_own_pulls_and_rules_is_the_same_to_the_byte(life, tmp_path):
    """Frames, differences, journals, evidence; and nothing reaches the ledger."""
    lake, before = life.office.lake, (digests(life.office.lake), journals(life), life.side.booked())
    write_pack(life.office, PACKED, (), tmp_path / "first", "carl")
    for number, day in enumerate(DAYS):
        again(life, number, day)
        assert [(one.new, one.withdrawn) for one in proposing.propose_day(life.office, day, "he-sync")] == [
            ((), ())
        ] * 3
        posting.post_day(life.office, day, "cora", (), life.clock)
    write_pack(life.office, PACKED, (), tmp_path / "second", "carl")
    assert (digests(lake), journals(life), life.side.booked()) == before
    packs = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")]
    assert packs[0] == packs[1]
    assert {one.state for one in books.listing(life.office.store, DAYS[0], LAST)} == {"signed"}


def test_books_that_begin_anew_propose_the_same_journals_word_by_word(life, tmp_path):
    """The ledger without the journals of a date, and a store that knows nothing."""
    posted = journals(life, LAST)
    with ExitStack() as without, open_store(tmp_path / "fresh.db") as store:
        for one in posted:
            without.enter_context(life.side.taken_out(group_id(one.effect_key)))
        proposing.propose_day(replace(life.office, store=store), LAST, "he-sync")
        fresh = books.of_day(store, LAST)
    said = [[(one.key, one.content, one.text, one.rules, one.body) for one in some] for some in (posted, fresh)]
    assert said[0] == said[1]


def test_with_changed_rules_only_the_difference_is_proposed_and_both_trails_stay_in_the_ledger(life):
    """From that day on cash goes to the bank's account."""
    before, there = life.side.booked(), {one.key for one in journals(life, LAST)}
    retailer = life.office.retailer
    tenders = tuple(
        one.model_copy(update={"account": BANK}) if one.account == CASH else one for one in retailer.tenders
    )
    today = replace(life.office, retailer=Retailer.model_validate(retailer.model_dump() | {"tenders": tenders}))
    deciding.reopen_day(today, LAST, "cora", "cash is at the bank")
    assert [one.new for one in proposing.propose_day(today, LAST, "he-sync", (), "day")] == [()] * 3
    proposed = proposing.propose_day(today, LAST, "he-sync", (), "today")
    assert {each.key.split("|", 4)[4] for one in proposed for each in one.new} == {f"{CASH}|v1|reversal", f"{BANK}|v1"}
    deciding.approve_day(today, LAST, "cora", "checked")
    posting.post_day(today, LAST, "cora", (), life.clock)
    assert len(deciding.sign_day(today, LAST, "carl", "looked at").done) == 3
    moved = Counter(life.side.booked())
    moved.subtract(before)
    cash = {one.store: life.side.wanted[LAST][f"{CASH}|{one.store}"] for one in proposed}
    wanted = {f"{CASH}|{code}": -cents for code, cents in cash.items()}
    assert {account: cents for account, cents in moved.items() if cents} == wanted | {
        f"{BANK}|{code}": cents for code, cents in cash.items()
    }
    trail = {one.key: one for one in journals(life, LAST)}
    assert there < set(trail)
    for one in trail.values():
        if one.what == "reverse":
            assert (trail[one.undoes].state, trail[one.undoes].undone_by) == ("reversed", one.key)
