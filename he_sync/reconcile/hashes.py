"""Keys that are there twice, found by their 64-bit hashes."""

from __future__ import annotations

import duckdb

SORTED = 200_000
"""From this many rows on, sorting the hashes in numpy is faster than grouping them, the import of 0.1 s included."""


def repeated(connection: duckdb.DuckDBPyConnection, source: str, keys: str) -> list[int]:
    """Hashes that more than one row of a source has: a sort of 5M takes 0.2 s, a group-by 0.8 s and twice the memory.

    Rows of one key share a hash; a chance twin of another key is among them too, so compare keys afterwards.
    """
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {source}").fetchall()
    if rows < SORTED:
        grouped = connection.execute(
            f"SELECT hash({keys}) AS h FROM {source} GROUP BY h HAVING count(*) > 1"
        ).fetchall()
        return [int(one) for (one,) in grouped]
    import numpy as np  # noqa: PLC0415 - most verbs and files need not wait for it

    hashes = np.sort(connection.execute(f"SELECT hash({keys}) AS h FROM {source}").fetchnumpy()["h"])
    return [int(one) for one in hashes[1:][hashes[1:] == hashes[:-1]]]
