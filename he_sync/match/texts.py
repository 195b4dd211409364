"""Text expressions that every field shares: small letters, no accents, one blank between words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from he_sync.match.codes import SEED, numbered

WORDS = r"[^\p{L}\p{N}]+"
"""What separates words: everything that is neither letter nor digit, in any script."""


MANY = 5_000
"""Records from which it pays to look for the distinct ones, and for those that need no slow work."""
Work = Callable[[pl.DataFrame], pl.DataFrame]


def by_distinct(frame: pl.DataFrame, columns: Sequence[str], work: Work) -> pl.DataFrame:
    """What the work makes of these columns, done once for each distinct row: two million last names are 200,000."""
    given = frame.select(columns)
    if len(given) < MANY:
        return work(given)
    code, place = numbered(given.hash_rows(SEED).to_numpy())
    return work(given[place])[code] if 2 * len(place) < len(code) else work(given)


def where(frame: pl.DataFrame, needed: pl.Expr, plain: Work, slow: Work) -> pl.DataFrame:
    """The slow work where it is needed, the plain one elsewhere, which finds the same sooner; in the frame's order."""
    if len(frame) < MANY:
        return slow(frame)
    mask = frame.select(needed.fill_null(value=False)).to_series()
    if not mask.any():
        return plain(frame)
    order = np.argsort(np.r_[np.flatnonzero(~mask.to_numpy()), np.flatnonzero(mask.to_numpy())])
    return pl.concat([plain(frame.filter(~mask)), slow(frame.filter(mask))])[order]


def folded(column: str, frame: pl.DataFrame) -> pl.Expr:
    """Small letters without accents. Unicode's rules run only where the column has something beyond ASCII."""
    text = pl.col(column).str.to_lowercase()
    if frame[column].str.contains(r"[^\x00-\x7f]").any():
        text = text.str.normalize("NFKD").str.replace_all(r"\p{M}|\p{Cf}", "")
    return text


def words(text: pl.Expr) -> pl.Expr:
    """Words with one blank between them; an apostrophe joins (o'brien is obrien)."""
    return text.str.replace_all(r"['`\u2019]", "").str.replace_all(WORDS, " ").str.strip_chars()


def replaced_words(text: pl.Expr, table: Mapping[str, str]) -> pl.Expr:
    """Whole words replaced by a table: with two blanks between words, neighbours cannot share one."""
    padded = pl.concat_str(pl.lit(" "), text.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    olds, news = [f" {old} " for old in table], [f" {new} " if new else " " for new in table.values()]
    return padded.str.replace_many(olds, news).str.replace_all(" +", " ").str.strip_chars()


def any_word(names: Sequence[str]) -> str:
    """A pattern of alternatives, longest first, so that `llc` never hides `l l c`."""
    return "|".join(sorted(names, key=lambda name: (-len(name), name)))
