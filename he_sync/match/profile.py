"""What contacts are worth: an address or number on many different customers is nobody's, and is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from he_sync.match.codes import SEED, Bools, Codes
from he_sync.match.columns import Columns, joint, texts_of

Hashes = npt.NDArray[np.uint64]
CHUNK = 1 << 18
"""Records at a time."""

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


def without_shared(standard: Columns) -> tuple[dict[str, Codes], tuple[Contacts, ...]]:
    """The records without contacts that are on too many names, and what was found about each kind of contact."""
    name = _names(standard)
    mails = joint(standard, ("user", "host"), _mail)
    no_mail, by_mail = _profile(mails, name, "email", SHARED_EMAIL)
    no_phone, by_phone = _profile(standard["digits"], name, "phone", SHARED_PHONE)
    left_out = {"user": no_mail, "host": no_mail, "digits": no_phone}
    clean = {field: _without(standard[field], rows) for field, rows in left_out.items()}
    return {**standard, **clean}, (by_mail, by_phone)


def _names(standard: Columns) -> Hashes:
    """Whose contact it is, by record, chunk by chunk: the names of all records as text are only a hash's matter."""
    starts = range(0, len(standard["firm"].at), CHUNK)
    parts = [texts_of(standard, ("firm", "first", "last"), slice(at, at + CHUNK)) for at in starts]
    return np.concatenate([part.select(NAME.hash(SEED)).to_series().to_numpy() for part in parts])


def _mail(some: pl.DataFrame) -> pl.Series:
    mail = pl.when(pl.col("user") != "").then(pl.concat_str("user", "host", separator="@")).otherwise(pl.lit(""))
    return some.select(mail).to_series()


def _profile(contact: Codes, name: Hashes, field: str, limit: int) -> tuple[Bools, Contacts]:
    """Records whose contact is nobody's, and how contacts of this kind are used."""
    counts = contact.counts
    several = np.flatnonzero(counts[contact.at] > 1)
    used = pl.DataFrame({"value": contact.at[several], "name": name[several]})
    names = used.group_by("value").agg(pl.col("name").n_unique())
    junk = names.filter(pl.col("name") > limit)["value"].to_numpy()
    worst = pl.DataFrame({"text": contact.texts.gather(junk), "records": counts[junk]})
    worst = worst.sort("records", "text", descending=[True, False])
    said = "".join(f"{text} on {records:,} records" for text, records in worst.head(1).rows())
    shared = int((names["name"] > 1).sum()) - len(junk)
    nobodys = np.zeros(len(counts), bool)
    nobodys[junk] = True
    found = Contacts(field, int(counts.sum()), shared, len(junk), int(counts[junk].sum()), said)
    return nobodys[contact.at], found


def _without(known: Codes, rows: Bools) -> Codes:
    return Codes(np.where(rows, np.int32(0), known.at), known.texts)
