"""How right an output folder is, held against a folder with truth.

A link or break counts by identity; "equal" counts it right as well where record and partner are others of the same
store and amount (equal twins cannot be told apart, and the money is right). A suggested link asserts nothing. A missing
deposit has no record to name, so it counts by its cents. `residual_unresolved` says that a cent could not be placed: it
is neither right nor a false exception, and its cents are shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.settlement_world.identities import EXPLAINED_BY, connect

RELATIONS = ("PL", "LB", "BD", "PG", "PS", "DG", "VO", "LD")
SUBJECTS = ("settlements", "chain", "orders", "inventory")  # "chain": settlements without stock
WITH_LINKS = SUBJECTS[:2]
UNRESOLVED = "residual_unresolved"
SUGGESTED = ("suggested", "ambiguous")
# What makes two records of a relation's left and right interchangeable.
TWINS = {
    "PL": ("pos_payments", "payment_id", "store_id, amount_cents", "settlement_lines", "line_id", "mid, gross_cents"),
    "PG": ("pos_payments", "payment_id", "store_id, amount_cents", "gl_lines", "gl_id", "store_id, amount_cents"),
    "BD": ("batches", "batch_id", "mid, payout_cents", "bank_lines", "bank_id", "bank_account, amount_cents"),
    "DG": ("bank_lines", "bank_id", "bank_account, amount_cents", "gl_lines", "gl_id", "store_id, amount_cents"),
}


@dataclass(frozen=True)
class Rate:
    """How many were found, how many of those are right, how many there were to find."""

    found: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        """Right among the found; 1 where nothing is found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Right among the true; 1 where there is nothing to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both, 1 where there is nothing to find and nothing is found."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


@dataclass(frozen=True)
class Score:
    """One run held against the truth."""

    pairs: dict[str, Rate]
    pairs_equal: dict[str, Rate]
    asserted: dict[str, Rate]
    classes: dict[str, Rate]
    classes_equal: dict[str, Rate]
    deposits: Rate  # card deposits whose lines are exactly the true ones
    blind_deposits: Rate
    blind: dict[int, Rate]  # by entity: asserted line-to-deposit links
    unexplained: dict[str, int]  # as the run says
    explained_wrong: dict[str, int]  # cents of the run's breaks minus cents of the labels, by identity
    unresolved: tuple[int, int]  # how many, absolute cents
    false_exceptions: int

    @property
    def macro_f1(self) -> float:
        """Mean of the classes' F1, each class alike."""
        return sum(one.f1 for one in self.classes.values()) / len(self.classes) if self.classes else 1.0

    @property
    def accepted_wrong(self) -> float:
        """Share of all asserted links that are wrong, equal twins apart."""
        found = sum(one.found for one in self.asserted.values())
        return sum(one.found - one.right for one in self.asserted.values()) / found if found else 0.0

    @property
    def all_blind(self) -> Rate:
        """All blind entities together."""
        rates = self.blind.values()
        return Rate(sum(one.found for one in rates), sum(one.right for one in rates), sum(one.true for one in rates))


def score(folder: Path, out: Path, subject: str = "settlements") -> Score:
    """Hold an output folder against a folder with truth. `subject`: the verb that wrote it."""
    with connect(folder) as connection:
        _load(connection, out, subject)
        summary = out / "summary.json"
        said = json.loads(summary.read_text()) if summary.is_file() else {}
        has_links = subject in WITH_LINKS
        pairs = {name: _rate(connection, _BY_ID, name) for name in RELATIONS} if has_links else {}
        return Score(
            pairs=pairs,
            pairs_equal={name: _equal(connection, name, pairs[name]) for name in pairs},
            asserted={name: _asserted(connection, name) for name in pairs},
            classes=_classes(connection, "record_id"),
            classes_equal=_classes(connection, "0"),
            deposits=_deposits(connection, "true") if has_links else Rate(0, 0, 0),
            blind_deposits=_deposits(connection, "blind") if has_links else Rate(0, 0, 0),
            blind=dict(_blind(connection)) if has_links else {},
            unexplained=said.get("unexplained_cents", {}),
            explained_wrong=dict(_explained(connection)),
            unresolved=_one(connection, _UNRESOLVED_CENTS),
            false_exceptions=_one(connection, _FALSE)[0],
        )


def _load(connection: duckdb.DuckDBPyConnection, out: Path, subject: str) -> None:
    """Truth and output in one shape. A batch that no report shows need not be found, but may; LD goes through it."""
    for name in ("links", "breaks"):
        path = next((one for suffix in ("parquet", "csv") if (one := out / f"{name}.{suffix}").is_file()), None)
        if path is not None:
            connection.execute(f"CREATE TABLE got_{name} AS FROM '{path}'")
    kept = {"settlements": "<> ''", "chain": "<> 'inventory'"}.get(subject, f"= '{subject}'")
    connection.execute(f'CREATE TABLE true_labels AS FROM labels WHERE "table" {kept}')
    if subject not in WITH_LINKS:
        return
    connection.execute(
        """CREATE TABLE true_links AS
        SELECT rel, left_id, right_id FROM links LEFT JOIN batches
            ON batch_id = CASE rel WHEN 'LB' THEN right_id WHEN 'BD' THEN left_id END
        WHERE rel NOT IN ('LB', 'BD') OR batch_id IS NOT NULL OR (rel, left_id, right_id) IN
            (SELECT (rel, left_id, right_id) FROM got_links)
        UNION ALL SELECT 'LD', lb.left_id, bd.right_id FROM links lb JOIN links bd ON bd.left_id = lb.right_id
        WHERE lb.rel = 'LB' AND bd.rel = 'BD'"""
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = connection.execute(sql).fetchone()
    return tuple(int(one or 0) for one in row) if row else (0, 0)


_UNRESOLVED_CENTS = f"""SELECT count(*), coalesce(sum(abs(delta_cents)), 0) FROM got_breaks
    WHERE break_class = '{UNRESOLVED}'"""
_FALSE = f"""SELECT count(*) FROM got_breaks ANTI JOIN true_labels USING (record_id, break_class)
    WHERE break_class NOT IN ('{UNRESOLVED}', 'missing_deposit')"""
_BY_ID = """
    SELECT (SELECT count(*) FROM got), (SELECT count(*) FROM got JOIN wanted USING (left_id, right_id)),
           (SELECT count(*) FROM wanted)"""
_BY_TWIN = """
    SELECT (SELECT sum(n) FROM got), (SELECT sum(least(got.n, wanted.n)) FROM got JOIN wanted USING (l, r)),
           (SELECT sum(n) FROM wanted)"""


def _rate(connection: duckdb.DuckDBPyConnection, sql: str, relation: str, only: str = "true") -> Rate:
    both = f"""WITH got AS (SELECT DISTINCT left_id, right_id FROM got_links WHERE rel = '{relation}' AND {only}),
        wanted AS (SELECT left_id, right_id FROM true_links WHERE rel = '{relation}')"""
    return Rate(*_one(connection, both + sql))


def _asserted(connection: duckdb.DuckDBPyConnection, relation: str) -> Rate:
    return _rate(connection, _BY_ID, relation, f"strength NOT IN {SUGGESTED}")


def _equal(connection: duckdb.DuckDBPyConnection, relation: str, plain: Rate) -> Rate:
    """The same where twins are interchangeable; relations without twins stay as they are."""
    if relation not in TWINS:
        return plain
    left, left_key, left_columns, right, right_key, right_columns = TWINS[relation]
    sides = [
        f"""{name} AS (SELECT coalesce(a.twin, left_id) AS l, coalesce(b.twin, right_id) AS r, count(*) AS n
            FROM (SELECT DISTINCT left_id, right_id FROM {source} WHERE rel = '{relation}')
            LEFT JOIN (SELECT {left_key} AS id, hash({left_columns}) AS twin FROM {left}) a ON a.id = left_id
            LEFT JOIN (SELECT {right_key} AS id, hash({right_columns}) AS twin FROM {right}) b ON b.id = right_id
            GROUP BY ALL)"""
        for name, source in (("got", "got_links"), ("wanted", "true_links"))
    ]
    return Rate(*_one(connection, f"WITH {', '.join(sides)} {_BY_TWIN}"))


def _classes(connection: duckdb.DuckDBPyConnection, record: str) -> dict[str, Rate]:
    """By (table, record, class); a missing deposit, and a twin, by class and cents."""
    key = f"CASE WHEN break_class = 'missing_deposit' THEN 0 ELSE {record} END"
    side = f"""SELECT "table", break_class, {key} AS id, CASE WHEN {key} = 0 THEN delta_cents END AS cents,
        count(*) AS n FROM {{}} WHERE break_class <> '{UNRESOLVED}' GROUP BY ALL"""
    rows = connection.execute(
        f"""SELECT coalesce(g.break_class, w.break_class), coalesce(sum(g.n), 0),
            coalesce(sum(least(coalesce(g.n, 0), coalesce(w.n, 0))), 0), coalesce(sum(w.n), 0)
        FROM ({side.format("got_breaks")}) g FULL JOIN ({side.format("true_labels")}) w
          ON g."table" = w."table" AND g.break_class = w.break_class AND g.id = w.id
         AND g.cents IS NOT DISTINCT FROM w.cents
        GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    return {name: Rate(int(found), int(right), int(true)) for name, found, right, true in rows}


_ENTITIES = """(SELECT l.line_id, s.entity_id, NOT s.batch_ids_in_report AS blind FROM settlement_lines l
    JOIN stores s ON l.mid = 7000000 + s.store_id)"""


def _deposits(connection: duckdb.DuckDBPyConnection, which: str) -> Rate:
    """A deposit is right where its lines, taken together, are the true ones."""
    side = f"""SELECT right_id, count(*) AS n, sum(hash(left_id)) AS lines FROM {{}} JOIN {_ENTITIES} e
        ON e.line_id = left_id WHERE rel = 'LD' AND {which} GROUP BY 1"""
    return Rate(
        *_one(
            connection,
            f"""WITH got AS ({side.format("got_links")}), wanted AS ({side.format("true_links")})
            SELECT (SELECT count(*) FROM got), (SELECT count(*) FROM got JOIN wanted USING (right_id, n, lines)),
            (SELECT count(*) FROM wanted)""",
        )
    )


def _blind(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, Rate]]:
    """Lines of blind entities: asserted, asserted rightly, and how many have a true deposit."""
    for entity, found, right, true in connection.execute(
        f"""SELECT e.entity_id, count(DISTINCT g.left_id), count(DISTINCT g.left_id) FILTER (w.left_id IS NOT NULL),
            count(DISTINCT t.left_id)
        FROM {_ENTITIES} e
        LEFT JOIN (FROM true_links WHERE rel = 'LD') t ON t.left_id = e.line_id
        LEFT JOIN (FROM got_links WHERE rel = 'LD' AND strength NOT IN {SUGGESTED}) g ON g.left_id = e.line_id
        LEFT JOIN (FROM true_links WHERE rel = 'LD') w ON w.left_id = g.left_id AND w.right_id = g.right_id
        WHERE e.blind GROUP BY 1 ORDER BY 1"""
    ).fetchall():
        yield int(entity), Rate(int(found), int(right), int(true))


def _explained(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    for name, classes in EXPLAINED_BY.items():
        sums = [
            f"(SELECT coalesce(sum(delta_cents), 0) FROM {source} WHERE break_class IN {(*classes, '')})"
            for source in ("got_breaks", "true_labels")
        ]
        yield name, _one(connection, f"SELECT {' - '.join(sums)}, 0")[0]
