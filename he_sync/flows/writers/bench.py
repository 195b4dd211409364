"""What every writer works with, and what one is.

`find` only reads: it asks the other side for what carries the effect's key and is complete, and gives its reference, or
None. `write` gives the reference too; it may be begun again after it broke off anywhere, because it reads what is there
first and adds only what is missing. A look-up reads header sets only: a child set answers from a window of parents
(reference epicor 2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from he_sync.connect.epicor_answers import same
from he_sync.connect.systems import Systems
from he_sync.model.errors import BrokenPromise, HeSyncError, Refused
from he_sync.model.retailer import Retailer

Body = dict[str, Any]
Asked = Sequence[tuple[str, Body]]
Found = dict[str, "str | HeSyncError"]
Written = Sequence[tuple[str, Body, str]]
WHICH_STANDS = "decide which one stands"
"""How the reason of an effect ends that was parked because somebody changed what it is about to change."""
UNSEEN: Any = object()
"""Nothing is known about an effect: whoever writes it must look first."""


@dataclass(frozen=True)
class Bench:
    """What a writer works with: the systems, the profile, and the ERP number of a sale by its owner.

    Attributes:
        references_of: the same for many owners in one call; without it they are asked one by one.
        way: how sales orders are created: by composite POST, or by the customer's Epicor Function.
        key_column: a column of OrderHed that carries the effect's key; empty where the company has none.
        standing: what a look-up of this bench found unfinished, by key, None where there was nothing; each is used by
            the write that follows it, once.
        customers: CustNum by CustID, which never changes.
    """

    systems: Systems
    retailer: Retailer
    reference_of: Callable[[str], str | None]
    references_of: Callable[[Collection[str]], Mapping[str, str]] | None = None
    way: Literal["composite", "function"] = "composite"
    key_column: str = ""
    standing: dict[str, Any] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)

    def ready_in(self, target: str) -> float:
        """Seconds until a system may be called; 0 for one that is not throttled and not down."""
        clients = {"heartland": self.systems.heartland.ready_in, "epicor": self.systems.epicor.ready_in}
        return clients[target]() if target in clients else 0.0

    def numbers(self, owners: Iterable[str]) -> Mapping[str, str]:
        """ERP order numbers by owner; one that has none is left out."""
        wanted = list(dict.fromkeys(owners))
        if self.references_of is not None:
            return self.references_of(wanted)
        return {owner: number for owner in wanted if (number := self.reference_of(owner))}


@dataclass(frozen=True)
class Writer:
    """One kind of effect.

    `find_many` looks up many in as few calls as addresses allow: what it leaves out is not there. `verify_many` reads
    back what was written, many in one call, and gives what is wrong by key; with it, `write` leaves that to it.
    """

    find: Callable[[Bench, str, Body], str | None]
    write: Callable[[Bench, str, Body], str]
    find_many: Callable[[Bench, Asked], Found] | None = None
    verify_many: Callable[[Bench, Written], dict[str, HeSyncError]] | None = None


def mark(key: str) -> str:
    """The part of an effect's key that fits into a reference text of the other side."""
    return f"HE {key[:20]}"


def one_of(found: Found, key: str) -> str | None:
    """The answer of a look-up of many about one of them. Raises what it found wrong."""
    answer = found.get(key)
    if isinstance(answer, HeSyncError):
        raise answer
    return answer


def number_of(bench: Bench, owner: str) -> int:
    """The Epicor order of a sale. Raises Refused where none was created."""
    number = bench.reference_of(owner)
    if not number:
        raise Refused(f"{owner} has no sales order in Epicor; create it first or withdraw this change")
    return int(number)


def stored(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a row says all of this already; of fields within a field, those that are wanted."""
    return all(
        stored(row.get(name) or {}, value) if isinstance(value, dict) else same(row.get(name), value)
        for name, value in wanted.items()
    )


def refuse_conflict(what: str, row: Mapping[str, Any], wanted: Mapping[str, Any], was: Mapping[str, Any]) -> None:
    """Raises BrokenPromise, which parks, where a field is neither as we read it nor as we would write it.

    Somebody changed it in between; who is right is a person's question, and both values are named for it. Blanks around
    a text, and no text at all, are no change: what was read went through a contract that trims.
    """
    for name, value in wanted.items():
        now = _trimmed(row.get(name))
        if name in was and not same(now, _trimmed(was[name])) and not same(now, _trimmed(value)):
            found, read, ours = (_shown(one) for one in (row.get(name), was[name], value))
            said = f"{name} is {found}, was {read} when it was read, and would become {ours}"
            raise BrokenPromise(f"{what}: {said}; {WHICH_STANDS}")


def _trimmed(value: Any) -> Any:
    return "" if value is None else value.strip() if isinstance(value, str) else value


def _shown(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)
