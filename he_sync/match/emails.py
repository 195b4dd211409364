"""E-mail addresses in one form: user and domain, without tags, dots that do not count and domains that are misspelt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from he_sync.match.texts import folded, where

PROVIDERS = (
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "comcast.net", "sbcglobal.net",
    "att.net", "cox.net", "msn.com", "live.com", "proton.me", "protonmail.com", "me.com", "mac.com", "verizon.net",
    "charter.net", "bellsouth.net", "earthlink.net", "gmx.com", "gmx.net", "zoho.com", "fastmail.com",
)  # fmt: skip
"""Mailbox hosts that people misspell; a domain one edit away from exactly one of them is that host."""
REAL = frozenset({"ymail.com", "mail.com", "email.com", "gmx.de", "cox.com", "att.com", "live.ca", "ml.com", "aim.com"})
"""Hosts of their own that only look like one of the above."""
SHORT = 3
"""Letters below which a host's name is too short to be misspelt: dme.com is a company, not me.com."""
DOTLESS = ("gmail.com", "googlemail.com")
JUNK_USERS = (
    "none", "na", "n/a", "test", "noemail", "no", "nomail", "noreply", "no-reply", "unknown", "null", "x", "xx", "xxx",
    "asdf", "abc", "fake", "nobody", "notgiven", "declined", "refused", "customer", "guest", "noone",
)  # fmt: skip
JUNK_HOSTS = ("example.com", "example.org", "example.net", "test.com", "none.com", "na.com", "noemail.com", "localhost")
USUAL = r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+$"
ADDRESS = r"^(?:mailto:)?\s*<?([^@\s<>]+)@([^@\s<>]+\.[^@\s<>.]+)>?$"


def mailboxes(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with user and host of the e-mail, empty where there is none or it is made up."""
    text = frame.select(folded("email", frame).str.strip_chars().alias("text"))
    usual = pl.col("text").str.contains(USUAL) & ~pl.col("text").str.starts_with("mailto:")
    split = where(text, ~usual, partial(_split, how=_at), partial(_split, how=_groups))
    split = split.with_columns(pl.col("host").replace(_respelt(split["host"])))
    split = split.with_columns(pl.col("user").str.replace(r"\+.*$", ""))
    dotless = pl.col("host").is_in(DOTLESS)
    user = pl.when(dotless).then(pl.col("user").str.replace_all(".", "", literal=True)).otherwise("user")
    split = split.select(user.alias("user"), "host", _junk().alias("junk"))
    kept = [pl.when("junk").then(pl.lit("")).otherwise(name).alias(name) for name in ("user", "host")]
    return frame.with_columns(split.select(kept))


def _split(some: pl.DataFrame, how: Callable[[], pl.Expr]) -> pl.DataFrame:
    names = ("user", "host")
    return (
        some.select(how().struct.rename_fields(names).alias("parts"))
        .unnest("parts")
        .with_columns(pl.col(names).fill_null(""))
    )


def _at() -> pl.Expr:
    return pl.col("text").str.split_exact("@", 1)


def _groups() -> pl.Expr:
    return pl.col("text").str.extract_groups(ADDRESS)


def _junk() -> pl.Expr:
    same = pl.col("user") == pl.col("host").str.extract(r"^([^.]*)").fill_null("")
    return pl.col("host").is_in(JUNK_HOSTS) | (
        pl.col("user").is_in(JUNK_USERS) & (same | pl.col("host").is_in(PROVIDERS))
    )


def _respelt(hosts: pl.Series) -> dict[str, str]:
    """Misspelt host -> the host that was meant."""
    known = sorted(hosts.unique().drop_nulls().to_list())
    near = process.cdist(known, PROVIDERS, scorer=OSA.distance, score_cutoff=1) == 1
    right = {}
    for place in np.flatnonzero(near.sum(axis=1) == 1).tolist():
        host, meant = known[place], PROVIDERS[int(near[place].argmax())]
        if host not in REAL and host not in PROVIDERS and not _owned(host, meant):
            right[host] = meant
    return right


def _owned(host: str, meant: str) -> bool:
    """Whether a near host is one of its own."""
    return len(_label(meant)) < SHORT and _label(host) != _label(meant)


def _label(host: str) -> str:
    return host.partition(".")[0]
