"""Two files of payments by a text key, 2 % of them different, for whole processes to compare.

Of the keys 0.5 % are on the left only and 0.5 % on the right only, 1 % of the amounts differ; four columns beside the
key, both sides shuffled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("amount_cents", "business_day", "store", "tender")
ONE_SIDED, CHANGED = 0.005, 0.01


def make(rows: int, folder: Path) -> None:
    """Write left.parquet and right.parquet."""
    rng = np.random.default_rng(rows)
    ids, part = rng.permutation(rows + int(2 * rows * ONE_SIDED)), int(rows * ONE_SIDED)
    amounts, days = rng.integers(100, 50_000, len(ids)), rng.integers(0, 62, len(ids))
    stores, tenders = rng.integers(1, 400, len(ids)), np.array(["visa", "mastercard", "amex", "debit", "cash"])
    tender = rng.integers(0, 5, len(ids))
    for name, which in (("left", np.arange(part, len(ids))), ("right", np.arange(len(ids) - part))):
        which = rng.permutation(which)  # noqa: PLW2901 - the same rows, shuffled
        amount = amounts[which].copy()
        if name == "right":
            amount[rng.random(len(amount)) < CHANGED] += 7
        table = {
            "key": pa.array([f"PAY-{one:012}" for one in ids[which]]),
            "amount_cents": amount,
            "business_day": days[which],
            "store": stores[which],
            "tender": pa.array(tenders[tender[which]].astype(object)),
        }
        pq.write_table(pa.table(table), folder / f"{name}.parquet")
