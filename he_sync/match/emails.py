"""E-mail addresses in one form: user and domain, without tags, dots that do not count and domains that are misspelt."""

from __future__ import annotations

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from he_sync.match.texts import folded

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
ADDRESS = r"^(?:mailto:)?\s*<?([^@\s<>]+)@([^@\s<>]+\.[^@\s<>.]+)>?$"


def mailboxes(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with user and host of the e-mail, empty where there is none or it is made up."""
    parts = folded("email", frame).str.strip_chars().str.extract_groups(ADDRESS)
    split = frame.select(
        parts.struct.field("1").fill_null("").alias("user"),
        parts.struct.field("2").fill_null("").alias("host"),
    )
    split = split.with_columns(pl.col("host").replace(_respelt(split["host"])))
    split = split.with_columns(pl.col("user").str.replace(r"\+.*$", ""))
    dotless = pl.col("host").is_in(DOTLESS)
    user = pl.when(dotless).then(pl.col("user").str.replace_all(".", "", literal=True)).otherwise("user")
    junk = _junk()
    split = split.select(
        pl.when(junk).then(pl.lit("")).otherwise(user).alias("user"),
        pl.when(junk).then(pl.lit("")).otherwise("host").alias("host"),
    )
    return frame.with_columns(split)


def _junk() -> pl.Expr:
    same = pl.col("user") == pl.col("host").str.extract(r"^([^.]*)").fill_null("")
    return pl.col("host").is_in(JUNK_HOSTS) | (
        pl.col("user").is_in(JUNK_USERS) & (same | pl.col("host").is_in(PROVIDERS))
    )


def _respelt(hosts: pl.Series) -> dict[str, str]:
    """Misspelt host -> the host that was meant."""
    known = sorted(hosts.unique().drop_nulls().to_list())
    near = process.cdist(known, PROVIDERS, scorer=OSA.distance, score_cutoff=1)
    right = {}
    for host, distances in zip(known, near, strict=True):
        meant = [name for name, distance in zip(PROVIDERS, distances, strict=True) if distance == 1]
        if len(meant) == 1 and host not in REAL and host not in PROVIDERS and not _owned(host, meant[0]):
            right[host] = meant[0]
    return right


def _owned(host: str, meant: str) -> bool:
    """Whether a near host is one of its own."""
    return len(_label(meant)) < SHORT and _label(host) != _label(meant)


def _label(host: str) -> str:
    return host.partition(".")[0]
