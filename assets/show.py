"""What an asset page shows inline: rows as a table, what differences are worth, a contract as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from he_sync.model.contract import CURRENCY, ISO_DATE, Contract, dtypes
from he_sync.model.difference import Difference
from he_sync.model.money import show
from he_sync.model.quantity import from_milli

PATTERNS = {ISO_DATE: "YYYY-MM-DD", CURRENCY: "three capital letters"}
WORDS = {
    "greater_than": "above {min_value}",
    "greater_than_or_equal_to": "at least {min_value}",
    "less_than_or_equal_to": "at most {max_value}",
    "not_equal_to": "not {value}",
    "str_length": "not empty",
}
Shown = dg.TableMetadataValue | dg.TextMetadataValue


def table(rows: Sequence[Mapping[str, Any]], shown: int = 50, empty: str = "none") -> Shown:
    """The first `shown` rows as a table that the page shows without a click, and how many more there are."""
    if not rows:
        return dg.TextMetadataValue(empty)
    names = list(rows[0])
    cells = [{name: str(row[name]) for name in names} for row in rows[:shown]]
    if len(rows) > shown:
        cells.append(dict.fromkeys(names, "") | {names[0]: f"and {len(rows) - shown} more"})
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in names])
    return dg.TableMetadataValue(records=[dg.TableRecord(row) for row in cells], schema=schema)


def worth(differences: Sequence[Difference]) -> str:
    """What differences add up to: money, or units of stock; "" for what has no price (a customer's telephone)."""
    minor, milli = sum(one.delta_minor for one in differences), sum(one.delta_milli for one in differences)
    return show(minor) if minor else f"{from_milli(milli):,f} units" if milli else ""


def columns(contract: type[Contract]) -> dg.TableSchema:
    """The columns of a contract with their types, rules and meaning."""
    schema, kinds = contract.to_schema(), dtypes(contract)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                kinds[name],
                column.description,
                dg.TableColumnConstraints(
                    nullable=False, unique=bool(column.unique), other=[_rule(check) for check in column.checks]
                ),
            )
            for name, column in schema.columns.items()
        ],
        constraints=dg.TableConstraints(other=[str(check.name) for check in schema.checks]),
    )


def _rule(check: Any) -> str:
    """A rule in words; pandera's own name for it where there is none."""
    facts = check.statistics or {}
    if "allowed_values" in facts:
        return "one of " + ", ".join(map(str, facts["allowed_values"]))
    if "pattern" in facts:
        return PATTERNS.get(facts["pattern"], f"matches {facts['pattern']}")
    return WORDS.get(check.name, str(check.name)).format(**facts)
