"""Pairs that are easily mistaken, by what they look like: what became of them in a run, without the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from he_sync.match.codes import Bools, Floats
from he_sync.match.compare import Levels
from he_sync.match.decide import ELSEWHERE, HOME, MATCH, NO, REVIEW, Decisions, generations, signs
from he_sync.match.levels import ADDRESS, BIRTH, EMAIL, FIRM, FIRST, LAST, PHONE


def traps(levels: Mapping[str, Levels], score: Floats, decision: Decisions, take: Bools) -> dict[str, dict[str, Any]]:
    """By trap the candidates in `take`, those that are expected to be one customer, and the decisions."""
    return {name: _counted(there & take, score, decision) for name, there in looks(levels).items()}


def looks(levels: Mapping[str, Levels]) -> dict[str, Bools]:
    """Which pairs look like each trap."""
    first, last, address = (levels[field.name] for field in (FIRST, LAST, ADDRESS))
    firm = FIRM.among(levels[FIRM.name], "same", "misspelt", "different")
    given = FIRST.among(first, "same", "short form", "misspelt") & ~firm
    family, home = LAST.among(last, "same", "misspelt"), ADDRESS.among(address, *HOME)
    relatives = FIRST.among(first, "different") & family & home & ~firm
    younger = BIRTH.among(levels[BIRTH.name], "a generation apart")
    contact = EMAIL.among(levels[EMAIL.name], "same") | PHONE.among(levels[PHONE.name], "same")
    return {
        "jr_sr": (generations(levels) | signs(levels)) & given & family & home,
        "twin": relatives & BIRTH.among(levels[BIRTH.name], "same"),
        "child": relatives & younger,
        "spouse or child": relatives & ~younger & ~BIRTH.among(levels[BIRTH.name], "same"),
        "moved": given & family & ADDRESS.among(address, *ELSEWHERE),
        "maiden": given & LAST.among(last, "different", "one part the same") & (contact | home),
        "branch": FIRM.among(levels[FIRM.name], "same", "misspelt") & ADDRESS.among(address, *ELSEWHERE),
    }


def _counted(there: Bools, score: Floats, decision: Decisions) -> dict[str, Any]:
    counts = np.bincount(decision[there], minlength=3)
    return {
        "candidates": int(there.sum()),
        "expected": round(float(score[there].sum()), 1),
        "match": int(counts[MATCH]),
        "review": int(counts[REVIEW]),
        "no": int(counts[NO]),
    }
