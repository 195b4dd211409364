"""A reversal whose successor Epicor refuses is an exception with its cents, and the next post goes on with it."""

from contextlib import contextmanager

import pytest

from he_sync.connect.permit import permitted
from he_sync.connect.wire import Response, http_send
from he_sync.flows import night
from he_sync.flows.books import posting
from he_sync.flows.books.look import look
from he_sync.flows.exceptions.finding import desk
from tests.flows.close_shop import DAY, opened
from tests.flows.test_books import late_ticket
from tests.flows.victim import systems

REFUSES = (
    b'{"HttpStatus": 400, "ErrorMessage": "GL Account 1155 is not valid on this date.", "ErrorType": "BLException"}'
)


@pytest.fixture(scope="module")
def the_shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("alone")) as one:
        yield one


@pytest.fixture
def shop(the_shop, tmp_path):
    yield the_shop.anew(tmp_path)
    the_shop.store.close()


@contextmanager
def refusing(shop, words):
    """An Epicor that refuses every write which says these words."""
    with http_send() as wire:

        def send(request):
            return Response(400, {}, REFUSES) if words in (request.body or b"") else wire(request)

        yield night.Office(systems(shop.settings, permitted(send)), shop.store, shop.lake, shop.retailer)


def exceptions(shop):
    with desk(shop.store, shop.lake) as at:
        return {(one.found.klass, one.found.subject.split("|")[-1]): one for one in at.listing()}


def alone(shop):
    """A cash journal that was corrected, its reversal posted and its successor refused."""
    shop.propose(stores=["S001"])
    shop.approve()
    shop.post(stores=["S001"])
    late_ticket(shop)
    shop.propose(stores=["S001"])
    shop.approve("carl")
    with refusing(shop, b"1155 v2") as office:
        return posting.post_day(office, DAY, "cora", ["S001"], shop.clock)


def test_a_reversal_whose_successor_epicor_refuses_is_an_open_exception_until_a_later_post_goes_through(shop):
    [done] = alone(shop)
    assert "1155|v1|reversal stands alone in the ledger: " in done.because
    assert "1155|v2 over" in done.because
    assert "is rejected: " in done.because
    one = exceptions(shop)["reversal_alone", "1155"]
    [v2] = [each for each in shop.journals("approved") if each.key.endswith("1155|v2")]
    assert (one.status, one.found.store, one.found.minor) == ("open", "S001", -v2.amount_minor)
    assert "GL Account 1155 is not valid" in one.found.evidence
    assert shop.booked() != shop.wanted()
    [done] = shop.post(stores=["S001"])
    assert done.state == "posted"
    assert done.posted == (v2.key,)
    assert exceptions(shop)["reversal_alone", "1155"].status == "gone"
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}


def test_what_changes_while_a_reversal_stands_alone_is_proposed_in_the_place_of_what_was_refused(shop):
    alone(shop)
    before = exceptions(shop)["reversal_alone", "1155"]
    shop.change("tickets", lambda rows: rows[rows["ticket_id"] != 999_999])
    shop.change("payments", lambda rows: rows[rows["payment_id"] != 888_888])
    [again] = shop.propose(stores=["S001"])
    assert again.refused == ""
    assert "stands alone in the ledger" in shop.do(look, DAY, ["S001"])[0].standing.because
    with refusing(shop, b"1155 v2") as office:
        posting.post_day(office, DAY, "cora", ["S001"], shop.clock)
    changed = exceptions(shop)["reversal_alone", "1155"]
    assert (changed.status, changed.reopened) == ("open", 1)
    assert changed.because.startswith("changed: amount ")
    assert changed.found.minor != before.found.minor
    shop.approve("carl")
    shop.post(stores=["S001"])
    assert shop.states()["S001"] == "posted"
    assert {one.status for one in exceptions(shop).values()} == {"gone"}
    assert shop.booked() == {account: cents for account, cents in shop.wanted().items() if account.endswith("S001")}
