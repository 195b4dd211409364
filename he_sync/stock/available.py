"""Available to sell of one item at one location for one channel, as a sum whose every term says where it is from.

on hand (the owner's) + moved since - reserved - allocated (by policy) - committed + held by both - buffer + inbound.
What is below zero is published as zero and says its cause (reference accounting 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from he_sync.model.quantity import MILLI, from_milli
from he_sync.stock.figures import Cell, Figure, Inbound, Item, refuse_fractions
from he_sync.stock.policy import BASIS, Buffer, Policy

NO_CHANNEL = ""
"""What the location itself sells; buffers that name channels do not fit it."""


@dataclass(frozen=True)
class Term:
    """One summand, signed as it enters the sum."""

    name: str
    milli: int
    source: str
    at: datetime
    record: str
    why: str = ""


@dataclass(frozen=True)
class Answer:
    """`raw_milli` is the sum of the terms, `published_milli` what is offered; a kit has `parts` in place of terms.

    `noted` was looked at and not counted. `cause` says why more is owed than is there; empty where it is not. An item
    that can be ordered without stock is `orderable` with the day that can be promised.
    """

    sku: str
    location: str
    channel: str
    terms: tuple[Term, ...]
    raw_milli: int
    published_milli: int
    cause: str = ""
    orderable: bool = False
    promise: date | None = None
    noted: tuple[Term, ...] = ()
    parts: tuple[tuple[int, Answer], ...] = ()


def explain(item: Item, cell: Cell, policy: Policy, today: date, channel: str = NO_CHANNEL) -> Answer:
    """The answer for one cell. Raises BadRecord for a fraction of an item that is sold by whole units."""
    refuse_fractions(item, cell)
    there = [_term("on hand", cell.on_hand), *(_term("moved since", one) for one in cell.moved)]
    held = list(_held(cell, policy))
    buffer = _buffer(item, cell, policy.buffer(item.klass, cell.location, channel))
    soon, later = _inbound(cell, policy, today)
    counted = [_arriving(one, today) for one in soon]
    terms = (*there, *held, *buffer, *counted)
    raw = sum(term.milli for term in terms)
    published = max(0, raw)
    promise = None
    if item.lead_days is not None:
        promise = today if published else _promise(raw, later, today, item.lead_days)
    beside = [_term("on hand by the other system", cell.beside)] if cell.beside else []
    pending = (_term("movement planned", one) for one in cell.pending)
    noted = (*(_arriving(one, today) for one in later), *pending, *beside)
    cause = _cause(sum(term.milli for term in there), sum(term.milli for term in held), cell)
    orderable = published > 0 or promise is not None
    return Answer(cell.sku, cell.location, channel, terms, raw, published, cause, orderable, promise, noted)


def _term(name: str, figure: Figure, sign: int = 1, why: str = "") -> Term:
    return Term(name, sign * figure.milli, figure.source, figure.at, figure.record, why)


def _held(cell: Cell, policy: Policy) -> Iterator[Term]:
    """What orders hold in either system, and once back what both hold for the same orders."""
    ours = [_term("reserved", cell.reserved, -1)] if cell.reserved else []
    ours += [_term("allocated", cell.allocated, -1)] if cell.allocated and policy.allocated else []
    theirs = [_term("committed", cell.committed, -1)] if cell.committed else []
    yield from (*ours, *theirs)
    epicor, heartland = (-sum(term.milli for term in side) for side in (ours, theirs))
    both, why = shared(cell, policy, epicor, heartland)
    if both:
        oldest = min(term.at for term in (*ours, *theirs))
        yield Term("held by both", both, "epicor and heartland", oldest, _same_documents(cell), why)


def shared(cell: Cell, policy: Policy, epicor: int, heartland: int) -> tuple[int, str]:
    """How much of two totals is held for the same orders, and how that is known."""
    by_side = documents(cell)
    same = by_side["epicor"].keys() & by_side["heartland"].keys()
    proven = sum(min(side[key] for side in by_side.values()) for key in same)
    if policy.commitments == "documents":
        return max(0, min(proven, epicor, heartland)), "the smaller part of each order that both systems have"
    rest = (total - sum(side.values()) for total, side in zip((epicor, heartland), by_side.values(), strict=True))
    unnamed = min(max(0, one) for one in rest)
    why = "every order is in both systems, so the smaller total is in the larger"
    return max(0, min(proven + unnamed, epicor, heartland)), why


def documents(cell: Cell) -> dict[str, dict[str, int]]:
    """Milli by document and side, Epicor first."""
    found: dict[str, dict[str, int]] = {"epicor": {}, "heartland": {}}
    for one in cell.held:
        side = found[one.side]
        side[one.document] = side.get(one.document, 0) + one.figure.milli
    return found


def _same_documents(cell: Cell) -> str:
    by_side = documents(cell)
    return ", ".join(sorted(by_side["epicor"].keys() & by_side["heartland"].keys()))


def _buffer(item: Item, cell: Cell, rule: Buffer) -> Iterator[Term]:
    sold = cell.sold
    share = ceiling(max(0, cell.on_hand.milli) * rule.basis_points, BASIS)
    cover = ceiling(max(0, sold.figure.milli) * rule.days, sold.days) if sold else 0
    grain = 1 if item.fractional else MILLI
    kept = ceiling(max(rule.units * MILLI, share, cover), grain) * grain
    if kept:
        parts = [f"{rule.units} units"] if rule.units else []
        parts += [f"{rule.percent} % of {from_milli(cell.on_hand.milli)}"] if rule.percent else []
        parts += (
            [f"{rule.days} days of cover at {from_milli(sold.figure.milli)} in {sold.days}"]
            if rule.days and sold
            else []
        )
        source = sold.figure if sold and cover == max(rule.units * MILLI, share, cover) else cell.on_hand
        yield Term("buffer", -kept, "policy", source.at, source.record, f"the largest of {', '.join(parts)}")


def ceiling(amount: int, by: int) -> int:
    """The quotient, up to the next whole number; exact."""
    return -(-amount // by)


def _inbound(cell: Cell, policy: Policy, today: date) -> tuple[list[Inbound], list[Inbound]]:
    """What arrives in time, and what does not count: later, overdue, or not asked for."""
    last = today + timedelta(days=policy.inbound_days or 0)
    soon: list[Inbound] = []
    later: list[Inbound] = []
    for one in sorted(cell.inbound, key=lambda one: (one.due or date.max, one.figure.record)):
        counts = policy.inbound_days is not None and one.due is not None and today <= one.due <= last
        (soon if counts else later).append(one)
    return soon, later


def _arriving(one: Inbound, today: date) -> Term:
    overdue = one.due is not None and one.due < today
    return _term("inbound", one.figure, 1, f"due {one.due or 'on no known day'}" + (", overdue" if overdue else ""))


def _promise(raw: int, later: list[Inbound], today: date, lead_days: int) -> date:
    """The first day on which what arrives leaves something, at the latest when a new one is made."""
    made = today + timedelta(days=lead_days)
    for one in later:
        if one.due and today <= one.due < made:
            raw += one.figure.milli
            if raw > 0:
                return one.due
    return made


def _cause(there: int, held: int, cell: Cell) -> str:
    if there < 0:
        return f"{cell.on_hand.source} counts {from_milli(there)} on hand"
    if there + held < 0:
        return f"{from_milli(-held)} are held of {from_milli(there)} on hand"
    return ""
