"""One column from what a file holds to its exact type: the SQL of the typed value and of what is wrong with a raw one.

No value is rounded or guessed: `12.5`, `1e3` and a float-typed Parquet column are refused, not cast.
"""

from __future__ import annotations

from he_sync.model.errors import FixInput
from he_sync.reconcile.given.columns import Column, Kind
from he_sync.reconcile.given.files import Raw

WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
FLOATS = frozenset({"FLOAT", "DOUBLE"})
WHOLE_TEXT = "-?[0-9]{1,19}"
_DAY_TEXT = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PATTERNS = {
    "DATE": f"{_DAY_TEXT}([ T]00:00:00)?",
    "TIMESTAMP": rf"{_DAY_TEXT}[ T][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,6}})?Z?",
    "BOOLEAN": "[Tt]rue|TRUE|1|[Ff]alse|FALSE|0",
    "DECIMAL(18,8)": r"[0-9]{1,10}(\.[0-9]{1,8})?",
    "BIGINT": WHOLE_TEXT,
}
_FITS = {
    "BIGINT": WHOLE,
    "DATE": frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "VARCHAR"}),
    "TIMESTAMP": frozenset(
        {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "VARCHAR"}
    ),
    "BOOLEAN": frozenset({"BOOLEAN"}),
    "VARCHAR": frozenset({"VARCHAR"}),
    "DECIMAL(18,8)": frozenset({"VARCHAR"}) | WHOLE,
}


def name(column: Column) -> str:
    """A column's name as an SQL identifier."""
    return f'"{column.name}"'


def check_type(raw: Raw, column: Column) -> None:
    """Raises FixInput where a Parquet column's type cannot hold such values exactly."""
    found, kind = raw.types[column.name], column.kind
    fits = found in _FITS[kind.sql] or (kind is Kind.KEY and found in WHOLE) or found.startswith(("ENUM", "DECIMAL"))
    if found.startswith("DECIMAL") and kind is not Kind.RATE:
        fits = False
    if fits or raw.is_text:
        return
    if found in FLOATS and kind.sql in ("BIGINT", "DECIMAL(18,8)"):
        why = f"is {found}, and a float holds neither money nor ids exactly; write it as {kind.sql}"
    else:
        why = f"is {found}; it must be {kind.sql}"
    raise FixInput(f"{raw.path.name}: row 1: column {column.name} {why}")


def typed(raw: Raw, column: Column, key_type: str = "VARCHAR") -> str:
    """The SQL of a column's exact value; `key_type` is that of keys which may be numbers or texts."""
    if column.name not in raw.types:
        return str(column.default)
    here, kind, wanted = name(column), column.kind, column.kind.sql
    found = raw.types[column.name]
    if kind is Kind.KEY:
        return here if found == key_type else f"CAST({here} AS {key_type})"
    value = _value(here, found, wanted)
    return f"coalesce({value}, {EMPTY[kind]})" if kind in EMPTY else value


EMPTY = {Kind.LINK: "0", Kind.TEXT: "''"}
"""What stands for no value where none is allowed."""


def _value(here: str, found: str, wanted: str) -> str:
    if found == wanted:
        return here
    if found == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({here}))"  # the session's time zone plays no part
    if found == "VARCHAR" and wanted == "DATE":
        return f"TRY_CAST(left({here}, 10) AS DATE)"
    if found == "VARCHAR" and wanted == "TIMESTAMP":
        return f"TRY_CAST(rtrim({here}, 'Z') AS TIMESTAMP)"
    return f"TRY_CAST({here} AS {wanted})"


def must_be_there(raw: Raw, column: Column) -> bool:
    """Whether an empty value is refused."""
    return column.name in raw.types and not column.kind.may_be_none


def odd(raw: Raw, column: Column) -> str | None:
    """The SQL condition under which a raw value that is there is refused; None where its type rules that out."""
    here, kind = name(column), column.kind
    found = raw.types[column.name]
    if (found == "VARCHAR" and kind.sql in _PATTERNS) or kind is Kind.RATE:
        return f"({here} IS NOT NULL AND {_odd(here, found, kind)})"
    return None


def _odd(here: str, found: str, kind: Kind) -> str:
    value = _value(here, found, kind.sql)
    conditions = [f"{value} IS NULL"]
    if found == "VARCHAR":
        conditions.append(f"NOT regexp_full_match({here}, '{_PATTERNS[kind.sql]}')")
    if kind is Kind.RATE:
        conditions.append(f"{value} <= 0")
    return f"({' OR '.join(conditions)})"
