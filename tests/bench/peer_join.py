"""DuckDB's plain full outer join of two files by `key`, the other columns compared and counted; nothing is written.

`python -m tests.bench.peer_join LEFT RIGHT`.
"""

from __future__ import annotations

import sys

import duckdb

COUNTED = """
SELECT CASE WHEN r.key IS NULL THEN 'only left' WHEN l.key IS NULL THEN 'only right'
    WHEN l.amount_cents = r.amount_cents AND l.business_day = r.business_day AND l.store = r.store
        AND l.tender = r.tender THEN 'equal' ELSE 'differs' END AS kind, count(*)
FROM '{left}' l FULL JOIN '{right}' r ON l.key = r.key GROUP BY 1 ORDER BY 1
"""


def main(left: str, right: str) -> None:
    """Count and print."""
    with duckdb.connect() as connection:
        print(connection.execute(COUNTED.format(left=left, right=right)).fetchall())  # noqa: T201 - its result


if __name__ == "__main__":
    main(*sys.argv[1:])
