"""Levels of the name fields of pairs: first and last name, also exchanged, generation, middle initial, rarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from he_sync.match.codes import Bools, Ints, coded
from he_sync.match.levels import EXPECTED, FIRST, LAST, MIDDLE, RARITY, SEEN
from he_sync.match.similar import misspelt, shared_word, short_form
from he_sync.match.table import Table


@dataclass(frozen=True)
class Words:
    """What comparing needs to know of each distinct name: its letters, its first one, whether it has several words."""

    lengths: Ints
    initials: Ints
    several: Bools


def words(records: Table) -> Words:
    """Facts of the vocabulary that first and last names share."""
    texts = records.codes["first"].texts
    initials = coded(texts.str.slice(0, 1))[0].at
    several = texts.str.contains(" ", literal=True).to_numpy()
    return Words(texts.str.len_chars().to_numpy().astype(np.int64), initials, several)


def names(records: Table, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Levels of first and last name; exchanged names are compared the right way round."""
    known, texts = words(records), records.codes["first"].texts
    first, last = records.codes["first"].at, records.codes["last"].at
    one, other, family, theirs = first[left], first[right], last[left], last[right]
    turned = _turned(one, other, family, theirs)
    other, theirs = np.where(turned, theirs, other), np.where(turned, other, theirs)
    by_first = _first(one, other, known, records)
    by_mail = (by_first == 0) & _in_mailbox(records, left, right, one, other)
    return np.where(by_mail, FIRST.at("in the other's mailbox"), by_first), _last(family, theirs, known, texts)


def _turned(one: Ints, other: Ints, family: Ints, theirs: Ints) -> Bools:
    """Pairs whose fields agree only crosswise, in at least one direction."""
    straight = ((one == other) & (one > 0)) | ((family == theirs) & (family > 0))
    crosswise: Bools = ~straight & (((one == theirs) & (one > 0)) | ((family == other) & (family > 0)))
    return crosswise


def _first(one: Ints, other: Ints, known: Words, records: Table) -> Ints:
    texts = records.codes["first"].texts
    short = (known.lengths[one] == 1) | (known.lengths[other] == 1)
    letter = short & (known.initials[one] == known.initials[other])
    nick, near = short_form(one, other, texts), misspelt(one, other, texts, known.lengths)
    cases = [(one == 0) | (other == 0), letter, one == other, short, nick, near]
    levels = ("missing", "same initial", "same", "different", "short form", "misspelt")
    return np.select(cases, [FIRST.at(level) for level in levels], FIRST.at("different"))


def _last(one: Ints, other: Ints, known: Words, texts: pl.Series) -> Ints:
    short = (known.lengths[one] == 1) | (known.lengths[other] == 1)
    letter = short & (known.initials[one] == known.initials[other]) & (one != other)
    part, near = shared_word(one, other, texts, known.several), misspelt(one, other, texts, known.lengths)
    cases = [(one == 0) | (other == 0), one == other, letter, part, near]
    levels = ("missing", "same", "same initial", "one part the same", "misspelt")
    return np.select(cases, [LAST.at(level) for level in levels], LAST.at("different"))


def _in_mailbox(records: Table, left: Ints, right: Ints, one: Ints, other: Ints) -> Bools:
    """One record has no first name, and its mail user contains the other's."""
    user = records.codes["user"].at
    blank, named = np.where(one == 0, left, right), np.where(one == 0, right, left)
    ask = np.flatnonzero(((one == 0) != (other == 0)) & (user[blank] > 0))
    users = records.standard["user"].gather(blank[ask]).to_list()
    firsts = records.standard["first"].gather(named[ask]).to_list()
    found = np.zeros(len(left), bool)
    found[ask] = [len(name) > 2 and name in text for name, text in zip(firsts, users, strict=True)]  # noqa: PLR2004 - letters
    return found


def middle(records: Table, left: Ints, right: Ints) -> Ints:
    """Levels of the middle initial."""
    at = records.codes["middle"].at
    one, other = at[left], at[right]
    return np.select([(one == 0) | (other == 0), one == other], [0, MIDDLE.at("same")], MIDDLE.at("different"))


def rarity(records: Table, left: Ints, right: Ints, first: Ints, last: Ints) -> Ints:
    """How many namesakes chance would give, by the rarer of both names, and how many records have this very name."""
    stats = records.stats
    given, family = (np.minimum(stats[name][left], stats[name][right]) for name in ("root", "last"))
    expected = given * family / records.people
    name = records.codes["name"].at
    seen = np.where((name[left] == name[right]) & (name[left] > 0), np.digitize(stats["name"][left], SEEN), 0)
    level = 1 + np.digitize(expected, EXPECTED) * (len(SEEN) + 1) + seen
    missing = (given == 0) | (family == 0) | (first == 0) | (last == 0)
    return np.where(missing, RARITY.at("missing"), level)
