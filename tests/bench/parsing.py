"""Strict JSON against the standard library's, on one page of 500 tickets with lines and payments."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from he_sync.connect import strict_json
from he_sync.settings import read_settings
from he_sync.store.lake import Lake
from tests.bench.company import BULK_DAY
from tests.bench.pulling import Run

PAGE, REPEATS = 500, 15


@contextmanager
def of_a_page(entity: str) -> Iterator[Run]:
    """The best of some readings and writings of a page that an earlier pull left in the lake."""
    lake = Lake(read_settings().home / "lake")
    payloads = [text for _, text in islice(lake.payloads(entity, BULK_DAY.isoformat()), PAGE)]
    text = f"[{','.join(payloads)}]"
    exact, loose = strict_json.loads(text), json.loads(text)

    def run() -> dict[str, Any]:
        return {
            "rows": len(payloads),
            "bytes": len(text),
            "strict_loads": _best(lambda: strict_json.loads(text)),
            "loads": _best(lambda: json.loads(text)),
            "strict_dumps": _best(lambda: strict_json.dumps(exact)),
            "dumps": _best(lambda: json.dumps(loose, separators=(",", ":"))),
        }

    yield run


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest run: what other processes take can only be added."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)
