"""Asking the sources what changed, because no event is certain to come: overlapping, bounded, resumable.

A poll reads again what was new in the ten minutes before the last one, compares with what was announced, and puts into
the inbox what nobody told of. How often that happens is kept per source and hour: the missed-event rate.
"""

from he_sync.flows.polls.keeping import Polled, PollResult, missed
from he_sync.flows.polls.looking import poll_epicor, poll_heartland

__all__ = ["PollResult", "Polled", "missed", "poll_epicor", "poll_heartland"]
