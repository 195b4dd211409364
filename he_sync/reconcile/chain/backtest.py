"""Two rule sets over the same history: what is gained, lost, matched to another partner, and false where labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from he_sync.reconcile.chain.rules import RuleSet

if TYPE_CHECKING:
    import duckdb

# One row a relation: links only in the second run, only in the first, and left records with another partner.
COMPARED = """
with a as (select * from '{a}' where strength <> 'suggested'), b as (select * from '{b}' where strength <> 'suggested'),
  gone as (select rel, left_id from a anti join b using (rel, left_id, right_id)),
  new as (select rel, left_id from b anti join a using (rel, left_id, right_id))
select rel, coalesce(gained, 0), coalesce(lost, 0), coalesce(changed, 0)
from (select distinct rel from (select rel from a union all select rel from b))
left join (select rel, count(*) as gained from new anti join gone using (rel, left_id) group by rel) using (rel)
left join (select rel, count(*) as lost from gone anti join new using (rel, left_id) group by rel) using (rel)
left join (select rel, count(distinct left_id) as changed from new semi join gone using (rel, left_id) group by rel)
  using (rel)
order by rel
"""
# Links that the truth contradicts: it knows the left record of that relation, with other partners only.
FALSE = """
select rel, count(*)
from (select * from '{a}' where strength <> 'suggested') anti join truth using (rel, left_id, right_id)
where (rel, left_id) in (select (rel, left_id) from truth) group by rel order by rel
"""


@dataclass(frozen=True)
class Comparison:
    """Counts of asserted links by relation, one rule set against the first, over one folder."""

    folder: Path
    rules: str
    gained: Mapping[str, int]
    lost: Mapping[str, int]
    changed: Mapping[str, int]  # same left record, another partner
    false_matches: Mapping[str, tuple[int, int]]  # first, second; only where the folder has truth in links


def backtest(rule_sets: Sequence[RuleSet], folders: Sequence[Path]) -> list[Comparison]:
    """Compare the first rule set with each other one, folder by folder."""
    from he_sync.reconcile.chain.run import reconcile  # noqa: PLC0415 - numpy and pyarrow load only where they run
    from he_sync.reconcile.given import open_books  # noqa: PLC0415 - same

    result = []
    for folder in folders:
        with TemporaryDirectory(prefix="he-sync-backtest-") as place:
            outs = [Path(place) / str(number) for number in range(len(rule_sets))]
            for rules, out in zip(rule_sets, outs, strict=True):
                out.mkdir()
                with open_books(folder) as books:
                    reconcile(books, rules, out)
            result += [
                _compare(folder, rules, outs[0], out) for rules, out in zip(rule_sets[1:], outs[1:], strict=True)
            ]
    return result


def _compare(folder: Path, rules: RuleSet, first: Path, second: Path) -> Comparison:
    import duckdb  # noqa: PLC0415 - only where it runs

    a, b = first / "links.parquet", second / "links.parquet"
    with duckdb.connect() as connection:
        rows = connection.execute(COMPARED.format(a=a, b=b)).fetchall()
        false = [_false(connection, folder, path) for path in (a, b)]
    return Comparison(
        folder,
        rules.name,
        {rel: gained for rel, gained, _, _ in rows if gained},
        {rel: lost for rel, _, lost, _ in rows if lost},
        {rel: changed for rel, _, _, changed in rows if changed},
        {rel: (false[0].get(rel, 0), false[1].get(rel, 0)) for rel in sorted(false[0] | false[1])},
    )


def _false(connection: duckdb.DuckDBPyConnection, folder: Path, links: Path) -> dict[str, int]:
    truth = next((path for kind in ("parquet", "csv") if (path := folder / f"links.{kind}").is_file()), None)
    if truth is None:
        return {}
    text = str(truth).replace("'", "''")
    connection.execute(f"create or replace temp view truth as select rel, left_id, right_id from '{text}'")
    return dict(connection.execute(FALSE.format(a=links)).fetchall())
