"""What the stages find: links between records, and breaks with their cause, collected to be written in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from he_sync.reconcile.chain.keys import AnyInts, Ints
from he_sync.reconcile.chain.outcome import BANK, GL, SETTLED
from he_sync.reconcile.chain.rules import built_in
from he_sync.reconcile.chain.tolerances import Allowance

RELATIONS = ("VO", "PL", "PG", "PS", "LB", "BD", "DG", "LD")  # the order in which they are complete
AUTOMATIC, SUGGESTED, TOLERATED = "automatic", "suggested", "within_tolerance"
UNRESOLVED = "residual_unresolved"

# Which identity a break's cents belong to, by table and class; the class "" stands for the others of the table.
IDENTITY_OF = {
    ("pos_payments", "missing_gl"): GL,
    ("pos_payments", "unsettled_payment"): SETTLED,
    ("gl_lines", ""): GL,
    ("settlement_lines", ""): SETTLED,
    ("bank_lines", ""): BANK,
}

ACTIONS = {
    "missing_gl": "post the payment to the ledger",
    "duplicate_posting": "reverse the second posting",
    "duplicate_order_push": "reverse the postings of the second document",
    "wrong_account": "reclassify to the tender's account",
    "wrong_amount_transposed": "reverse and post the payment's amount",
    "wrong_amount_sign": "reverse and post the payment's amount",
    "currency_rounding": "post the rounding difference",
    "timing_next_period": "move the posting to the business date's period",
    "unsettled_payment": "ask the processor for the settlement",
    "tip_adjust_lost": "send the tip adjustment again",
    "duplicate_settlement_line": "claim the second settlement back, or refund the customer",
    "offline_declined": "collect from the customer; book to rejected cards",
    "fee_overcharge": "claim the fee back from the processor",
    "orphan_refund": "find who refunded; dispute if nobody did",
    "missing_deposit": "ask the processor or the bank for the deposit",
    "short_deposit": "claim the shortfall",
    "order_tax_rounding": "add a rounding charge to the sales order",
    "order_discount_dropped": "add the discount to the sales order",
    "order_missing_in_erp": "create the sales order",
    "order_duplicate_push": "cancel the second sales order",
    UNRESOLVED: "review: no single cause explains it",
}


@dataclass(frozen=True)
class Block:
    """Links of one relation that one rule found."""

    left: Ints
    right: Ints
    stage: str
    rule: str
    strength: str
    alternatives: Ints | int


@dataclass(frozen=True)
class Break:
    """One exception; `day` is the day since 1970 from which its age counts."""

    table: str
    record: int
    kind: str
    related: int
    delta: int
    confidence: float
    evidence: str
    day: int
    currency: int
    identity: str  # whose cents it explains; "" for none


class Writer(Protocol):
    """Takes each relation's links once it is complete."""

    def write(self, relation: str, blocks: list[Block]) -> None:
        """Write a relation's links."""


@dataclass
class Found:
    """The collector that the stages write into."""

    writer: Writer | None = None
    allowance: Allowance = field(default_factory=lambda: Allowance(built_in()))
    links: dict[str, list[Block]] = field(default_factory=lambda: {relation: [] for relation in RELATIONS})
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # relation, stage, rule, strength
    breaks: list[Break] = field(default_factory=list)
    keep: bool = False  # links stay here after they are complete

    def part(self) -> Found:
        """A collector for a stage that runs beside others; `gather` puts the parts together in a fixed order."""
        return Found(self.writer, self.allowance, keep=self.keep)

    def gather(self, parts: Iterable[Found]) -> None:
        """Take over what the parts found, in the order given, whichever was done first."""
        for part in parts:
            self.counts.update(part.counts)
            self.breaks += part.breaks
            for relation, blocks in part.links.items():
                self.links[relation] += blocks

    def link(  # noqa: PLR0913 - the columns of a link
        self,
        relation: str,
        left: AnyInts,
        right: AnyInts,
        rule: tuple[str, str],
        *,
        strength: str = AUTOMATIC,
        alternatives: AnyInts | int = 0,
    ) -> None:
        """Add links by record ids; `rule` is (stage, rule)."""
        if len(left):
            ids = np.asarray(left, np.int64), np.asarray(right, np.int64)
            others = alternatives if isinstance(alternatives, int) else np.asarray(alternatives, np.int64)
            self.links[relation].append(Block(*ids, *rule, strength, others))

    def complete(self, *relations: str) -> None:
        """Nothing will be added to these relations: count, write and let them go."""
        for relation in relations:
            for block in self.links[relation]:
                self.counts[relation, block.stage, block.rule, block.strength] += len(block.left)
            if self.writer is not None:
                self.writer.write(relation, self.links[relation])
            if not self.keep:
                self.links[relation] = []

    def add(  # noqa: PLR0913 - the columns of a break
        self,
        table: str,
        kind: str,
        records: AnyInts,
        *,
        related: AnyInts,
        delta: AnyInts,
        evidence: Sequence[str],
        days: AnyInts,
        currency: AnyInts,
        confidence: float = 1.0,
        identity: str | None = None,
    ) -> None:
        """Add one break a record; `identity` where the table and class do not say whose cents it explains."""
        closes = IDENTITY_OF.get((table, kind), IDENTITY_OF.get((table, ""), "")) if identity is None else identity
        rows = zip(
            records.tolist(),
            related.tolist(),
            delta.tolist(),
            evidence,
            days.tolist(),
            currency.tolist(),
            strict=True,
        )
        self.breaks += [
            Break(table, record, kind, other, cents, confidence, text, when, money, closes)
            for record, other, cents, text, when, money in rows
        ]

    def one(  # noqa: PLR0913, PLR0917 - the columns of a break
        self, table: str, kind: str, record: int, cents: int, when: tuple[int, int], evidence: str, confidence: float
    ) -> None:
        """Add a single break; `when` is its day since 1970 and its currency code."""
        identity = IDENTITY_OF.get((table, kind), IDENTITY_OF.get((table, ""), ""))
        self.breaks.append(Break(table, record, kind, 0, cents, confidence, evidence, *when, identity))
