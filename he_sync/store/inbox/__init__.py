"""The inbox: every event that any source announced, once, from its receipt until it is answered.

    new -> taken -> done | quiet          answered, or there was nothing to do
           taken -> new                   tried again later, lost with its worker, or announced again meanwhile
           taken -> parked                bad input, too many failures
    new (its worker lost 5 times) -> parked as poison
    parked, done, quiet -> new            a person replays it; a newer event of the entity reopens bad input

An event is a hint that something about its entity changed: all that wait for an entity are taken together by one worker
and answered by one read. Only `taken` has a holder, proven by the token; every change of it checks that token.
"""

from he_sync.store.inbox.arriving import put, put_in
from he_sync.store.inbox.finishing import finish, hold, reopen, reopen_in, retry_later, settle
from he_sync.store.inbox.reading import by_entity, conflicts, count, find, get, listing, waiting_for
from he_sync.store.inbox.records import (
    MOST_FAILURES,
    MOST_LOST,
    Arrival,
    Conflict,
    Event,
    Kept,
    Outcome,
    Stale,
    Stored,
    Taken,
)
from he_sync.store.inbox.taking import due, due_in, take, take_in, waiting

__all__ = [
    "MOST_FAILURES",
    "MOST_LOST",
    "Arrival",
    "Conflict",
    "Event",
    "Kept",
    "Outcome",
    "Stale",
    "Stored",
    "Taken",
    "by_entity",
    "conflicts",
    "count",
    "due",
    "due_in",
    "find",
    "finish",
    "get",
    "hold",
    "listing",
    "put",
    "put_in",
    "reopen",
    "reopen_in",
    "retry_later",
    "settle",
    "take",
    "take_in",
    "waiting",
    "waiting_for",
]
