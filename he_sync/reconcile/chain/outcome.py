"""What a run says: unexplained cents by identity, match rates, counts, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from he_sync.reconcile.chain.keys import Ints

GL, SETTLED, FEES, BANK = "gl_minus_pos", "settled_minus_pos_card", "fees_minus_schedule", "bank_minus_expected"
IDENTITIES = (GL, SETTLED, FEES, BANK)

LINK_COLUMNS = ("rel", "left_id", "right_id", "stage", "rule", "strength", "alternatives")
BREAK_COLUMNS = (
    "table",
    "record_id",
    "break_class",
    "related_id",
    "delta_cents",
    "confidence",
    "evidence",
    "age_days",
    "next_action",
)


@dataclass(frozen=True)
class Identity:
    """One closing equation, in cents: `difference` of both sides, what classified breaks explain, what is left."""

    difference: int
    explained: int

    @property
    def unexplained(self) -> int:
        """Cents that no break explains; 0 or the run fails (exit 3)."""
        return self.difference - self.explained


@dataclass(frozen=True)
class Summary:
    """The frozen result of one run; every count is of records unless its name says cents."""

    as_of: date
    identities: Mapping[str, Mapping[str, Identity]]  # identity -> currency -> cents
    rows: Mapping[str, int]
    links: Mapping[str, int]  # by relation
    links_by_rule: Mapping[str, int]  # "stage/rule" -> links
    breaks: Mapping[str, int]  # by class
    break_cents: Mapping[str, int]
    match_rates: Mapping[str, float]  # by relation, share of records that must match and do
    ambiguous: Mapping[str, float]  # by relation, share of links that are suggested, not asserted
    rules_version: str
    data_versions: Mapping[str, str]

    @property
    def unexplained_cents(self) -> dict[str, int]:
        """Unexplained cents by identity, currencies added in absolute value so that none hides another."""
        return {
            name: sum(abs(one.unexplained) for one in currencies.values())
            for name, currencies in self.identities.items()
        }

    @property
    def closes(self) -> bool:
        """Whether every identity closes to 0."""
        return not any(self.unexplained_cents.values())


@dataclass(frozen=True)
class Outcome:
    """Summary, and where links and breaks were written (None: kept out).

    `posted`: the bank lines that stand in the ledger, ascending, where the run still knows them; None: the links do.
    """

    summary: Summary
    written: tuple[str, ...] = ()
    taken_over: bool = False  # from an earlier run over the same books
    posted: Ints | None = None
