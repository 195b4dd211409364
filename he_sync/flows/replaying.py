"""Answering events again: which, what would come of it, and doing it. What was done already is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from he_sync.flows import history
from he_sync.flows.commit import NOBODY, answers
from he_sync.flows.run import Works, run_all
from he_sync.model.errors import FixInput
from he_sync.store import dead_letters, inbox, story
from he_sync.store.database import Store
from he_sync.store.inbox import Kept, Taken

AFRESH = frozenset({"item", "erp_part"})
"""Stock and prices: an old figure is no news, so that only the newest event of a record is replayed, and read afresh.
Orders, payments and customers are replayed as they were recorded, under the same ids and keys."""


@dataclass(frozen=True)
class Again:
    """What would come of a record's events if they were answered now."""

    entity: str
    events: tuple[int, ...]
    outcome: str
    would: str


def chosen(store: Store, names: Sequence[str], *, all_parked: bool = False, kind: str = "") -> list[Kept]:
    """The events that these names mean, each once. Raises FixInput for none."""
    if not names and not all_parked:
        raise FixInput("name what to replay, or say --all-parked")
    found = [kept for name in names for kept in inbox.by_entity(store, history.entity_of(store, name))]
    found += inbox.listing(store, "parked") if all_parked else []
    mine = {kept.event.seq: kept for kept in found if not kind or kept.event.entity.split(" ")[0] == kind}
    if not mine:
        raise FixInput("there is no such event; `he-sync events list --state parked` shows what is parked")
    return _by_policy(mine.values())


def numbered(store: Store, seqs: Iterable[int]) -> list[Kept]:
    """The events of these numbers under the same policy; numbers that nobody knows are left out."""
    return _by_policy(kept for seq in sorted(set(seqs)) if (kept := inbox.get(store, seq)))


def _by_policy(kept: Iterable[Kept]) -> list[Kept]:
    newest: dict[str, Kept] = {}
    as_recorded = []
    for one in sorted(kept, key=lambda each: each.event.seq):
        if one.event.entity.split(" ")[0] in AFRESH:
            newest[one.event.entity] = one
        else:
            as_recorded.append(one)
    return sorted([*as_recorded, *newest.values()], key=lambda each: each.event.seq)


def would(place: Works, events: Sequence[Kept]) -> list[Again]:
    """The flows over these events, kept nowhere."""
    now = datetime.now(UTC)
    taken = Taken(0, tuple(kept.event for kept in events), now)
    return [
        Again(
            one.entity,
            tuple(event.seq for event in one.events),
            one.outcome or "later",
            "; ".join(effect.summary for effect in one.effects) or one.note or NOBODY,
        )
        for one in answers(taken, run_all(place, taken.events, now))
    ]


def reopen(store: Store, events: Sequence[Kept], who: str, note: str) -> int:
    """Have events answered again, with their letters and a line in each story, in one transaction. Gives how many.

    Raises FixInput without a note of what was mended.
    """
    if not note:
        raise FixInput("say with --note what was mended; it is kept in the audit")
    seqs, now = [kept.event.seq for kept in events], datetime.now(UTC)
    told = [story.Step(kept.event.entity, now, "replayed", f"by {who}: {note}", "", kept.event.seq) for kept in events]

    def again(connection: Any) -> int:
        story.tell(connection, told)
        dead_letters.answered_in(connection, seqs, f"replayed: {note}")
        return inbox.reopen_in(connection, seqs, who, note)

    return store.run(again)
