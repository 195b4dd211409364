"""Whose field it is: which side's change travels, which is put back, which a person decides.

Pure: two sides in, fields to write to each and conflicts out. Never the newer clock wins, never money is merged
(reference reliability 3.5). A flow file may name other owners; a field that nobody names does not travel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from he_sync.flows.echo import Side

Owner = Literal["heartland", "epicor", "either", "ask"]
"""`either`: the side that changed wins, both is a conflict. `ask`: every disagreement goes to a person."""
ForeignEdit = Literal["put_back", "ask"]
"""What becomes of an edit on the side that does not own the field."""
PERSON_DECIDES = "one side owns it"
"""The rule of a letter about a field on which a person must decide."""
SYSTEMS: tuple[Owner, Owner] = ("heartland", "epicor")
EMPTY: tuple[Any, ...] = ("", None)

CUSTOMER: Mapping[str, Owner] = {
    "name": "heartland",
    "email": "heartland",
    "phone": "heartland",
    "address": "heartland",
    "cust_id": "epicor",
    "terms": "epicor",
    "credit_limit": "epicor",
    "credit_hold": "epicor",
}
"""The shop knows the person, the ERP knows the account."""


def owners(said: Mapping[Any, Owner] | None = None) -> Mapping[str, Owner]:
    """Whose the fields of a customer are: CUSTOMER, and what a flow file says otherwise (`map.owners`)."""
    return {**CUSTOMER, **(said or {})}


@dataclass(frozen=True)
class Conflict:
    """A field on which a person must decide, with both values and the reason in plain words."""

    field: str
    heartland: Any
    epicor: Any
    reason: str


@dataclass(frozen=True)
class Decision:
    """Fields to write to each side, and what a person must decide."""

    to_heartland: Mapping[str, Any]
    to_epicor: Mapping[str, Any]
    conflicts: tuple[Conflict, ...] = ()

    @property
    def quiet(self) -> bool:
        """Nothing to write and nobody to ask."""
        return not (self.to_heartland or self.to_epicor or self.conflicts)


def decide(
    owners: Mapping[str, Owner], heartland: Side, epicor: Side, foreign_edit: ForeignEdit = "put_back"
) -> Decision:
    """What to write where. A field that one of the sides does not know is left alone."""
    to_heartland: dict[str, Any] = {}
    to_epicor: dict[str, Any] = {}
    conflicts = []
    for name, owner in owners.items():
        field = _Field(name, owner, heartland, epicor)
        if name not in heartland.now or name not in epicor.now or field.agreed:
            continue
        verdict = _verdict(field, foreign_edit)
        if verdict == "heartland":
            to_epicor[name] = heartland.now[name]
        elif verdict == "epicor":
            to_heartland[name] = epicor.now[name]
        elif verdict:
            conflicts.append(Conflict(name, heartland.now[name], epicor.now[name], verdict))
    return Decision(to_heartland, to_epicor, tuple(conflicts))


@dataclass(frozen=True)
class _Field:
    """One field as both sides have it."""

    name: str
    owner: Owner
    heartland: Side
    epicor: Side

    @property
    def agreed(self) -> bool:
        """Whether the sides will say the same, and no write of ours is about to bury an edit that nobody owns away."""
        buries = any(side.on_its_way(self.name) and side.moved(self.name) for side in (self.heartland, self.epicor))
        same: bool = self.heartland.expected(self.name) == self.epicor.expected(self.name)
        return same and not (buries and self.owner not in SYSTEMS)

    @property
    def moved(self) -> tuple[bool, bool]:
        return self.heartland.moved(self.name), self.epicor.moved(self.name)

    @property
    def first_meeting(self) -> bool:
        return self.heartland.memory is None or self.epicor.memory is None

    @property
    def values(self) -> tuple[Any, Any]:
        return self.heartland.now[self.name], self.epicor.now[self.name]


def _verdict(field: _Field, foreign_edit: ForeignEdit) -> str:
    """The side whose value wins, "" for nobody now, or the reason why a person must say."""
    if field.first_meeting:
        return _first(field)
    if not any(field.moved):
        return ""
    if field.owner == "ask":
        return "the field has no owner; set it on one side to what is right"
    if field.owner == "either":
        return _either(field)
    return _owned(field, foreign_edit)


def _owned(field: _Field, foreign_edit: ForeignEdit) -> str:
    """The owner's value, unless a person is to look at the other side's edit first, or a program fights with us."""
    ours, other = (field.heartland, field.epicor) if field.owner == "heartland" else (field.epicor, field.heartland)
    if ours.moved(field.name):
        return field.owner
    if foreign_edit == "ask":
        return f"{field.owner} owns the field and it was changed on the other side"
    if other.fights(field.name, ours.now[field.name]):
        return "it was put back several times and changed the same way again; find what changes it"
    return field.owner


def _either(field: _Field) -> str:
    """The side that changed; a change that meets our own write on its way is a change on both sides."""
    by_heartland, by_epicor = field.moved
    if by_heartland and by_epicor:
        return "both sides changed it since they last agreed"
    winner, loser = (field.heartland, "epicor") if by_heartland else (field.epicor, "heartland")
    if winner.on_its_way(field.name):
        return f"it was changed while a change from {loser} was on its way to it"
    return "heartland" if by_heartland else "epicor"


def _first(field: _Field) -> str:
    """Two records that were never compared: an empty field takes what there is, else the owner's value, else a person.

    Empty first: a field that the owner never filled in is no reason to lose what the other side knows.
    """
    known = [side for side, value in zip(SYSTEMS, field.values, strict=True) if value not in EMPTY]
    if len(known) == 1:
        return known[0]
    return field.owner if field.owner in SYSTEMS else "the sides never agreed on it"
