"""Local clock of a store from UTC seconds, by the zone's own rules, without a Python object a row."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from he_sync.model.calendar import zone
from he_sync.reconcile.chain.keys import AnyInts, Ints

DAY_SECONDS = 86_400
HOUR = 3_600


def local_seconds(seconds: AnyInts, zones: AnyInts, names: list[str]) -> Ints:
    """Seconds since 1970 on the local clock; `zones` are places in `names`."""
    result = seconds.astype(np.int64)
    for place, name in enumerate(names):
        here = np.flatnonzero(zones == place)
        if len(here):
            starts, offsets = _offsets(name, int(seconds[here].min()), int(seconds[here].max()))
            result[here] += offsets[np.searchsorted(starts, seconds[here], side="right") - 1]
    return result


def _offsets(name: str, first: int, last: int) -> tuple[Ints, Ints]:
    """UTC seconds from which an offset holds, to the hour in which clocks change, and the offsets."""
    starts, offsets = [first], [_offset(name, first)]
    for moment in range(first - first % HOUR + HOUR, last + HOUR, HOUR):
        offset = _offset(name, moment)
        if offset != offsets[-1]:
            starts.append(moment)
            offsets.append(offset)
    return np.array(starts, np.int64), np.array(offsets, np.int64)


@lru_cache(maxsize=1 << 17)
def _offset(name: str, moment: int) -> int:
    shift = datetime.fromtimestamp(moment, UTC).astimezone(zone(name)).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0
