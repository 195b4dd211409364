"""Effects: every change to Heartland or Epicor as one row with a deterministic key and a state.

    planned -> intent -> confirmed                 waiting_approval -> planned      (a person, or the limit)
               intent -> rejected                  the other side said a definite no
               intent -> planned                   nothing left our side; later again
               intent -> doubtful -> confirmed     looked up after the quarantine and found
                         doubtful -> intent        looked up and absent: the same key once more
                         doubtful -> parked        found twice, or too many attempts
    rejected -> planned, parked -> doubtful        a person mended the cause; what may have landed is looked up first
    any of these -> withdrawn                      a person decides that it is never sent

`intent` is committed before the first byte leaves; every UPDATE that ends it checks the fencing token and the state,
and says whether it held (reference reliability 3.3, R1-R7). An entity's effects go one at a time in the order in which
they were planned: whatever is not confirmed or withdrawn holds up those behind it, of the same entity only (3.4).

Sending is not here: a worker claims, sends, and reports how it went.
"""

from he_sync.store.effects.claiming import claim, claim_many, resume_doubtful, resume_doubtful_many
from he_sync.store.effects.decisions import approve, release, withdraw, withdraw_in
from he_sync.store.effects.planning import plan, plan_in
from he_sync.store.effects.reading import confirmed_since, find, listing, references, waiting_for
from he_sync.store.effects.records import (
    DONE,
    IN_FLIGHT,
    MAX_ATTEMPTS,
    QUARANTINE,
    WAITS_FOR_A_PERSON,
    Claimed,
    Effect,
    Planned,
    Status,
    effect_key,
)
from he_sync.store.effects.work import confirm, confirm_many, doubt, park, postpone, reject, send_again

__all__ = [
    "DONE",
    "IN_FLIGHT",
    "MAX_ATTEMPTS",
    "QUARANTINE",
    "WAITS_FOR_A_PERSON",
    "Claimed",
    "Effect",
    "Planned",
    "Status",
    "approve",
    "claim",
    "claim_many",
    "confirm",
    "confirm_many",
    "confirmed_since",
    "doubt",
    "effect_key",
    "find",
    "listing",
    "park",
    "plan",
    "plan_in",
    "postpone",
    "references",
    "reject",
    "release",
    "resume_doubtful",
    "resume_doubtful_many",
    "send_again",
    "waiting_for",
    "withdraw",
    "withdraw_in",
]
