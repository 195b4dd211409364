"""Two months of forty stores closed date by date, every evening held against the truth: what a date takes.

The last dates must not take more than the first: nothing of a close may grow with the books behind it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.bench.figures import Figure
from tests.close_world.life import begun
from tests.close_world.shape import MEDIUM, Shape

FORTNIGHT = 14


def figures(folder: Path, shape: Shape = MEDIUM) -> Iterator[Figure]:
    """Raises RuntimeError for a world in which something was found to be wrong."""
    marks = [time.monotonic()]

    def tell(line: str) -> None:
        marks.append(time.monotonic())
        sys.stderr.write(f"{line}\n")

    with begun(shape, folder) as life:
        life.live(tell)
    if life.findings:
        raise RuntimeError(f"{len(life.findings)} findings, the first: {life.findings[0]}")
    took = [end - begin for begin, end in pairwise(marks)]
    name = f"{shape.size.stores} stores closed on {shape.days} dates"
    counted = {**life.counted, "chargebacks": life.bank.charged_back, "findings": len(life.findings)}
    yield from (Figure(name, what, count, "", better="") for what, count in counted.items())
    yield Figure(name, "a date happens and is closed", sum(took) / len(took), "s")
    first, last = (sum(some) / len(some) for some in (took[1 : FORTNIGHT + 1], took[-FORTNIGHT:]))
    yield Figure(name, "the last fortnight, a date", last, "s", "the first", first, "1.00")
