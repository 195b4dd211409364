"""The close of store-days on the sandbox over HTTP: proposed, approved by another, posted once, proven, signed."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from he_sync.cli import check, house
from he_sync.connect.permit import permitted
from he_sync.connect.wire import Response, http_send
from he_sync.flows import completeness, night
from he_sync.flows.books import deciding, posting
from he_sync.flows.books.look import look
from he_sync.flows.writers import group_id
from he_sync.model.errors import FixInput, NotAllowed, Refused, TryLater
from he_sync.model.retailer import Retailer
from he_sync.sandbox.epicor.switches import CLOSED_THROUGH, EARLIEST_APPLY_DATE
from he_sync.store import audit, books, dead_letters, effects
from he_sync.store.database import open_store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.effects import QUARANTINE, Effect, effect_key
from tests.flows.close_shop import DAY, opened
from tests.flows.desk import SECOND
from tests.flows.victim import systems

ROOT = Path(__file__).parents[2]
STORES = ("S001", "S002", "S003")


@pytest.fixture(scope="module")
def the_shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("close")) as shop:
        yield shop


@pytest.fixture
def shop(the_shop, tmp_path):
    yield the_shop.anew(tmp_path)
    the_shop.store.close()


def late(rows, cents, kind="Cash"):
    """A ticket over so many cents comes late into S001, paid in cash."""
    one = rows[(rows["store"] == "S001") & ~rows["voided"]].iloc[[0]].copy()
    if "ticket_id" in rows:
        one = one.assign(ticket_id=999_999, public_id="999999", kind="Ticket", subtotal_minor=cents, total_minor=cents)
        one = one.assign(tax_minor=0, tip_minor=0, gift_card_minor=0, discount_minor=0)
    else:
        one = one.assign(payment_id=888_888, owner="ticket 999999", amount_minor=cents, kind="cash", payment_type=kind)
    return pd.concat([rows, one.astype(rows.dtypes.to_dict())], ignore_index=True)


def late_ticket(shop, cents=1_234):
    for frame in ("tickets", "payments"):
        shop.change(frame, lambda rows: late(rows, cents))


# the whole way


def test_a_day_goes_from_proposal_to_signature_and_the_ledger_says_what_the_stores_took(shop):
    found = shop.propose()
    assert {one.refused for one in found} == {""}
    assert set(shop.states().values()) == {"proposed"}
    assert shop.booked() == {}
    shop.approve()
    shop.post()
    assert set(shop.states().values()) == {"posted"}
    assert shop.booked() == shop.wanted()
    assert shop.sign("carl").done == STORES
    assert set(shop.states().values()) == {"signed"}
    assert audit.first_broken(shop.store) is None
    [row, *_] = books.listing(shop.store, DAY, DAY)
    assert row.signed_head in {one.hash for one in audit.entries(shop.store, row.subject)}


def test_the_same_way_on_postgres(the_shop, tmp_path, postgres_url):
    shop = the_shop.anew(tmp_path, postgres_url)
    shop.closed()
    late_ticket(shop)
    shop.reopen(stores=["S001"])
    shop.propose()
    shop.approve("carl")
    shop.post()
    assert shop.sign("carl", stores=["S001"]).done == ("S001",)
    assert shop.booked() == shop.wanted()
    assert audit.first_broken(shop.store) is None
    shop.store.close()


def test_every_journal_balances_and_together_they_leave_the_contra_account_at_nothing(shop):
    shop.propose()
    sums = Counter()
    for one in shop.journals():
        assert sum(line["amount_minor"] for line in one.body["lines"]) == 0
        for line in one.body["lines"]:
            sums[line["account"]] += line["amount_minor"]
    assert {account for account, cents in sums.items() if cents} == set(shop.wanted())


def test_a_second_close_proposes_and_posts_nothing_and_finds_the_signature(shop):
    shop.closed()
    written, journals = shop.written(), shop.journals()
    assert [(one.new, one.withdrawn) for one in shop.propose()] == [((), ())] * 3
    shop.approve()
    shop.post()
    assert (shop.written(), shop.journals()) == (written, journals)
    assert set(shop.states().values()) == {"signed"}
    assert check.once_each(shop.sandbox.state, [one.effect for one in effects.listing(shop.store)]) == []


def test_posting_sends_the_journals_and_leaves_all_else_that_is_planned_for_epicor(shop):
    key = effect_key("acme", "epicor", "customer", "7", "create_customer", "1")
    body = {"customer_id": 7, "name": "Ana Ruiz"}
    other = Effect(key, "create_customer", "epicor", "customer 7", DAY, body, True, "create customer 7", 0, None)
    effects.plan(shop.store, [other])
    shop.propose(stores=["S001", "S002"])
    shop.approve()
    shop.post(stores=["S001"])
    assert shop.states() == {"S001": "posted", "S002": "proposed", "S003": "matched"}
    assert effects.find(shop.store, key).state == "planned"
    shop.post()
    assert {effects.find(shop.store, key).state, shop.states()["S002"]} == {"planned", "posted"}


def test_one_store_is_closed_alone(shop):
    shop.propose(stores=["S002"])
    shop.approve(stores=["S002"])
    shop.post(stores=["S002"])
    assert shop.sign("carl", stores=["S002"]).done == ("S002",)
    assert {account.partition("|")[2] for account in shop.booked()} == {"S002"}


def test_a_store_that_the_profile_does_not_name_and_a_date_that_is_none_are_refused_in_one_line(shop):
    with pytest.raises(FixInput, match="names no store S009; it has D001, S001"):
        shop.propose(stores=["S009"])
    with pytest.raises(FixInput, match="write it as 2026-11-20"):
        shop.do(look, "20.11.2026")


# four eyes


def test_nobody_approves_what_they_prepared_nor_above_their_limit_nor_without_a_role_or_reason(shop):
    shop.propose("cora")
    assert all("cora prepared it" in line for line in shop.approve("cora").refused)
    clerk = shop.approve("cleo")
    assert all("is above cleo's limit of 10.00" in line for line in clerk.refused)
    with pytest.raises(NotAllowed, match=r"mallory may not approve; .* names carl, cleo, cora"):
        shop.approve("mallory")
    assert {one.state for one in shop.journals()} == {"proposed"}
    assert len(shop.approve("carl").done) == len(shop.journals())
    shop.post()
    assert shop.sign("cora").refused[0] == f"S001 of {DAY}: cora prepared its journals; another person signs"
    assert shop.sign("carl").done == STORES


def test_a_signature_says_why(shop):
    with pytest.raises(Refused, match="say why"):
        shop.do(deciding.sign_day, DAY, "cora", " ")


def test_a_rule_approves_under_its_limit_by_name_until_the_month_is_used_up(shop):
    rule = {"name": "small tenders", "limit_minor": 100_000, "month_limit_minor": 140_000}
    approval = shop.retailer.approval.model_validate(shop.retailer.approval.model_dump() | {"automatic": [rule]})
    shop.retailer = shop.retailer.model_copy(update={"approval": approval})
    shop.propose()
    done = [one for one in shop.journals() if one.state == "approved"]
    assert {one.approved_by for one in done} == {"rule small tenders"}
    assert sum(one.amount_minor for one in done) <= 140_000
    assert 0 < len(done) < sum(one.amount_minor <= 100_000 for one in shop.journals())


# what changes under it


def test_a_late_ticket_before_anything_was_posted_takes_the_place_of_the_proposal(shop):
    shop.propose()
    shop.approve()
    late_ticket(shop)
    assert "changed since its journals were proposed" in shop.do(look, DAY)[0].standing.because
    assert shop.post()[0].posted == ()
    [first, *others] = shop.propose()
    assert {one.key.split("|")[4] for one in first.new} == {"1155", "sales"}
    assert {one.key for one in first.withdrawn} == {one.key for one in first.new}
    assert all((one.new, one.withdrawn) == ((), ()) for one in others)
    renewed = {one.key for one in first.new}
    mine = [one for one in shop.journals() if one.store == "S001"]
    assert {one.key for one in mine if one.state == "proposed"} == renewed
    shop.approve("carl")
    shop.post()
    assert shop.booked() == shop.wanted()


def test_a_late_ticket_after_posting_reverses_and_reposts_its_tender_and_the_sales_and_leaves_the_card_alone(shop):
    shop.propose()
    shop.approve()
    shop.post()
    late_ticket(shop)
    [first, *_] = shop.propose()
    assert [one.key.split("|", 4)[4] for one in first.new] == [
        "1155|v1|reversal",
        "1155|v2",
        "sales|v1|reversal",
        "sales|v2",
    ]
    shop.approve()
    shop.post()
    assert shop.booked() == shop.wanted()
    cash = {one.key.split("|", 4)[4]: one for one in shop.journals() if "|1155|" in one.key and one.store == "S001"}
    assert cash["1155|v1"].state == "reversed"
    assert cash["1155|v1"].undone_by == cash["1155|v1|reversal"].key
    assert cash["1155|v2"].replaces == cash["1155|v1|reversal"].undoes == cash["1155|v1"].key
    assert not any(one.late for one in cash.values())


def test_a_reversal_is_not_posted_while_its_successor_waits_for_approval(shop):
    shop.propose(stores=["S001"])
    shop.approve()
    shop.post(stores=["S001"])
    before = shop.booked()
    late_ticket(shop)
    shop.propose(stores=["S001"])
    for one in shop.journals("proposed"):
        if one.what == "reverse":
            assert books.approve(shop.store, one.key, one.content, "cora", "checked")
    [done] = shop.post(stores=["S001"])
    assert (done.posted, shop.booked()) == ((), before)
    assert done.state == "proposed"


def test_what_a_lost_store_posted_stands_and_is_not_posted_again(shop, tmp_path):
    """The ledger has the journals, the restored books do not."""
    shop.propose(stores=["S001"])
    shop.approve()
    shop.post(stores=["S001"])
    shop.store.close()
    shop.store = open_store(tmp_path / "restored.db")
    assert shop.propose(stores=["S001"])[0].new == ()
    assert shop.post(stores=["S001"])[0].state == "posted"
    assert len(shop.written()) == 5


def test_what_came_after_the_signature_takes_it_away_and_goes_the_late_path_after_somebody_reopened_it(shop):
    shop.closed()
    late_ticket(shop)
    [changed, *_] = shop.do(look, DAY)
    assert changed.standing.decertified
    assert changed.standing.because == (
        "payments and tickets changed after cora signed; reopen it with a reason, then propose"
    )
    assert shop.states() == {"S001": "matched", "S002": "signed", "S003": "signed"}
    [refused, *_] = shop.propose()
    assert (refused.new, refused.refused) == ((), changed.standing.because)
    assert shop.reopen("cora", stores=["S001"]).done == ("S001",)
    [late_path, *_] = shop.propose()
    assert late_path.new
    assert all(one.late and one.text.endswith(" late") for one in late_path.new)
    assert {one.business_date for one in late_path.new} == {DAY}
    shop.approve("carl")
    shop.post()
    assert shop.sign("carl", stores=["S001"]).done == ("S001",)
    assert shop.booked() == shop.wanted()
    deeds = [row.action for row in audit.entries(shop.store, f"store-day {DAY} S001")]
    assert "store-day de-certified: signed -> matched" in deeds
    assert deeds.count("store-day posted -> signed") == 2


def test_a_date_in_a_closed_period_posts_on_the_first_open_day_and_says_its_own(shop):
    shop.switch(CLOSED_THROUGH, "2026-11")
    shop.switch(EARLIEST_APPLY_DATE, "2026-12-03")
    shop.propose(stores=["S001"])
    assert {(one.posting_date, one.late, DAY in one.text) for one in shop.journals()} == {("2026-12-03", True, True)}
    shop.approve()
    shop.post(stores=["S001"])
    assert shop.sign("carl", stores=["S001"]).done == ("S001",)


def test_a_period_closed_between_approval_and_posting_is_named_and_the_next_proposal_is_dated_anew(shop):
    shop.propose(stores=["S001"])
    shop.approve()
    shop.switch(CLOSED_THROUGH, "2026-11")
    [done] = shop.post(stores=["S001"])
    assert "is rejected" in done.because
    assert "Fiscal period 11 of 2026 is closed" in done.because
    [again] = shop.propose(stores=["S001"])
    assert {one.posting_date for one in again.new} == {"2026-12-01"}
    shop.approve("carl")
    shop.post(stores=["S001"])
    assert shop.states()["S001"] == "posted"
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}


def test_a_store_whose_tenders_do_not_meet_its_sales_is_named_with_the_cents_and_the_others_go_on(shop):
    shop.change("payments", lambda rows: late(rows, 7))
    found = {one.store: one.refused for one in shop.propose()}
    assert found["S001"] == "tenders are 0.07 more than what was sold; find the ticket or the payment"
    assert (found["S002"], found["S003"]) == ("", "")


def test_a_record_that_was_set_aside_leaves_no_store_of_its_date_complete(shop):
    """Nobody knows whose it is: it could not be read."""
    letter = DeadLetter("heartland", "heartland/tickets", "7", 3, "store", "known", "{}", "store: not known", DAY)
    dead_letters.put(shop.store, [letter])
    why = "heartland/tickets 7 is set aside (store: not known); correct it and pull again"
    assert {one.refused for one in shop.propose()} == {why}
    assert set(shop.states().values()) == {"open"}


# what others post


def test_where_others_post_each_payment_only_what_the_ledger_lacks_is_proposed(shop):
    shop.with_postings()
    shop.propose()
    proposed = Counter()
    for one in shop.journals():
        for line in one.body["lines"]:
            proposed[line["account"]] += line["amount_minor"]
    assert 0 < sum(one.amount_minor for one in shop.journals()) < sum(shop.wanted()[f"1150|{code}"] for code in STORES)
    assert all(
        cents == 0 or account.startswith(("1150", "1151", "1155", "1199", "2300", "1300"))
        for account, cents in proposed.items()
    )


def test_a_correction_that_is_under_way_holds_up_its_store_and_no_other(shop):
    one = effects.Effect(
        "ab" * 32, "post_journal", "epicor", "payment 7", DAY, {"store": "S002"}, limit_ok=False, summary="7"
    )
    effects.plan(shop.store, [one])
    found = {each.store: each.refused for each in shop.propose()}
    assert "the correction of payment 7 is waiting_approval; settle it first" in found["S002"]
    assert (found["S001"], found["S003"]) == ("", "")


# an ERP that lies, and one that is changed


class Liar:
    """Answers a posting with success and does nothing."""

    def __init__(self, send):
        self._send, self.lies = send, 0

    def __call__(self, request):
        if request.url.endswith("PostGroupJournals"):
            self.lies += 1
            return Response(200, {}, b'{"parameters": {"NotAllPostedMessage": ""}}')
        return self._send(request)


@contextmanager
def lying(shop):
    with http_send() as wire:
        liar = Liar(wire)
        yield night.Office(systems(shop.settings, permitted(liar)), shop.store, shop.lake, shop.retailer), liar


def test_an_erp_that_answers_200_and_stores_nothing_is_named_with_the_cents_and_posts_once_when_it_is_honest(shop):
    shop.propose(stores=["S001"])
    shop.approve()
    with lying(shop) as (office, liar):
        [done] = posting.post_day(office, DAY, "cora", ["S001"], shop.clock)
        assert liar.lies > 0
    assert done.posted == ()
    assert "was posted and the ledger does not show it yet" in done.because
    assert "over 15,684.66 is doubtful" in done.because
    assert shop.sign("carl", stores=["S001"]).done == ()
    shop.clock.forward(QUARANTINE + SECOND)
    [done] = shop.post(stores=["S001"])
    assert done.state == "posted"
    assert {lines for _, lines in shop.written().items()} >= {2}
    assert len(shop.written()) == len(shop.journals()) == 5
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}


class Down:
    """Epicor goes down after so many writes and stays so."""

    def __init__(self, send, writes):
        self._send, self.left = send, writes

    def __call__(self, request):
        if request.method != "GET":
            self.left -= 1
            if self.left < 0:
                raise TryLater("epicor does not answer")
        return self._send(request)


def test_a_failed_close_locks_nothing_of_what_it_reads_and_the_next_one_goes_on(shop):
    """A close that fails and keeps its invoices locked (ERPNext) can neither be corrected nor run again."""
    shop.propose(stores=["S001"])
    shop.approve()
    with http_send() as wire:
        down = permitted(Down(wire, 6))
        broken = night.Office(systems(shop.settings, down), shop.store, shop.lake, shop.retailer)
        [done] = posting.post_day(broken, DAY, "cora", ["S001"], shop.clock)
    assert done.state == "proposed"
    late_ticket(shop)
    for _ in range(2):
        shop.clock.forward(QUARANTINE + SECOND)
        shop.propose(stores=["S001"])
        shop.approve("carl")
        shop.post(stores=["S001"])
    assert shop.states()["S001"] == "posted"
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}


def test_a_posted_journal_that_somebody_took_from_the_ledger_is_named_before_anybody_signs(shop):
    shop.propose()
    shop.approve()
    shop.post()
    [one, *_] = shop.journals()
    state = shop.sandbox.state
    with state.transaction():
        state._connection().execute(
            "DELETE FROM \"epicor/GLJrnDtl\" WHERE json_extract(doc, '$.GroupID') = ?", [group_id(one.effect_key)]
        )
    signed = shop.sign("carl")
    assert signed.done == ("S002", "S003")
    assert f"{one.key} is posted as {one.erp_number} and the ledger does not show it" in signed.refused[0]


# killed


@pytest.fixture(scope="module")
def victim(the_shop):
    line = [sys.executable, "-m", "tests.flows.close_victim"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    settings = house.sandbox_environment(the_shop.sandbox, the_shop.home, the_shop.as_made)
    environment = {**os.environ, **settings}
    with subprocess.Popen(line, cwd=ROOT, env=environment, text=True, **pipes) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize(("number", "side"), [(1, "after"), (15, "before"), (20, "after")])
def test_a_close_killed_at_any_write_is_gone_on_with_and_every_journal_is_posted_once(
    shop, victim, tmp_path, number, side
):
    """Five journals of four writes each: group, entry, lines, posting."""
    shop.propose(stores=["S001"])
    shop.approve()
    line = f"{shop.lake.root} {tmp_path / 'he_sync.db'} {shop.clock().isoformat()} S001 {number} {side}"
    victim.stdin.write(f"{line}\n")
    victim.stdin.flush()
    assert victim.stdout.readline().strip() == "killed"
    for _ in range(3):
        shop.clock.forward(QUARANTINE + SECOND)
        shop.post(stores=["S001"])
    assert shop.states()["S001"] == "posted"
    assert len(shop.written()) == len(shop.journals()) == 5
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}
    assert check.once_each(shop.sandbox.state, [one.effect for one in effects.listing(shop.store)]) == []


# rules


def test_with_the_rules_of_that_day_nothing_differs_and_with_todays_only_the_changed_tender_does(shop):
    shop.closed()
    before = shop.journals()
    tenders = tuple(
        one.model_copy(update={"account": "1156"}) if one.kind == "cash" else one for one in shop.retailer.tenders
    )
    shop.retailer = Retailer.model_validate(shop.retailer.model_dump() | {"tenders": tenders})
    shop.propose(which="day")
    assert shop.journals() == before
    shop.reopen("cora")
    assert [one.new for one in shop.propose(which="day")] == [(), (), ()]
    assert shop.journals() == before
    for one in shop.propose(which="today"):
        assert [each.key.split("|", 4)[4] for each in one.new] == ["1155|v1|reversal", "1156|v1"]
        assert {each.rules for each in one.new} != {before[0].rules}


def test_where_the_close_posts_the_ledger_tenders_are_there_with_their_store_day_and_a_late_one_is_not(shop):
    def found():
        shop.lake.write("canonical", "ledger_lines", DAY, shop.lake.read("close", "ledger", DAY))
        return completeness.run(shop.lake, DAY, shop.retailer).proofs

    shop.propose()
    assert all(one.target.count == 0 for one in found() if one.entity == "sales")
    shop.approve()
    shop.post()
    assert all(one.complete for one in found() if one.entity == "sales")
    late_ticket(shop)
    [short] = [one for one in found() if one.entity == "sales" and not one.complete]
    assert (short.store, short.missing, short.missing_minor) == ("S001", ("payment 888888",), {"cash": 1_234})
