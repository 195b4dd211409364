"""Any two relations by key: which rows stand on one side only, which columns differ, which rows are one too many.

One full outer join counts and collects what differs in the same pass. Its own counts say whether a key is there twice:
p and q rows of a key make p*q pairs, and p + q rows less p*q pairs are p*q pairs again only for p = q = 1. Only then
the rows of repeated keys are read once more and paired by best: the pair that agrees in more, first columns counting
most; what is left over is a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import duckdb

from he_sync.model.errors import FixInput
from he_sync.reconcile.hashes import repeated

Connection = duckdb.DuckDBPyConnection
RESULT = "differences"
EXHAUSTIVE = 4
"""Up to this many columns every combination of equal ones is tried in order of worth, beyond it only the first n."""


@dataclass(frozen=True)
class Compared:
    """What a comparison counted, in rows; `equal` and `differs` are pairs."""

    left: int
    right: int
    equal: int
    differs: int
    only_left: int
    only_right: int
    duplicate_left: int
    duplicate_right: int


@dataclass(frozen=True)
class Sides:
    """Two relations (what goes after FROM), the columns that name a row, the columns that must agree."""

    left: str
    right: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def compare(connection: Connection, sides: Sides) -> Compared:
    """Compare into the temporary table `differences`, one row for each finding.

    Its columns: the key's, `what` (only_left, only_right, differs, duplicate_left, duplicate_right), `columns` that
    differ, and `left_x`, `right_x` for each compared column x. Raises FixInput for rows without a key.
    """
    left, right = (
        _keyed_rows(connection, "left", sides.left, sides.key),
        _keyed_rows(connection, "right", sides.right, sides.key),
    )
    pairs, matched = _join(connection, sides)
    found = "(SELECT row.* FROM (SELECT unnest(rows) AS row FROM joined))"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {RESULT} AS {_findings(sides, found)}")
    connection.execute("DROP TABLE joined")
    again = 0
    if pairs != left + right - matched:
        again, matched_again = _repeated(connection, sides)
        matched += again - matched_again
    counts = dict(connection.execute(f"SELECT what, count(*) FROM {RESULT} GROUP BY what").fetchall())
    differs = counts.get("differs", 0)
    names = ("only_left", "only_right", "duplicate_left", "duplicate_right")
    return Compared(left, right, matched - differs, differs, *(counts.get(name, 0) for name in names))


def _count(connection: Connection, source: str) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {source}").fetchall()
    return int(rows)


def _keyed_rows(connection: Connection, name: str, source: str, key: tuple[str, ...]) -> int:
    counts = ", ".join(f'count(*) - count("{column}")' for column in key)
    ((rows, *without),) = connection.execute(f"SELECT count(*), {counts} FROM {source}").fetchall()
    for column, count in zip(key, without, strict=True):
        if count:
            raise FixInput(f"{name} side: {count} rows have no {column}; a comparison by key needs one in every row")
    return int(rows)


def _equal(names: Sequence[str], left: str = "l", right: str = "r", operator: str = "=") -> str:
    return " AND ".join(f'{left}."{name}" {operator} {right}."{name}"' for name in names) or "true"


def _join(connection: Connection, sides: Sides) -> tuple[int, int]:
    """Pairs and matched pairs of the join; the pairs that differ go to the table `joined`, as one list."""
    both = f'l."{sides.key[0]}" IS NOT NULL AND r."{sides.key[0]}" IS NOT NULL'
    same = _equal(sides.columns, operator="IS NOT DISTINCT FROM")
    parts = [f'{side}_{number}: {side}."{name}"' for side in "lr" for number, name in enumerate(_names(sides))]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE joined AS SELECT count(*) AS pairs, count(*) FILTER ({both}) AS matched,"
        f" list({{{', '.join(parts)}}}) FILTER (NOT (({both}) AND {same})) AS rows"
        f" FROM {sides.left} l FULL JOIN {sides.right} r ON {_equal(sides.key)}"
    )
    ((pairs, matched),) = connection.execute("SELECT pairs, matched FROM joined").fetchall()
    return pairs, matched


def _names(sides: Sides) -> tuple[str, ...]:
    return (*sides.key, *sides.columns)


def _findings(sides: Sides, source: str) -> str:
    """SELECT of findings from rows with l_0.. and r_0.. in the order of key and columns."""
    keys, first = range(len(sides.key)), len(sides.key)
    gone = {side: f"{side}_0 IS NULL" for side in "lr"}
    key = [f'coalesce(l_{number}, r_{number}) AS "{sides.key[number]}"' for number in keys]
    wrong, values = [], []
    for number, name in enumerate(sides.columns, first):
        wrong.append(f"CASE WHEN l_{number} IS DISTINCT FROM r_{number} THEN '{name}' END")
        values += [f'l_{number} AS "left_{name}"', f'r_{number} AS "right_{name}"']
    what = f"CASE WHEN {gone['l']} THEN 'only_right' WHEN {gone['r']} THEN 'only_left' ELSE 'differs' END AS what"
    columns = f"CASE WHEN {gone['l']} OR {gone['r']} THEN '' ELSE concat_ws(' ', {', '.join(wrong)}) END AS columns"
    return f"SELECT {', '.join([*key, what, columns, *values])} FROM {source}"


def _repeated(connection: Connection, sides: Sides) -> tuple[int, int]:
    """Replace the findings of repeated keys by those of the best pairs; gives pairs found and pairs of the join."""
    keys = ", ".join(f'"{name}"' for name in sides.key)
    hashes = sorted({one for side in (sides.left, sides.right) for one in repeated(connection, side, keys)})
    for side, source in (("l", sides.left), ("r", sides.right)):
        names = ", ".join(f'"{name}"' for name in _names(sides))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {side}_twice AS SELECT {names}, row_number() OVER (ORDER BY {names}) AS n"
            f" FROM {source} WHERE hash({keys}) IN (SELECT unnest(?::UBIGINT[]))",
            [hashes],
        )
    crossed = _count(connection, f"l_twice l JOIN r_twice r ON {_equal(sides.key)}")
    _pair(connection, sides)
    pairs = _count(connection, "paired")
    for side in "lr":
        connection.execute(f"DELETE FROM {RESULT} WHERE ({keys}) IN (SELECT ({keys}) FROM {side}_twice)")
    _add_paired(connection, sides)
    for table in ("l_twice", "r_twice", "paired"):
        connection.execute(f"DROP TABLE {table}")
    return pairs, crossed


def _pair(connection: Connection, sides: Sides) -> None:
    """One row with one row, most equal columns first: each pass joins what is left on the key and some columns."""
    connection.execute("CREATE OR REPLACE TEMP TABLE paired (l BIGINT, r BIGINT)")
    for equal in _combinations(sides.columns):
        group = ", ".join(f'"{name}"' for name in (*sides.key, *equal))
        side = (
            "(SELECT *, row_number() OVER (PARTITION BY {group} ORDER BY n) AS place FROM {name}_twice"
            " WHERE n NOT IN (SELECT {name} FROM paired))"
        )
        left, right = (side.format(group=group, name=name) for name in "lr")
        connection.execute(
            f"INSERT INTO paired SELECT l.n, r.n FROM {left} l JOIN {right} r ON {_equal(sides.key)}"
            f" AND {_equal(equal, operator='IS NOT DISTINCT FROM')} AND l.place = r.place"
        )


def _combinations(columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Columns that agree, best first: a column outweighs all that come after it."""
    if len(columns) > EXHAUSTIVE:
        yield from (columns[:count] for count in range(len(columns), -1, -1))
        return
    for choice in product((True, False), repeat=len(columns)):
        yield tuple(name for name, chosen in zip(columns, choice, strict=True) if chosen)


def _add_paired(connection: Connection, sides: Sides) -> None:
    names = _names(sides)
    taken = {side: [f'{side}."{name}" AS {side}_{number}' for number, name in enumerate(names)] for side in "lr"}
    same = _equal(sides.columns, operator="IS NOT DISTINCT FROM")
    pairs = (
        f"(SELECT {', '.join(taken['l'] + taken['r'])} FROM paired p JOIN l_twice l ON l.n = p.l"
        f" JOIN r_twice r ON r.n = p.r WHERE NOT ({same}))"
    )
    connection.execute(f"INSERT INTO {RESULT} {_findings(sides, pairs)}")
    for side, other, what in (("l", "r", "left"), ("r", "l", "right")):
        mine = [f'{side}."{name}"' for name in sides.key]
        values = [f'{side}."{name}"' if here == side else "NULL" for name in sides.columns for here in ("l", "r")]
        known = f"EXISTS (SELECT 1 FROM {other}_twice o WHERE {_equal(sides.key, side, 'o')})"
        kind = f"CASE WHEN {known} THEN 'duplicate_{what}' ELSE 'only_{what}' END"
        connection.execute(
            f"INSERT INTO {RESULT} SELECT {', '.join([*mine, kind, chr(39) * 2, *values])} FROM {side}_twice {side}"
            f" WHERE n NOT IN (SELECT {side} FROM paired)"
        )
