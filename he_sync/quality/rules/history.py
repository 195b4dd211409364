"""What people decided, as a history: which rows they were against, in the order of time, and its later part."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from he_sync.model.errors import FixInput
from he_sync.quality.rules.breaking import Flags

EARLIER = 0.7
"""Share of the rows that a suggestion is made from; the later ones only test it."""
LEAST = 100
"""Rows of a history."""
AGAINST = ("rejected", "withdrawn", "declined", "refused", "changed", "corrected", "no", "false")
"""What a decision says where a person had to step in."""


@dataclass(frozen=True)
class History:
    """Rows in order of time; the first `earlier` of them are for making, the others for testing."""

    rows: pd.DataFrame
    earlier: int

    @property
    def is_later(self) -> Flags:
        """True for the rows that only test."""
        return np.arange(len(self.rows)) >= self.earlier


def history(name: str, frame: pd.DataFrame, date: str = "") -> History:
    """By the column `date`, else the first of dates, else as the file has them. Raises FixInput for too short a one."""
    if len(frame) < LEAST:
        raise FixInput(f"{name}: has {len(frame)} rows; a history that can be tested has {LEAST} or more")
    dates = [str(one) for one in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[one])]
    if date and date not in dates:
        raise FixInput(f"{name}: {date} is no column of dates; there are {', '.join(dates) or 'none'}")
    by = date or next(iter(dates), "")
    rows = frame.sort_values(by, kind="stable").reset_index(drop=True) if by else frame.reset_index(drop=True)
    return History(rows, int(EARLIER * len(rows)))


def column_of(name: str, frame: pd.DataFrame, given: str, likely: str) -> str:
    """The column that was named, else the first whose name is like it, "" for none. Raises FixInput for a wrong one."""
    if given and given not in frame.columns:
        raise FixInput(f"{name}: has no column {given}; it has {', '.join(map(str, frame.columns))}")
    fits = re.compile(likely, re.IGNORECASE)
    return given or next((str(one) for one in frame.columns if fits.search(str(one))), "")


def was_against(decisions: pd.Series, words: Collection[str]) -> Flags:
    """Rows whose decision is one of the words, whatever its case."""
    wanted = {word.strip().lower() for word in words}
    return np.asarray(decisions.astype(str).str.strip().str.lower().isin(wanted))
