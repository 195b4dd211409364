"""The audit log cannot be changed unseen."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from he_sync.store import audit
from he_sync.store.database import Store
from he_sync.store.tables import audit as table

DROP = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER ALL"],
}


def write(store: Store, count: int) -> None:
    for number in range(count):
        with store.begin() as connection:
            audit.record(connection, "dana", "approved", f"effect {number}", {"amount": number})


def test_rows_follow_each_other_and_the_whole_chain_holds(store: Store) -> None:
    write(store, 3)
    rows = audit.entries(store)
    assert [row.previous for row in rows] == [audit.START, rows[0].hash, rows[1].hash]
    assert audit.first_broken(store) is None
    assert audit.head(store) == audit.Head(3, rows[2].hash)
    assert [row.seq for row in audit.entries(store, "effect 1")] == [2]


@pytest.mark.parametrize("statement", [delete(table), update(table).values(actor="nobody")])
def test_the_database_refuses_to_change_or_delete_a_row(store: Store, statement: object) -> None:
    write(store, 1)
    with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert audit.head(store).seq == 1


@pytest.mark.parametrize(
    ("tampering", "place"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = 9 WHERE seq = 4", 4),
    ],
)
def test_tampering_past_the_database_breaks_the_chain_at_its_place(store: Store, tampering: str, place: int) -> None:
    write(store, 4)
    with store.begin() as connection:
        for statement in (*DROP[connection.dialect.name], tampering):
            connection.execute(text(statement))
    assert audit.first_broken(store) == place


def test_a_cut_off_tail_shows_against_a_head_kept_elsewhere(store: Store) -> None:
    write(store, 3)
    signed = audit.head(store)
    with store.begin() as connection:
        for statement in (*DROP[connection.dialect.name], "DELETE FROM audit WHERE seq = 3"):
            connection.execute(text(statement))
    assert audit.first_broken(store) is None
    assert audit.head(store) != signed


def test_a_row_keeps_what_was_decided(store: Store) -> None:
    write(store, 1)
    with store.begin() as connection:
        row = connection.execute(select(table)).one()
    assert (row.actor, row.action, row.subject, row.detail) == ("dana", "approved", "effect 0", '{"amount":0}')
