"""Two rule sets over the same history: what is gained, lost, matched to another partner, and false where labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from he_sync.reconcile.chain.rules import RuleSet


@dataclass(frozen=True)
class Comparison:
    """Counts of links by relation, second rule set against the first, over one folder."""

    folder: Path
    gained: Mapping[str, int]
    lost: Mapping[str, int]
    changed: Mapping[str, int]  # same left record, another partner
    false_matches: Mapping[str, tuple[int, int]]  # first, second; only where the folder has truth in links


def backtest(rule_sets: Sequence[RuleSet], folders: Sequence[Path]) -> list[Comparison]:
    """Compare the first rule set with each other one, folder by folder."""
    raise NotImplementedError(rule_sets, folders)
