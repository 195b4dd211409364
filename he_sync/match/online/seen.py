"""Patterns of a run's pairs after some left and others came: as if all pairs had been looked through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from he_sync.match.codes import Bools, Ints, Small, taken
from he_sync.match.compare import Levels
from he_sync.match.levels import FIELDS, FIRM, Field
from he_sync.match.online.index import Index, Seen
from he_sync.match.online.splice import Splice
from he_sync.match.patterns import Patterns, patterns
from he_sync.match.scoring import STRATA

FIRMS = [FIRM.at(level) for level in ("same", "misspelt", "different")]


def patterns_now(
    before: Index, splice: Splice, now: tuple[Mapping[str, Levels], Bools], anew: Ints
) -> tuple[dict[str, Patterns], Small]:
    """The patterns by stratum, and each pair's row among those of its stratum.

    `now` are the levels of all pairs and which are of companies; all but `anew` have the levels that they had.
    """
    levels, firms = now
    stay = np.zeros(splice.old, bool)
    stay[splice.source[np.setdiff1d(np.flatnonzero(splice.source < splice.old), anew, assume_unique=True)]] = True
    leaving = np.flatnonzero(~stay)
    of_firms = np.isin(before.levels[FIELDS.index(FIRM)][leaving], FIRMS)
    found, renamed, rows = {}, [], {}
    for name in STRATA:
        mine = anew[firms[anew] == (name == "companies")]
        fresh = patterns(before.learned.models[name].fields, levels, mine)
        left = before.row[leaving[of_firms == (name == "companies")]]
        found[name], old, own = _with(before.seen[name], left, fresh)
        renamed.append(old)
        rows[name] = (mine, own[fresh.row])
    row = splice.of(before.row, np.zeros(len(splice.came), np.int32))
    row += firms * np.int32(len(renamed[0]))
    row = taken(np.concatenate(renamed).astype(np.int32), row)
    for mine, own_rows in rows.values():
        row[mine] = own_rows
    return found, row


def _with(old: Seen, left: Small, fresh: Patterns) -> tuple[Patterns, Ints, Ints]:
    """The patterns that are there now, and the new row of each old one and of each that came; -1 for none."""
    codes = [_codes(fresh.fields, levels) for levels in (old.levels.astype(np.int64), fresh.levels)]
    every, at = np.unique(np.concatenate(codes), return_inverse=True)
    was, came = at[: len(codes[0])], at[len(codes[0]) :]
    counts = np.zeros(len(every), np.int64)
    counts[was] += old.counts - np.bincount(left, minlength=len(old.counts))
    counts[came] += fresh.counts
    used = counts > 0
    row = np.where(used, np.cumsum(used) - 1, -1)
    levels = np.zeros((len(fresh.fields), len(every)), np.int64)
    levels[:, was], levels[:, came] = old.levels, fresh.levels
    return Patterns(fresh.fields, levels[:, used], counts[used], np.zeros(0, np.int32)), row[was], row[came]


def _codes(fields: Sequence[Field], levels: Ints) -> Ints:
    """A pattern as one number, as `patterns` counts it."""
    code = np.zeros(levels.shape[1], np.int64)
    for field, level in zip(fields, levels, strict=True):
        code = code * len(field) + level
    return code
