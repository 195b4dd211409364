"""A store-day's way to its signature: open, complete, balanced, matched, proposed, posted, signed.

Where it stands is judged from facts, never remembered: each state is a check that the one before it has passed. What a
store-day stands on has a content hash; when that changes, its proposal and its signature no longer hold and it falls
back to where its checks still pass (reference accounting 4.7: de-certify when anything under it changes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["open", "complete", "balanced", "matched", "proposed", "posted", "signed"]
STATES: tuple[State, ...] = ("open", "complete", "balanced", "matched", "proposed", "posted", "signed")


@dataclass(frozen=True)
class Facts:
    """What is known of a store-day. `ground` are content hashes of what it stands on, by name.

    `missing`, `off`, `unmatched` and `unposted` are one-line reasons against a state. `proposed_on` and `signed_on` are
    the grounds that its journals were proposed from and its signature was given over; None: never.
    """

    ground: Mapping[str, str]
    missing: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    unposted: tuple[str, ...] = ()
    proposed_on: Mapping[str, str] | None = None
    signed_on: Mapping[str, str] | None = None
    signed_by: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a store-day stands and what keeps it from the next state; `decertified`: its signature holds no more."""

    state: State
    because: str
    decertified: bool = False


def judge(facts: Facts) -> Standing:
    """The last state whose checks, and all before them, pass."""
    reached: State = "open"
    for state, against in _checks(facts):
        if against:
            return Standing(reached, against, decertified=facts.signed_on is not None)
        reached = state
    return Standing(reached, "")


def _checks(facts: Facts) -> Iterator[tuple[State, str]]:
    """What is asked before each state, in order: the state and the reason against it, "" where it passes."""
    yield "complete", _first(facts.missing)
    yield "balanced", _first(facts.off)
    yield "matched", _first(facts.unmatched)
    yield "proposed", _proposal(facts)
    yield "posted", _first(facts.unposted)
    yield "signed", _signature(facts)


def _first(reasons: tuple[str, ...]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def _proposal(facts: Facts) -> str:
    if facts.signed_on is not None and (names := changed(facts.signed_on, facts.ground)):
        return f"{names} changed after {facts.signed_by} signed; reopen it with a reason, then propose"
    if facts.proposed_on is None:
        return "no journal is proposed yet"
    if names := changed(facts.proposed_on, facts.ground):
        return f"{names} changed since its journals were proposed; propose again"
    return ""


def _signature(facts: Facts) -> str:
    """Also of a ground that came back to what was signed: it is the same content, the signature is of that."""
    return "" if facts.signed_on is not None else "nobody has signed it yet"


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Names of what is not the same, joined for a sentence; "" where all is."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def transition(before: str, after: Standing) -> str:
    """What the audit says of a move from a state: "" where it stands where it stood."""
    states: tuple[str, ...] = STATES
    if before == after.state:
        return ""
    if states.index(after.state) > states.index(before):
        return f"store-day {before} -> {after.state}"
    return f"store-day {'de-certified' if before == 'signed' else 'fell back'}: {before} -> {after.state}"
