"""The customer master: who is one customer across both sides, with a stable id, a golden record and a history.

A record of Heartland or Epicor belongs to exactly one customer. A merge makes a tombstone that says where it went; it
can be taken back at any time, and restores members, links and unsent effects exactly. Every change is one transaction
with its event and its audit row, and names who did it and why. Households are a second answer, never a customer.
"""

from he_sync.store.master.decisions import Decision, constraints, decide, pair_of, standing
from he_sync.store.master.erasing import Erased, erase
from he_sync.store.master.merging import Done, merge, split, unmerge
from he_sync.store.master.reading import count, customer, history, living, whose
from he_sync.store.master.records import SIDES, Customer, Deed, Event, Record, number_named, record_named
from he_sync.store.master.reviews import Pair, side_by_side, skip, waiting
from he_sync.store.master.taking import Found, Taken, take
from he_sync.store.master.verifying import verify

__all__ = [
    "SIDES",
    "Customer",
    "Decision",
    "Deed",
    "Done",
    "Erased",
    "Event",
    "Found",
    "Pair",
    "Record",
    "Taken",
    "constraints",
    "count",
    "customer",
    "decide",
    "erase",
    "history",
    "living",
    "merge",
    "number_named",
    "pair_of",
    "record_named",
    "side_by_side",
    "skip",
    "split",
    "standing",
    "take",
    "unmerge",
    "verify",
    "waiting",
    "whose",
]
