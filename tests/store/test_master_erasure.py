"""Erasure: what names a customer leaves every table, and the books still add up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from he_sync.model.errors import FixInput
from he_sync.store import applied, audit, dead_letters, effects, inbox, master, story
from he_sync.store.database import Store, open_store
from he_sync.store.dead_letters import DeadLetter
from he_sync.store.master import Deed
from he_sync.store.story import Step
from he_sync.store.tables import answers
from he_sync.store.tables import effects as effects_table
from tests.store.customers import DANA, erp, holding, money, name, order, owner, shop, take, texts
from tests.store.examples import EVENING, arrival, effect, later

JOSE = {
    "first_name": "José",
    "last_name": "Quillfeather",
    "email": "jq@quill.example",
    "phone": "(212) 555-0187",
    "street": "77 Larkspur Lane",
    "city": "Ithaca",
    "zip": "14850",
}
OLD_EMAIL = "old@feather.example"
TELLING = ("quillfeather", "jq@quill.example", "555-0187", "larkspur", OLD_EMAIL)


def lived(store: Store) -> int:
    """A customer with everything that the store keeps of one: events, a story, letters, effects, answers."""
    ours, theirs = shop(7, **JOSE), erp("H7", last_name="Quillfeather", phone="2125550187")
    one, _ = take(store, [ours, theirs], [shop(8, last_name="Stone")])
    told = json.dumps({"id": 7, "first_name": "José", "email": OLD_EMAIL, "phone": {"raw": "2125550187"}, "points": 12})
    sold = json.dumps({"id": 5, "customer_id": 7, "total": "12.50", "ship_to": {"line_1": "77 LARKSPUR LANE"}})
    inbox.put(store, [arrival("e1", "customer 7", body=told), arrival("e2", "order 5", body=sold)])
    create = effect("customer 7", kind="create_customer", body={"CustID": "H7", "Name": "José Quillfeather"})
    ordered = order(5, "H7", summary="order 5 for José Quillfeather", depends_on=create.key)
    effects.plan(store, [create, ordered])
    for reference in ("1007", "SO-5"):
        sent = effects.claim(store, "worker", 60, later(EVENING, 1))
        assert sent is not None
        assert effects.confirm(store, sent, reference)
    with store.begin() as connection:
        answer = {"effect_key": ordered.key, "attempt": 1, "at": EVENING, "outcome": "ok"}
        connection.execute(insert(answers), {**answer, "body": '{"Name":"Jos\\u00e9 Quillfeather","OrderNum":5}'})
        story.tell(
            connection,
            [
                Step(
                    "order 9",
                    EVENING,
                    "matched",
                    "not jq@quill.example",
                    f'{{"mail":"JQ@quill.example","before":"{OLD_EMAIL}"}}',
                )
            ],
        )
        applied.put(connection, applied.project("customer 7", "heartland", "1", {"email": OLD_EMAIL}, EVENING))
    letter = DeadLetter(
        "heartland", "order", "5", 0, "ship_to", "known", sold, "77 Larkspur Lane is unknown", "2026-11-20"
    )
    dead_letters.put(store, [letter])
    return one


def test_an_erased_customer_is_in_no_table_and_the_books_are_as_they_were(store: Store) -> None:
    one = lived(store)
    with store.begin() as connection:
        books = select(
            effects_table.c.key, effects_table.c.body_hash, effects_table.c.amount_minor, effects_table.c.state
        )
        before = connection.execute(books).all()
    done = master.erase(store, one, DANA)
    for value in TELLING:
        assert holding(store, value) == [], value
    assert {"inbox", "effects", "answers", "dead_letters", "story", "applied"} <= done.rows.keys()
    with store.begin() as connection:
        assert connection.execute(books).all() == before
    assert money(store) == 2500
    kept = [text for table, text in texts(store) if table == "inbox" and '"points"' in text]
    assert json.loads(kept[0])["points"] == 12
    customer = master.customer(store, one)
    assert (customer.erased, customer.golden, len(customer.records)) == (True, {}, 2)
    assert audit.first_broken(store) is None
    assert audit.entries(store, f"M{one}")[-1].action == "customer erased"


def test_others_keep_what_they_share_with_an_erased_customer(store: Store) -> None:
    one = lived(store)
    with store.begin() as connection:
        told = '{"city":"Ithaca","last_name":"Stone"}'
        story.tell(connection, [Step("customer 8", EVENING, "read", "customer 8 of Ithaca", told)])
    master.erase(store, one, DANA)
    assert story.of(store, "customer 8")[-1].body == told


def test_an_erased_record_that_a_run_brings_again_stays_erased(store: Store) -> None:
    one = lived(store)
    master.erase(store, one, DANA)
    ours = shop(7, **JOSE)
    take(store, [ours, erp("H7", last_name="Quillfeather")], [shop(8, last_name="Stone")])
    assert holding(store, "quillfeather") == []
    assert owner(store, name(ours)) == one


def test_nothing_is_erased_while_something_of_the_customer_is_still_to_be_sent(store: Store) -> None:
    one = lived(store)
    effects.plan(store, [order(6, "H7")])
    with pytest.raises(FixInput, match="create_sales_order of order 6 is planned"):
        master.erase(store, one, DANA)
    assert holding(store, "larkspur")


def test_a_note_that_names_the_person_is_refused_because_the_audit_keeps_it(store: Store) -> None:
    one = lived(store)
    with pytest.raises(FixInput, match="names the person"):
        master.erase(store, one, Deed("dana", "Mr Quillfeather wrote from jq@quill.example"))


def test_a_dry_run_counts_and_changes_nothing(store: Store) -> None:
    one = lived(store)
    before = sorted(texts(store))
    assert master.erase(store, one, DANA, dry=True).rows["effects"] == 2
    assert sorted(texts(store)) == before


def test_an_erased_value_is_not_left_in_the_file_either(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:
        master.erase(store, lived(store), DANA)
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir()).lower()
    assert [value for value in TELLING if value.encode() in left] == []
