"""The conflict queue: everything where two sides, two programs or two bodies say different things, in one list.

Bodies that differ under one name are kept by the store (store/conflicts.py). A field that a person must decide on is a
letter; a value that somebody changed between our reading and our writing is a parked effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, and_, or_, select

from he_sync.flows.ownership import PERSON_DECIDES
from he_sync.flows.writers.bench import WHICH_STANDS
from he_sync.model.errors import FixInput
from he_sync.store import audit, conflicts, dead_letters, effects
from he_sync.store.canonical import canonical_json, content_hash
from he_sync.store.database import Store
from he_sync.store.effects import Effect, Status
from he_sync.store.tables import effects as table

Stands = Literal["ours", "theirs"]


@dataclass(frozen=True)
class Open:
    """One open conflict: `what` in plain words, both contents, and what a person does about it."""

    name: str
    entity: str
    what: str
    first: str
    other: str
    to_do: str


def queue(store: Store) -> list[Open]:
    """Everything that is open, the store's first."""
    return [*_bodies(store), *_fields(store), *_edits(store)]


def settle(store: Store, name: str, who: str, note: str, stands: Stands | None = None) -> None:
    """Close a conflict with a reason, which the audit keeps.

    `stands` says of an edit whose value it is to be, and of nothing else. Raises FixInput for a name that is not open,
    for an edit of which that is not said, and for ours where a later change of the record waits behind it.
    """
    one = next((each for each in queue(store) if each.name == name), None)
    if one is None:
        raise FixInput(f"no open conflict is called {name!r}; `he-sync events conflicts list` shows them")
    if name.startswith("edit-") != (stands is not None):
        raise FixInput(f"{name} is settled {'without' if stands else 'with'} --stands: {one.to_do}")
    if not _settled(store, name, who, note, stands):
        raise FixInput(f"{name} was settled by somebody else just now")


def _settled(store: Store, name: str, who: str, note: str, stands: Stands | None) -> bool:
    kind, _, number = name.partition("-")
    if kind == "edit":
        status = next((each for each in _parked_edits(store) if each.effect.key.startswith(number)), None)
        return status is not None and store.run(
            lambda connection: _decided(connection, status.effect, who, note, ours=stands == "ours")
        )
    if kind == "field":
        return dead_letters.resolve(store, int(number), who, note)
    return conflicts.settle(store, name, who, note)


def _decided(connection: Connection, one: Effect, who: str, note: str, *, ours: bool) -> bool:
    """Theirs: ours is never sent. Ours: sent once more under a key of its own, over whatever is there by then."""
    if ours and _something_waits(connection, one):
        raise FixInput(f"a later change of {one.entity} waits behind this one; let theirs stand, the later one follows")
    if not effects.withdraw_in(connection, one.key, who, note):
        return False
    if ours:
        key = content_hash([one.key, "ours stands"])
        again = replace(one, key=key, body=_without_was(one.body), limit_ok=True, waits_because="")
        effects.plan_in(connection, [again])
    audit.record(connection, who, "conflict settled", one.key, {"note": note, "stands": "ours" if ours else "theirs"})
    return True


def _something_waits(connection: Connection, one: Effect) -> bool:
    open_ones = table.c.state.not_in(effects.DONE)
    mine = select(table.c.seq).where(table.c.key == one.key).scalar_subquery()
    behind = or_(and_(table.c.entity == one.entity, table.c.seq > mine), table.c.depends_on == one.key)
    return connection.execute(select(table.c.key).where(open_ones, behind).limit(1)).first() is not None


def _without_was(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_was(inner) for name, inner in value.items() if name != "was"}
    return [_without_was(inner) for inner in value] if isinstance(value, list) else value


def _bodies(store: Store) -> Iterator[Open]:
    to_do = {
        "event": "the first stands and the record is read as it is; tell the sender, then settle this",
        "effect": "the first stands; withdraw it with `he-sync effects withdraw` where the other is right, then settle",
    }
    for one in conflicts.listing(store):
        yield Open(one.name, one.entity, one.of, one.first, one.other, to_do[one.kind])


def _fields(store: Store) -> Iterator[Open]:
    """Letters about a field on which both sides differ; both values stand in the text."""
    to_do = "set the field on one side to what is right; that closes it, or settle it here"
    for kept in dead_letters.listing(store, rule=PERSON_DECIDES):
        yield Open(f"field-{kept.number}", kept.letter.record, kept.letter.plain, kept.letter.payload, "", to_do)


def _edits(store: Store) -> Iterator[Open]:
    for status in _parked_edits(store):
        one = status.effect
        to_do = "`--stands ours` writes ours over it, `--stands theirs` leaves what is there"
        was, wanted = canonical_json(one.body.get("was", {})), canonical_json(_without_was(one.body))
        yield Open(f"edit-{one.key[:10]}", one.entity, status.reason, was, wanted, to_do)


def _parked_edits(store: Store) -> list[Status]:
    return [one for one in effects.listing(store, states=["parked"]) if one.reason.endswith(WHICH_STANDS)]
