"""Text expressions that every field shares: small letters, no accents, one blank between words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

WORDS = r"[^\p{L}\p{N}]+"
"""What separates words: everything that is neither letter nor digit, in any script."""


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
