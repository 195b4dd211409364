"""Both sides' customers as records that can be compared: an account's one name in parts, and who is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import pandas as pd
import polars as pl

from he_sync.mapping.customers import is_walk_in
from he_sync.match.companies import LEGAL
from he_sync.match.names import GENERATIONS
from he_sync.match.reading import GIVEN
from he_sync.match.texts import any_word
from he_sync.model.retailer import Retailer

C = pl.col
LONGEST = 3
"""Words of a person's name, beyond which an account that no first name of the shop begins is a company."""
FIRM = rf"(?i)[\d&]|\b(?:{any_word(LEGAL)})\.?$|\b(?:and|of|the)\b"
END = rf"(?i)^(.*?)(?:[\s,]+({'|'.join(GENERATIONS)})\.?)?$"
COMMA = r"^([^,]+),\s*([^,]+)$"


@dataclass(frozen=True)
class Side:
    """One side's records in the columns that a match reads (reading.GIVEN), and how many are left out, by reason."""

    records: pl.DataFrame
    left_out: dict[str, int]


def comparable(rosters: dict[str, pd.DataFrame], retailer: Retailer) -> dict[str, Side]:
    """Both sides' rosters (CustomerRecords). Inactive records and walk-ins are nobody to be matched."""
    shop = pl.from_pandas(rosters["heartland"])
    firsts = shop["first_name"].str.to_lowercase().unique()
    return {name: _side(pl.from_pandas(one), retailer, firsts.to_list()) for name, one in rosters.items()}


def _side(roster: pl.DataFrame, retailer: Retailer, firsts: Collection[str]) -> Side:
    walk_in = C("record_id").map_elements(partial(is_walk_in, retailer=retailer), return_dtype=pl.Boolean)
    marked = roster.with_columns(((C("side") == "epicor") & walk_in).alias("walk_in"))
    kept = parted(marked.filter(C("active") & ~C("walk_in")), firsts)
    left_out = {
        "inactive": int((~marked["active"]).sum()),
        "walk-in": int((marked["walk_in"] & marked["active"]).sum()),
    }
    named = kept.with_columns(C("record_id").alias("id"), C("dated").alias("created"))
    return Side(named.select(GIVEN), left_out)


def parted(records: pl.DataFrame, firsts: Collection[str]) -> pl.DataFrame:
    """Records with `name` put into first and last name, or into company.

    A name is a company's when it has a legal form, a digit or an ampersand, or when it is long and does not begin with
    a first name that the shop knows (`firsts`, small letters).
    """
    body, end = C("name").str.extract(END, 1), C("name").str.extract(END, 2).fill_null("")
    turned = pl.when(C("name").str.contains(FIRM)).then(body).otherwise(body.str.replace(COMMA, "${2} ${1}"))
    words, known = turned.str.count_matches(r"\S+"), turned.str.extract(r"^(\S+)").str.to_lowercase()
    long = (words >= LONGEST) & ~known.is_in(list(firsts))
    firm = C("name").str.contains(FIRM) | long | (words == 1)
    first, last = turned.str.extract(r"^(.*)\s+\S+$").fill_null(""), turned.str.extract(r"(\S+)$").fill_null("")
    given = C("name") != ""
    return records.with_columns(
        pl.when(given & firm).then("name").otherwise("company").alias("company"),
        pl.when(given & ~firm).then(first).otherwise("first_name").alias("first_name"),
        pl.when(given & ~firm)
        .then(pl.concat_str(last, end, separator=" ").str.strip_chars())
        .otherwise("last_name")
        .alias("last_name"),
    )
