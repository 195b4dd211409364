"""One kind made of another: the same rules for CAST, for steps and for what a target field takes."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from he_sync.mapping.expressions.bounds import USUAL_CELL
from he_sync.mapping.expressions.kinds import BOOLEAN, DATE, DIGITS, INSTANT, TEXT, Kind, number, written
from he_sync.mapping.expressions.values import Check, Value
from he_sync.mapping.expressions.wrong import WrongExpression

SIZES = {"number": 41, "boolean": 5, "date": 10, "instant": 20, "nothing": 0}
"""Characters that other kinds have as text."""
WHOLE_DIGITS = 20
TRUTHS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
ISO_DAY, ISO_TIME = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"


def to_text(value: Value) -> Value:
    """Numbers with all their decimals (none at the end where the field names no scale), days and times as ISO 8601."""
    name, expr = value.kind.name, value.expr
    if name == "text":
        return value
    if name == "number":
        expr = expr.cast(pl.String)
        expr = expr.str.replace(r"\.?0+$", "") if value.kind.bare and value.kind.scale else expr
    elif name == "boolean":
        expr = pl.when(expr).then(pl.lit("true")).when(~expr).then(pl.lit("false")).otherwise(None)
    elif name in {"date", "instant"}:
        expr = expr.dt.to_string(ISO_DAY if name == "date" else ISO_TIME)
    else:
        expr = expr.cast(pl.String)
    return value.become(expr, TEXT.sized(SIZES[name]))


def to_number(value: Value, scale: int) -> Value:
    """A number as it is written, spaces around it aside; what has more decimals than `scale` or is none fails."""
    if value.kind.name == "number":
        return fitted(value, number(scale))
    if value.kind.name not in {"text", "nothing"}:
        raise WrongExpression(f"{value.kind.plain} is no number")
    text = value.expr.cast(pl.String).str.strip_chars()
    decimals = rf"(?:\.\d{{1,{scale}}}0*)?" if scale else r"(?:\.0*)?"
    right = text.str.contains(rf"^[+-]?\d{{1,{WHOLE_DIGITS}}}{decimals}$")
    made = pl.when(right).then(text.str.strip_prefix("+")).otherwise(None).cast(pl.Decimal(DIGITS, scale), strict=False)
    fine = f" with at most {scale} decimals" if scale else " without decimals"
    return value.become(made, number(scale), Check((~right).fill_null(value=False), f"is no number{fine}", value.expr))


def to_date(value: Value, form: str = ISO_DAY) -> Value:
    """A day from a text of this form; the day in UTC of an instant."""
    if value.kind.name == "date":
        return value
    if value.kind.name == "instant":
        return value.become(value.expr.dt.date(), DATE)
    made = _text(value).str.strip_chars().str.to_date(form, strict=False)
    return value.become(made, DATE, Check(_lost(value, made), f"is no day as {form}", value.expr))


def to_instant(value: Value) -> Value:
    """A time from ISO 8601 with its zone; without one it would be a guess and fails."""
    if value.kind.name == "instant":
        return value
    text = _text(value).str.strip_chars().str.replace("Z", "+00:00", literal=True).str.replace(" ", "T", literal=True)
    text = text.str.replace(r"(T\d\d:\d\d)([+-])", "${1}:00${2}").str.replace(r"([+-]\d\d)(\d\d)$", "${1}:${2}")
    made = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us", time_zone="UTC")
    return value.become(made, INSTANT, Check(_lost(value, made), "is no time of day with its zone", value.expr))


def to_boolean(value: Value) -> Value:
    """true, false, yes, no, 1, 0."""
    if value.kind.name == "boolean":
        return value
    text = to_text(value).expr.str.strip_chars().str.to_lowercase()
    made = text.replace_strict(list(TRUTHS), list(TRUTHS.values()), default=None, return_dtype=pl.Boolean)
    return value.become(made, BOOLEAN, Check(_lost(value, made), "is neither yes nor no", value.expr))


TURNS: Mapping[str, str] = {
    "text": "the step text",
    "number": "the step number",
    "date": "the step date",
    "instant": "the step instant",
    "boolean": "the step yes_no",
}


def fitted(value: Value, kind: Kind) -> Value:
    """The value as a field takes it. Numbers and days become text by themselves; anything else is said by a step.

    Raises WrongExpression for a kind that does not fit; a text that is too long, or a number with too many decimals, is
    a check of the record.
    """
    if value.kind.name == "nothing":
        return value.become(pl.lit(None, dtype=kind.dtype), kind)
    if kind.name == "text":
        text = to_text(value)
        if text.kind.longest <= kind.longest:
            return text.become(text.expr, kind)
        long = (text.expr.str.len_chars() > kind.longest).fill_null(value=False)
        return text.become(
            text.expr, kind, Check(long, f"is longer than {kind.longest} characters; add the step cut", text.expr)
        )
    if value.kind.name != kind.name:
        raise WrongExpression(f"gives {value.kind.plain}, the field takes {written(kind)}; add {TURNS[kind.name]}")
    if kind.name != "number" or kind.scale >= value.kind.scale:
        return value.become(value.scaled(kind.scale).expr if kind.name == "number" else value.expr, kind)
    made = value.expr.cast(pl.Decimal(DIGITS, kind.scale))
    fine = f"has more than {kind.scale} decimals" if kind.scale else "is no whole number"
    return value.become(made, kind, Check((made != value.expr).fill_null(value=False), f"{fine}; round it", value.expr))


def _text(value: Value) -> pl.Expr:
    if value.kind.name not in {"text", "nothing"}:
        raise WrongExpression(f"{value.kind.plain} is no text to be read")
    return value.expr.cast(pl.String).str.slice(0, USUAL_CELL)


def _lost(value: Value, made: pl.Expr) -> pl.Expr:
    """There was something, and nothing became of it."""
    filled = value.expr.is_not_null()
    return filled & (to_text(value).expr.str.strip_chars() != "") & made.is_null()
