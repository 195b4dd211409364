"""Row-level validation: rows that break their contract are set aside with column, rule and value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from he_sync.model.contract import Contract
from he_sync.model.errors import BadRecord


@dataclass(frozen=True)
class Failure:
    """One broken rule of one record."""

    entity: str
    record: str
    row: int
    column: str
    rule: str
    value: str
    payload: str = ""


@dataclass(frozen=True)
class Checked:
    """The rows that hold and what was wrong with the others."""

    good: pd.DataFrame
    failures: tuple[Failure, ...]


def check(entity: str, contract: type[Contract], rows: pd.DataFrame, key: str) -> Checked:
    """Validate lazily; drop every row with at least one failure. `key` names the column that identifies a record."""
    try:
        contract.to_schema().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return Checked(rows, ())
    failures = [_failure(entity, case, rows, key) for case in cases.to_dict("records")]
    bad = sorted({failure.row for failure in failures if failure.row >= 0})
    if any(failure.row < 0 for failure in failures):
        bad = list(range(len(rows)))
    return Checked(rows.drop(index=rows.index[bad]).reset_index(drop=True), _distinct(failures))


def _failure(entity: str, case: dict[str, Any], rows: pd.DataFrame, key: str) -> Failure:
    row = -1 if pd.isna(case["index"]) else int(case["index"])
    whole = case["schema_context"] == WHOLE_ROW
    column, value = ("row", "") if whole and row >= 0 else (str(case["column"] or "row"), str(case["failure_case"]))
    if row < 0:
        return Failure(entity, "every row", row, column, str(case["check"]), value)
    return Failure(entity, str(rows[key].iloc[row]), row, column, str(case["check"]), value, _payload(rows, row))


WHOLE_ROW = "DataFrameSchema"


def _payload(rows: pd.DataFrame, row: int) -> str:
    """The row as JSON text, so that a dead letter can be read without the frame it came from."""
    return str(rows.iloc[[row]].to_json(orient="records", date_format="iso"))[1:-1]


def _distinct(failures: list[Failure]) -> tuple[Failure, ...]:
    """One per record, column and rule: a rule over a whole row is reported once for each of its columns."""
    seen = {(failure.row, failure.rule, failure.column): failure for failure in reversed(failures)}
    return tuple(sorted(seen.values(), key=lambda failure: (failure.row, failure.column, failure.rule)))


def read_records(
    entity: str,
    documents: Iterable[tuple[str, str]],
    decode: Callable[[str], Any],
    read: Callable[[Any], Iterable[tuple[str, dict[str, Any]]]],
) -> tuple[dict[str, list[dict[str, Any]]], list[Failure]]:
    """Raw (key, payload) documents to rows by frame name; a document that cannot be read is one failure.

    `read` yields (frame name, row) pairs of one document. Nothing of a document that fails half-way is kept.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    failures: list[Failure] = []
    for number, (key, payload) in enumerate(documents):
        try:
            found = list(read(decode(payload)))
        except BadRecord as error:
            failures.append(Failure(entity, key, number, "document", str(error), "", payload))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            failures.append(
                Failure(
                    entity, key, number, _missing(error), f"cannot be read: {type(error).__name__} {error}", "", payload
                )
            )
        else:
            for name, row in found:
                rows.setdefault(name, []).append(row)
    return rows, failures


def _missing(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else "document"
