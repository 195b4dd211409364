"""Links and breaks in one fixed order, as Parquet or CSV. The same findings give the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from he_sync.reconcile.chain.found import ACTIONS, RELATIONS, Block, Break, Found
from he_sync.reconcile.chain.outcome import BREAK_COLUMNS, LINK_COLUMNS

ROW_GROUP = 1 << 18
LINK_SCHEMA = pa.schema(
    [
        ("rel", pa.string()),
        ("left_id", pa.int64()),
        ("right_id", pa.int64()),
        ("stage", pa.string()),
        ("rule", pa.string()),
        ("strength", pa.string()),
        ("alternatives", pa.int32()),
    ]
)
BREAK_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("record_id", pa.int64()),
        ("break_class", pa.string()),
        ("related_id", pa.int64()),
        ("delta_cents", pa.int64()),
        ("confidence", pa.float64()),
        ("evidence", pa.string()),
        ("age_days", pa.int32()),
        ("next_action", pa.string()),
    ]
)


def write_links(found: Found, path: Path) -> None:
    """Links by relation, left and right id."""
    tables = (table for relation in RELATIONS for table in _relation(relation, found.links[relation]))
    if path.suffix == ".csv":
        _csv(path, LINK_COLUMNS, tables)
        return
    from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that CSV need not pay

    with parquet.ParquetWriter(
        path,
        LINK_SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=["rel", "stage", "rule", "strength", "alternatives"],
        column_encoding={"left_id": "DELTA_BINARY_PACKED", "right_id": "DELTA_BINARY_PACKED"},
        write_statistics=["rel", "left_id"],
    ) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=ROW_GROUP)


def _relation(relation: str, blocks: list[Block]) -> Iterator[pa.Table]:
    """One relation, sorted, a row group at a time."""
    if not blocks:
        return
    kinds = sorted({(block.stage, block.rule, block.strength) for block in blocks})
    left = np.concatenate([block.left for block in blocks])
    right = np.concatenate([block.right for block in blocks])
    kind = np.concatenate(
        [np.full(len(block.left), kinds.index((block.stage, block.rule, block.strength)), np.int32) for block in blocks]
    )
    others = np.concatenate([np.broadcast_to(block.alternatives, block.left.shape).astype(np.int32) for block in blocks])
    if len(blocks) > 1 or bool(np.any(left[1:] <= left[:-1])):
        order = np.lexsort((right, left)) if len(left) != len(np.unique(left)) else np.argsort(left, kind="stable")
        left, right, kind, others = left[order], right[order], kind[order], others[order]
    names = [pa.array([one[part] for one in kinds], pa.string()) for part in range(3)]
    for start in range(0, len(left), ROW_GROUP):
        part = slice(start, start + ROW_GROUP)
        code = pa.array(kind[part])
        stage, rule, strength = (pa.DictionaryArray.from_arrays(code, name) for name in names)
        rel = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(code), np.int32)), pa.array([relation]))
        columns = [rel, pa.array(left[part]), pa.array(right[part]), stage, rule, strength, pa.array(others[part])]
        yield pa.Table.from_arrays(columns, names=list(LINK_COLUMNS)).cast(LINK_SCHEMA)


def write_breaks(breaks: list[Break], as_of: int, path: Path) -> None:
    """Breaks by table, record, class."""
    ranked = sorted(breaks, key=lambda one: (one.table, one.record, one.kind, one.related, one.delta, one.evidence))
    rows = [
        (
            one.table,
            one.record,
            one.kind,
            one.related,
            one.delta,
            one.confidence,
            one.evidence,
            max(as_of - one.day, 0),
            ACTIONS.get(one.kind, "review"),
        )
        for one in ranked
    ]
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in BREAK_COLUMNS]
    table = pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, BREAK_SCHEMA, strict=True)], schema=BREAK_SCHEMA
    )
    if path.suffix == ".csv":
        _csv(path, BREAK_COLUMNS, iter((table,)))
        return
    from pyarrow import parquet  # noqa: PLC0415 - costs start-up time that CSV need not pay

    parquet.write_table(table, path, compression="zstd")


def _csv(path: Path, columns: tuple[str, ...], tables: Iterator[pa.Table]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for table in tables:
            writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
