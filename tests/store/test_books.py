"""The close's tables: one live journal a key, two pairs of eyes held by the database, signatures over what was seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from he_sync.model.errors import NotAllowed, Refused
from he_sync.store import audit, books
from he_sync.store.books import Journal
from he_sync.store.books.days import Move
from he_sync.store.books_tables import journals
from he_sync.store.database import Store

DAY = "2026-11-20"
GROUND = {"tickets": "a1", "ledger": "b2"}


def journal(part: str = "1150", version: int = 1, cents: int = 700, **other: Any) -> Journal:
    name = f"ACME|S001|{DAY}|store_day|{part}"
    body = {"lines": [{"account": f"{part}|S001", "amount_minor": cents}]}
    one = Journal(
        key=f"{name}|v{version}",
        name=name,
        version=version,
        what="post",
        business_date=DAY,
        store="S001",
        posting_date=DAY,
        late=False,
        text=f"HE S001 {DAY} {part} v{version}",
        body=body,
        content=f"{cents:016d}",
        amount_minor=cents,
        rules="1-abc",
        prepared_by="Ana",
    )
    return replace(one, **other)


def propose(store: Store, *wanted: Journal) -> Any:
    return books.propose(store, DAY, "S001", GROUND, "1-abc", wanted)


def posted(store: Store, one: Journal, number: str = "12") -> None:
    assert books.approve(store, one.key, one.content, "bo", "checked")
    books.send(store, {one.key: "ab" * 32})
    assert books.settle(store, {one.key: number}) == 1


def test_the_same_proposal_again_keeps_the_first_with_its_approval_and_another_content_takes_its_place(store: Store):
    propose(store, journal(), journal("1155"))
    books.approve(store, journal().key, journal().content, "bo", "checked")
    again = propose(store, journal(prepared_by="cy"), journal("1155", cents=9))
    assert [one.key for one in again.kept] == [journal().key]
    assert [one.key for one in again.new] == [one.key for one in again.withdrawn] == [journal("1155").key]
    assert {one.state for one in books.of_day(store, DAY)} == {"approved", "proposed"}
    assert len(books.of_day(store, DAY, states=["withdrawn"])) == 1


@pytest.mark.parametrize("who", ["Ana", "ana", " ANA "])
def test_the_preparer_does_not_approve_however_the_name_is_written(store: Store, who: str):
    propose(store, journal())
    with pytest.raises(NotAllowed, match="prepared it; another person approves"):
        books.approve(store, journal().key, journal().content, who, "checked")
    assert [one.state for one in books.of_day(store, DAY)] == ["proposed"]


def test_the_database_refuses_the_preparers_approval_even_of_somebody_who_writes_past_us(store: Store):
    propose(store, journal())
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(update(journals).values(state="approved", approved_by="ANA"))


def test_the_database_keeps_one_live_journal_a_key(store: Store):
    propose(store, journal())
    with store.begin() as connection:
        [row] = connection.execute(select(journals)).mappings()
        again = {name: value for name, value in row.items() if name != "seq"}
        connection.execute(insert(journals), {**again, "state": "withdrawn"})
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(insert(journals), {**again, "state": "posted"})


def test_what_changed_since_it_was_looked_at_is_not_approved(store: Store):
    propose(store, journal())
    assert not books.approve(store, journal().key, "another content", "bo", "checked")
    assert not books.approve(store, "another key", journal().content, "bo", "checked")


def test_a_posted_reversal_reverses_what_it_undoes_and_both_trails_stay(store: Store):
    propose(store, journal())
    posted(store, journal())
    undo = journal(key=f"{journal().key}|reversal", what="reverse", undoes=journal().key, content="r" * 16)
    anew = journal(version=2, cents=900, replaces=journal().key)
    propose(store, undo, anew)
    posted(store, undo, "13")
    posted(store, anew, "14")
    found = {one.key: one for one in books.of_day(store, DAY)}
    assert (found[journal().key].state, found[journal().key].undone_by) == ("reversed", undo.key)
    assert [one.version for one in books.history(store, DAY, "S001")[journal().name]] == [1, 2]
    assert [one.action for one in audit.entries(store, journal().key)] == [
        "journal proposed",
        "journal proposed -> approved",
        "journal approved -> posted",
        "journal posted -> reversed",
    ]
    assert audit.first_broken(store) is None


def test_what_a_month_had_approved_by_a_rule_is_added_up_without_what_was_withdrawn(store: Store):
    propose(store, journal(), journal("1155"))
    for one in (journal(), journal("1155")):
        books.approve(store, one.key, one.content, "rule small", "under it")
    assert books.approved_in_month(store, "2026-11", "rule small") == 1_400
    propose(store, journal())
    assert books.approved_in_month(store, "2026-11", "rule small") == 700
    assert books.approved_in_month(store, "2026-12", "rule small") == 0


def test_only_a_posted_store_day_is_signed_by_somebody_who_prepared_none_of_its_journals(store: Store):
    propose(store, journal())
    books.moved(store, DAY, "S001", Move("proposed", "1150 waits", GROUND, "store-day open -> proposed"))
    with pytest.raises(Refused, match="is proposed and cannot be signed: 1150 waits"):
        books.sign(store, DAY, "S001", "bo", "looked at")
    books.moved(store, DAY, "S001", Move("posted", "", GROUND, "store-day proposed -> posted"))
    with pytest.raises(NotAllowed, match="ana prepared its journals"):
        books.sign(store, DAY, "S001", "ana", "looked at")
    signed = books.sign(store, DAY, "S001", "bo", "looked at")
    assert (signed.state, signed.signed_on, signed.signed_head) == ("signed", GROUND, audit.head(store).hash)


def test_a_store_day_that_did_not_move_leaves_no_audit_row(store: Store):
    for _ in range(2):
        books.moved(store, DAY, "S001", Move("open", "not pulled", GROUND))
    assert audit.entries(store) == []
    assert books.get(store, DAY, "S001").because == "not pulled"


def test_a_signature_taken_back_is_in_the_audit_and_one_that_is_not_there_is_said(store: Store):
    books.moved(store, DAY, "S001", Move("posted", "", GROUND, "moved"))
    assert not books.reopen(store, DAY, "S001", "bo", "late ticket")
    books.sign(store, DAY, "S001", "bo", "looked at")
    assert books.reopen(store, DAY, "S001", "cy", "late ticket")
    last = audit.entries(store, f"store-day {DAY} S001")[-1]
    assert (last.actor, last.action) == ("cy", "store-day reopened")
    assert books.get(store, DAY, "S001").times_signed == 1


def test_rules_are_kept_whole_under_their_version(store: Store):
    for _ in range(2):
        books.save_rules(store, "1-abc", {"entries": "1", "accounts": {"cash": "1155"}})
    assert books.rules_of(store, "1-abc") == {"entries": "1", "accounts": {"cash": "1155"}}
    assert books.rules_of(store, "1-nil") is None


def test_two_who_propose_a_store_day_at_once_propose_it_once(store: Store):
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda who: propose(store, journal(prepared_by=who)), ("ana", "bo")))
    assert sorted(len(one.new) for one in done) == [0, 1]
    assert len(books.of_day(store, DAY)) == 1
