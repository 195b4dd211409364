"""What contacts are worth: an address or number on many different customers is nobody's, and is left out."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SHARED_EMAIL, SHARED_PHONE = 8, 12
"""Different names from which a contact counts as junk. A family of six with misspellings stays below; a central phone
of a company with many branches is one name."""
NAME = pl.when(pl.col("firm") != "").then("firm").otherwise(pl.concat_str("first", "last", separator=" "))


@dataclass(frozen=True)
class Contacts:
    """How contacts are used: records with one, junk values dropped with their records, values of several names."""

    field: str
    filled: int
    shared: int
    junk: int
    junk_records: int
    worst: str


def without_shared(standard: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Contacts, ...]]:
    """The records without contacts that are on too many names, and what was found about each kind of contact."""
    mail = pl.when(pl.col("user") != "").then(pl.concat_str("user", "host", separator="@")).otherwise(pl.lit(""))
    frame = standard.with_columns(mail.alias("_mail"), NAME.alias("_name"))
    mails, by_mail = _profile(frame, "_mail", "email", SHARED_EMAIL)
    phones, by_phone = _profile(frame, "digits", "phone", SHARED_PHONE)
    no_mail, no_phone = pl.col("_mail").is_in(mails.implode()), pl.col("digits").is_in(phones.implode())
    nothing = pl.lit("")
    clean = frame.with_columns(
        pl.when(no_mail).then(nothing).otherwise("user").alias("user"),
        pl.when(no_mail).then(nothing).otherwise("host").alias("host"),
        pl.when(no_phone).then(nothing).otherwise("digits").alias("digits"),
    )
    return clean.drop("_mail", "_name"), (by_mail, by_phone)


def _profile(frame: pl.DataFrame, column: str, field: str, limit: int) -> tuple[pl.Series, Contacts]:
    filled = frame.filter(pl.col(column) != "")
    values = filled.group_by(column).agg(records=pl.len(), names=pl.col("_name").n_unique())
    junk = values.filter(pl.col("names") > limit).sort("records", column, descending=[True, False])
    worst = f"{junk[column][0]} on {junk['records'][0]:,} records" if len(junk) else ""
    shared = int((values["names"] > 1).sum()) - len(junk)
    return junk[column], Contacts(field, len(filled), shared, len(junk), int(junk["records"].sum()), worst)
