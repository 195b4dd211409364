"""What a person decides in the console is what the command line would have done, with who and why in the audit."""

from __future__ import annotations

import json
from hashlib import sha256

from he_sync.store import audit, dead_letters, effects, inbox, master
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.inbox import Arrival
from he_sync.store.master import Pair, pair_of
from tests.console.conftest import Served
from tests.store.customers import erp, name, shop, take
from tests.store.examples import effect


def told(store: Store) -> list[tuple[str, str, str]]:
    return [(row.actor, row.action, json.loads(row.detail).get("note", "")) for row in audit.entries(store)]


def arrive(store: Store, number: int) -> int:
    digest = sha256(str(number).encode()).hexdigest()
    arrival = Arrival("shop", "order.created", f"event-{number}", f"order {number}", "", "{}", digest)
    inbox.put(store, [arrival])
    return inbox.find(store, f"event-{number}")[0].event.seq


def letter(store: Store, number: int, rule: str = "part unknown") -> int:
    seq = arrive(store, number)
    said = DeadLetter("heartland", "orders", f"order {number}", 0, "PartNum", rule, '{"sku": "X"}', "no part", "",
                      flow="order_to_fulfilment", event_seq=seq, plain=f"Create part X for order {number}")  # fmt: skip
    dead_letters.put(store, [said])
    return next(kept.number for kept in dead_letters.listing(store) if kept.letter.record == f"order {number}")


def test_an_approved_write_goes_and_the_audit_names_who(served: Served) -> None:
    one, other = effect("ticket 1", limit_ok=False), effect("ticket 2", limit_ok=False)
    effects.plan(served.store, [one, other])
    person = served.person()
    assert "ticket 1" in person.get("/approvals").words
    assert "1 approved" in person.post("/approvals", do="approve", key=one.key).words
    states = {status.effect.entity: (status.state, status.approved_by) for status in effects.listing(served.store)}
    assert states == {"ticket 1": ("planned", "ana"), "ticket 2": ("waiting_approval", None)}
    assert told(served.store) == [("ana", "effect waiting_approval -> planned", "")]


def test_who_comes_second_is_told_so_and_changes_nothing(served: Served) -> None:
    one = effect("ticket 1", limit_ok=False)
    effects.plan(served.store, [one])
    person = served.person()
    person.get("/approvals")
    effects.withdraw(served.store, one.key, "ben", "double")
    answer = person.post("/approvals", do="approve", key=one.key)
    assert "decided by somebody else" in answer.words
    assert [status.state for status in effects.listing(served.store)] == ["withdrawn"]


def test_never_sending_needs_a_reason(served: Served) -> None:
    one = effect("ticket 1", limit_ok=False)
    effects.plan(served.store, [one])
    person = served.person()
    person.get("/approvals")
    refused = person.post("/approvals", do="withdraw", key=one.key)
    assert (refused.status, "say why" in refused.words) == (422, True)
    assert "1 withdrawn" in person.post("/approvals", do="withdraw", key=one.key, note="counted again").words
    assert told(served.store)[-1] == ("ana", "effect waiting_approval -> withdrawn", "counted again")


def test_letters_are_answered_again_many_at_once_and_leave_the_list(served: Served) -> None:
    numbers = [letter(served.store, number) for number in (1, 2, 3)]
    for kept in inbox.listing(served.store, "new"):
        assert kept.event.entity.startswith("order")
    person = served.person()
    page = person.get("/letters")
    assert all(f"Create part X for order {number}" in page.words for number in (1, 2, 3))
    answer = person.post("/letters", do="replay", letter=[str(numbers[0]), str(numbers[1])], note="part was made")
    assert "events wait to be answered again" in answer.words
    assert [kept.letter.record for kept in dead_letters.listing(served.store)] == ["order 3"]


def test_a_letter_is_closed_with_a_reason_and_no_other_way(served: Served) -> None:
    number = letter(served.store, 7)
    person = served.person()
    assert "X" in person.get(f"/letters/{number}").words
    assert person.post("/letters", do="close", letter=str(number)).status == 422
    assert "1 letters closed" in person.post("/letters", do="close", letter=str(number), note="typed by hand").words
    [kept] = dead_letters.listing(served.store, resolved=True)
    assert (kept.resolved_by, kept.resolution) == ("ana", "typed by hand")


def test_nothing_ticked_decides_nothing(served: Served) -> None:
    person = served.person()
    person.get("/letters")
    for path, what in (("/letters", "replay"), ("/approvals", "approve")):
        assert "tick at least one row" in person.post(path, do=what, note="x").words


def test_a_pair_is_decided_and_the_next_one_comes(served: Served) -> None:
    ours, theirs = shop(7, given="Ann", surname="Lee"), erp("H7", given="Anne", surname="Lee")
    take(
        served.store,
        [ours],
        [theirs],
        review=[Pair(*pair_of(name(ours), name(theirs)), 510_000, "surname same 2.10; phone -0.40")],
    )
    person = served.person()
    page = person.get("/reviews")
    assert "51.0 %" in page.words
    assert "surname same" in page.words
    answer = person.post("/reviews", do="same", left="heartland:7", right="epicor:H7", note="same house")
    assert "No pair waits" in answer.words
    [decision] = master.standing(served.store)
    assert (decision.same, decision.who, decision.why) == (True, "ana", "same house")


def test_the_chain_of_the_audit_is_verified_on_demand(served: Served) -> None:
    number = letter(served.store, 7)
    dead_letters.resolve(served.store, number, "ben", "done")
    person = served.person()
    person.get("/audit")
    assert "all 1 rows follow from each other" in person.post("/audit").words
