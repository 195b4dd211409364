"""What the pages show is what the store holds, whatever its size and whoever writes to it meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256

from he_sync.flows import completeness
from he_sync.model.difference import Difference
from he_sync.reconcile.completeness import Item, prove
from he_sync.store import closes, inbox
from he_sync.store.board import PAGE
from he_sync.store.database import Store
from he_sync.store.inbox import Arrival
from he_sync.store.lake import Lake
from tests.console.conftest import Served

DAY = "2026-11-20"


def arrive(store: Store, numbers: range) -> None:
    arrivals = [
        Arrival("heartland", "ticket", f"event-{each}", f"ticket {each}", "", "{}", sha256(b"%d" % each).hexdigest())
        for each in numbers
    ]
    inbox.put(store, arrivals)


def proven(lake: Lake) -> tuple[completeness.Proof, ...]:
    ours = [Item("payment 1", "S001", 412_055, group="card"), Item("payment 2", "S001", 100, group="cash")]
    proofs = prove("sales", ours, [Item("payment 2", "S001", 100, group="cash"), Item("payment 9", "S002", 7)])
    lake.write("reconcile", "completeness", DAY, completeness._frame(proofs))
    return proofs


def test_every_event_is_on_one_page_of_the_list_once(served: Served) -> None:
    arrive(served.store, range(2 * PAGE + 7))
    person, path, seen = served.person(), "/events", []
    for _ in range(4):
        page = person.get(path)
        seen += re.findall(r'href="/records/ticket%20(\d+)"', page.text)
        following = re.search(r'class="more"><a href="([^"]+)"', page.text)
        if not following:
            break
        path = following[1].replace("&amp;", "&")
    assert seen == [str(each) for each in reversed(range(2 * PAGE + 7))]


def test_a_page_neither_waits_for_a_writer_nor_keeps_one_waiting(served: Served) -> None:
    arrive(served.store, range(3))
    person = served.person()
    with served.store.begin() as writing:
        writing.exec_driver_sql("UPDATE inbox SET note = 'half done'")
        started = datetime.now(UTC)
        page = person.get("/events")
        assert (datetime.now(UTC) - started).total_seconds() < 5
    assert page.status == 200
    assert "half done" not in page.words


def test_the_first_line_says_in_money_what_the_erp_lacks(served: Served) -> None:
    proofs = proven(Lake(served.home / "lake"))
    assert completeness.kept(Lake(served.home / "lake"), DAY) == proofs
    assert f"4,120.55 of card sales not yet in Epicor (business date {DAY})" in served.person().get("/").words.replace(
        "( ", "("
    ).replace(" )", ")")


def test_a_date_shows_what_is_missing_by_name_and_what_differs_to_the_cent(served: Served) -> None:
    proven(Lake(served.home / "lake"))
    close = closes.open_close(served.store, DAY, {"tickets": "x"}, "1")
    found = [
        Difference(DAY, "missing_gl", "payment 1", "S001", -412_055, 0, "no posting", "post"),
        Difference(DAY, "inv_quantity_drift", "item A @ S001", "S001", 0, -1500, "POS 3, ERP 1.5", "adjust"),
    ]
    closes.save(served.store, close, found)
    person = served.person()
    page = person.get(f"/close/{DAY}").words
    assert "payment 1" in page
    assert "-4,120.55" in page
    assert "-1.5" in page
    only = person.get(f"/close/{DAY}?klass=missing_gl").words
    assert "item A @ S001" not in only
    assert "2 4,120.55" in person.get("/close").words


def test_one_record_is_found_by_the_names_that_people_have_for_it(served: Served) -> None:
    arrive(served.store, range(1))
    person = served.person()
    for name in ("ticket 0", "event-0", "1"):
        page = person.get(f"/record?name={name.replace(' ', '+')}")
        assert (page.status, "heartland/ticket by webhook" in page.words) == (200, True), name
    assert "nothing is known of" in person.get("/record?name=nobody").words


def test_an_address_that_cannot_be_is_one_line(served: Served) -> None:
    person = served.person()
    for path, says in (
        ("/events?state=lost", "no event is ever 'lost'"),
        ("/events?after=x", "after=x is not a number"),
        ("/close/yesterday", "'yesterday' is not a date"),
        ("/letters/99", "no letter has number 99"),
        ("/stock?sku=X&location=S001", "stock was never pulled"),
    ):
        page = person.get(path)
        assert (page.status, says in page.words) == (422, True), (path, page.words)
    assert person.get("/nowhere").status == 404


def test_a_form_that_is_too_large_is_refused_before_it_is_read_whole(served: Served) -> None:
    person = served.person()
    person.get("/letters")
    assert "at most 64 kB" in person.post("/letters", do="replay", note="x" * 70_000).words
