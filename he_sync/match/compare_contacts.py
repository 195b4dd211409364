"""Levels of e-mail, phone and company of pairs."""

from __future__ import annotations

import numpy as np

from he_sync.match.codes import Bools, Ints
from he_sync.match.emails import PROVIDERS
from he_sync.match.levels import EMAIL, FIRM, FIRM_RARITY, FIRM_SEEN, PHONE
from he_sync.match.similar import alike, edits, one_digit_off
from he_sync.match.table import Table

LONG_USER = 6
"""Letters from which one edit in a mail user is a slip; bob and rob are two people."""
SAME_FIRM = 0.92


def email(records: Table, left: Ints, right: Ints) -> Ints:
    """Levels of the e-mail, user and host together."""
    user, host = records.codes["user"], records.codes["host"]
    one, other = user.at[left], user.at[right]
    same_host, same_user = host.at[left] == host.at[right], one == other
    own = ~np.isin(host.texts.to_numpy().astype(object), PROVIDERS)[host.at[left]]
    numbered = user.texts.str.contains(r"\d$").to_numpy()[one]
    cases = [
        (one == 0) | (other == 0), same_user & same_host, same_user & numbered, same_user, same_host & own,
        same_host & _slip(records, left, right),
    ]  # fmt: skip
    levels = ("missing", "same", "same numbered user", "same user, other host", "same company host", "misspelt")
    return np.select(cases, [EMAIL.at(level) for level in levels], EMAIL.at("different"))


def _slip(records: Table, left: Ints, right: Ints) -> Bools:
    user, host = records.codes["user"], records.codes["host"]
    lengths = user.texts.str.len_chars().to_numpy().astype(np.int64)
    one, other = user.at[left], user.at[right]
    long = np.minimum(lengths[one], lengths[other]) >= LONG_USER
    close = np.abs(lengths[one] - lengths[other]) <= 1
    need = (one != other) & (host.at[left] == host.at[right]) & long & close
    slip: Bools = edits(one, other, user.texts, need) == 1
    return slip


def phone(records: Table, left: Ints, right: Ints) -> Ints:
    """Levels of the phone number."""
    digits, area = records.codes["digits"], records.codes["area"].at
    one, other = digits.at[left], digits.at[right]
    cases = [
        (one == 0) | (other == 0),
        one == other,
        one_digit_off(one, other, digits.texts),
        area[left] == area[right],
    ]
    levels = ("missing", "same", "one digit off", "different, same area")
    return np.select(cases, [PHONE.at(level) for level in levels], PHONE.at("different"))


def firm(records: Table, left: Ints, right: Ints) -> Ints:
    """Levels of the company name; a pair with one company and one person has a level of its own."""
    at = records.codes["firm"].at
    one, other = at[left], at[right]
    cases = [
        (one == 0) & (other == 0),
        (one == 0) | (other == 0),
        one == other,
        alike(records.codes["firm"], left, right, (one != other) & (one > 0) & (other > 0), SAME_FIRM),
    ]
    levels = ("missing", "only one has one", "same", "misspelt")
    return np.select(cases, [FIRM.at(level) for level in levels], FIRM.at("different"))


def firm_rarity(records: Table, left: Ints, right: Ints) -> Ints:
    """Records that have this very company name."""
    at = records.codes["firm"].at
    same = (at[left] == at[right]) & (at[left] > 0)
    return np.where(same, 1 + np.digitize(records.stats["firm"][left], FIRM_SEEN), FIRM_RARITY.at("missing"))
