"""The standard forms of one record in plain Python are those of the batch, whatever people write."""

from __future__ import annotations

import sys
import unicodedata
from random import Random

import numpy as np
import polars as pl
import pytest

from he_sync.match import texts
from he_sync.match.online import text
from he_sync.match.online.forms import READ, Known, form, forms
from he_sync.match.reading import GIVEN
from he_sync.match.standardise import habits, standardised
from he_sync.match.table import roots, table, usual
from tests.customer_world.world import WORLDS, world

ODD = (
    "Jr.", "III", "Dr. ", "mr mr ", "O'Neil", "M\u00fcller", "\ufb01", "\u2167", "\u00b2",
    "\u05e9\u05dc\u05d5\u05dd", "\u0645\u062d\u0645\u062f", "\U0001f600", "\U0001f469\u200d\U0001f467",
    "nai\u0308ve", "LLC", "The ", "& Co", "Plumbing", "P.O. Box 12", "PSC 3, Box 9", "apt #4", "#7", "  ", "\t",
    "\x1c", "\u2003", "\u0130", "\u03a3\u039f\u03a6\u039f\u03a3", "_", "\u203f", "x12", "ext. 9", "+tag",
    "@gmial.com", "@x.co", "n/a@na.com", "(212) 555-0199", "00 1 212 867 5309", "\u200d", "\u00df", "first avenue",
    "North", "1985-03-02", "3/4/1961", "13/4/1961", "19700101", "2145", "K1A 0B1", "AB-12.3", "777",
    "unit 5 box 12", "12b", "\n", "$", "X", "12345-6789", "<a@b.co>", "mailto:",
    " near Elm St", "7 Oak at 5th", " (Dallas)", "()", " City", "W. ", "Saint ", "D-10115", " the",
)  # fmt: skip


def odd(rng: Random, record: dict[str, str]) -> dict[str, str]:
    """The record with four fields as nobody should write them, now and then first and last name exchanged."""
    found = dict(record)
    for name in rng.sample(READ[1:], 4):
        kept = found[name] if rng.random() < 0.7 else rng.choice(ODD)
        found[name] = rng.choice(("{}{}", "{} {}", "{}{} ", "{1}{0}")).format(kept, rng.choice(ODD))
    if rng.random() < 0.3:
        found["first_name"], found["last_name"] = found["last_name"], found["first_name"]
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_one_record_has_the_forms_that_a_file_gives_it(name):
    left, right, _ = world(1_500, 5, WORLDS[name])
    whole, rng = pl.concat([left, right]).select(GIVEN), Random(3)  # noqa: S311 - reproducible, not secret
    learned = habits(whole)
    placed = table(standardised(whole, learned), np.zeros(len(whole), np.int64))
    standard = placed.standard
    known = Known(
        learned,
        roots(placed.codes["first"]),
        usual(standard),
        frozenset((standard["user"] + "@" + standard["host"]).head(40).to_list()),
        frozenset(standard["digits"].head(40).to_list()),
    )
    rows = [
        record | {"birth_date": "1985-03-0" + str(k % 9 + 1) if k % 2 else "", "identifier": f"L-{k}"}
        for k, record in enumerate(whole.to_dicts())
    ]
    rows = rows[:500] + [odd(rng, rng.choice(rows)) for _ in range(500)]
    frame = pl.DataFrame(rows)
    few = forms(frame, known)
    for record, by_file in zip(rows, few.to_dicts(), strict=True):
        assert form(record, known) == by_file, record
    often = texts.MANY // len(rows) + 1
    assert forms(pl.concat([frame] * often), known).equals(pl.concat([few] * often)), "a large file goes other ways"


def test_every_character_that_is_read_in_plain_python_means_what_it_means_to_polars():
    known = [
        chr(point)
        for point in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(point)) not in {"Cs", "Cn", "Co"}
    ]
    given = [f"aA{one}Z z" for one in known if text.plain(one)]
    frame = pl.DataFrame({"given": given})
    small = frame.select(texts.folded("given", frame).alias("given"))
    assert [text.folded(one) for one in given] == small["given"].to_list()
    assert [text.words(one) for one in small["given"].to_list()] == small.select(texts.words(pl.col("given")))[
        "given"
    ].to_list()
    assert len(given) > 130_000
