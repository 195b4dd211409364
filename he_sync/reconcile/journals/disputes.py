"""Chargebacks, declined offline approvals, tolerances: each on its own watched account (reference accounting 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from he_sync.model.errors import BadRecord
from he_sync.model.money import show
from he_sync.model.retailer import Accounts
from he_sync.reconcile.journals.entry import At, Basis, Entry, lines_of

Stage = Literal["received", "won", "lost"]


@dataclass(frozen=True)
class Dispute:
    """A cardholder's dispute at one stage; `fee` only where the processor charged one at this stage.

    `refunded` is what the cardholder already had back: a lost dispute on top of a refund pays twice.
    """

    company: str
    mid: str
    case: str
    date: str
    stage: Stage
    amount: int
    clearing: str
    fee: int = 0
    refunded: int = 0


def dispute(case: Dispute, books: Accounts) -> Entry:
    """J6a to J6c. Raises BadRecord for a lost dispute of money that was already refunded."""
    if case.stage == "lost" and case.refunded:
        raise BadRecord(
            f"dispute {case.case}: {show(case.refunded)} was refunded and the dispute is lost; "
            "do not post it as a loss before the processor has answered about the double payment"
        )
    fee = (books.chargeback_fees, case.fee)
    moves = {
        "received": [(books.disputes, case.amount), fee, (case.clearing, -case.amount - case.fee)],
        "won": [(case.clearing, case.amount - case.fee), fee, (books.disputes, -case.amount)],
        "lost": [
            (books.chargeback_losses, case.amount),
            fee,
            (case.clearing, -case.fee),
            (books.disputes, -case.amount),
        ],
    }[case.stage]
    basis: Basis = "decision" if case.stage == "lost" else "report"
    return Entry(f"dispute_{case.stage}", case.company, case.mid, case.date, basis, lines_of(*moves), part=case.case)


def declined_offline(at: At, payment: str, cents: int, clearing: str, books: Accounts) -> Entry:
    """J13: a sale approved offline that the issuer declined later: a claim on the buyer, no longer on the processor."""
    lines = lines_of((books.rejected, cents), (clearing, -cents))
    return Entry("declined_offline", at.company, at.unit, at.date, "report", lines, part=payment)


def tolerance(at: At, match: str, left: int, clearing: str, books: Accounts) -> Entry:
    """J9: cents left on a full match, linked to it by its number; `left` is what clearing still holds, either sign."""
    lines = lines_of((books.differences, left), (clearing, -left))
    return Entry("tolerance", at.company, at.unit, at.date, "match", lines, part=match)
