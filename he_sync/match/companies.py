"""Company names: legal forms off, `and` written one way, and companies that stand in a last-name field moved over."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from he_sync.match.texts import any_word, by_distinct, folded, words

LEGAL = (
    "llc", "l l c", "inc", "incorporated", "corp", "corporation", "co", "company", "ltd", "limited", "llp", "l l p",
    "lp", "l p", "plc", "pllc", "pc", "p c", "pa", "gmbh", "ag", "sa", "bv", "pty", "pty ltd",
)  # fmt: skip
_FORM = rf"\s(?:{any_word(LEGAL)})$"
BRACKETS = r"^(.*\S.*?)\s*\([^)]*\)\s*$"
"""A place or a remark behind a name."""
THE = r"^the\s|\sthe$"
SEEN = 3
"""Companies that must end in a word before a last name with that word counts as one."""


def companies(frame: pl.DataFrame, known: Collection[str] | None = None) -> pl.DataFrame:
    """The frame with `firm`, empty for people; a company found in the last name leaves that field empty.

    `known` are the words that companies of a whole file end in; without them the frame's own are used.
    """
    named = frame.with_columns(
        *by_distinct(frame, ("company",), lambda some: some.select(_tidy("company", some).alias("firm"))),
        *by_distinct(frame, ("last_name",), _as_company),
    )
    ends = pl.Series(sorted(endings(named) if known is None else known), dtype=pl.String)
    alone = (pl.col("firm") == "") & (pl.col("first_name").str.strip_chars() == "")
    moved = alone & (pl.col("legal") | pl.col("ending").is_in(ends.implode()))
    return named.with_columns(
        pl.when(moved).then("as_firm").otherwise("firm").alias("firm"),
        pl.when(moved).then(pl.lit("")).otherwise("last_name").alias("last_name"),
    ).drop("as_firm", "legal", "ending")


def endings(named: pl.DataFrame) -> frozenset[str]:
    """Last words of company names that several companies share: trades, mostly."""
    ends = named.filter(pl.col("firm") != "")["firm"].str.extract(r"\s(\S+)$").drop_nulls().value_counts(name="n")
    return frozenset(ends.filter(pl.col("n") >= SEEN).select(pl.first()).to_series().to_list())


def _as_company(some: pl.DataFrame) -> pl.DataFrame:
    """Last names read as companies: in standard form, whether they end in a legal form, and in which word."""
    tidy = some.select(
        _tidy("last_name", some).alias("as_firm"), words(folded("last_name", some)).str.contains(_FORM).alias("legal")
    )
    return tidy.with_columns(pl.col("as_firm").str.extract(r"\s(\S+)$").fill_null("").alias("ending"))


def _tidy(column: str, frame: pl.DataFrame) -> pl.Expr:
    plain = folded(column, frame).str.replace(BRACKETS, "$1")
    text = words(plain.str.replace_all("&", " and ", literal=True))
    return text.str.replace(_FORM, "").str.replace(_FORM, "").str.replace(THE, "")
