"""Levels of e-mail, phone and company of pairs."""

from __future__ import annotations

import numpy as np

from he_sync.match.codes import taken
from he_sync.match.couples import Ask, Couples, Known, Levels, Question, first_of
from he_sync.match.emails import PROVIDERS
from he_sync.match.levels import EMAIL, FIRM, FIRM_RARITY, FIRM_SEEN, PHONE
from he_sync.match.similar import Digits, may_be_same_firm, one_edit, same_firm

LONG_USER = 6
"""Letters from which one edit in a mail user is a slip; bob and rob are two people."""
AREA = 3
MAIL_MISSPELT = Question("e-mail", EMAIL.at("misspelt"), "user", one_edit)
FIRM_MISSPELT = Question("company", FIRM.at("misspelt"), "firm", same_firm)


class Contacts:
    """What comparing contacts needs to know of their vocabularies."""

    def __init__(self, known: Known) -> None:
        self._users, self._firms = known.letters("user"), known.letters("firm")
        self._own = ~known.codes("host").texts.is_in(PROVIDERS).to_numpy()
        self._numbered = known.codes("user").texts.str.contains(r"\d$").to_numpy()
        self._digits = Digits(known.codes("digits").texts)
        self._firm_seen = 1 + np.digitize(known.codes("firm").counts, FIRM_SEEN).astype(np.uint8)

    def email(self, some: Couples) -> tuple[Levels, Ask]:
        """Levels of the e-mail, user and host together."""
        one, other = some.one("user"), some.other("user")
        both, same_user, same_host = some.both("user"), some.equal("user"), some.equal("host")
        numbered, own = same_user & taken(self._numbered, one), same_host & taken(self._own, some.one("host"))
        cases = [~both, same_user & same_host, numbered, same_user, own]
        levels = ("missing", "same", "same numbered user", "same user, other host", "same company host")
        found = first_of(cases, [EMAIL.at(level) for level in levels], EMAIL.at("different"))
        rest = np.flatnonzero((found == EMAIL.at("different")) & same_host)
        long = np.minimum(self._users.lengths[one[rest]], self._users.lengths[other[rest]]) >= LONG_USER
        slips = rest[long & self._users.within_edits(one[rest], other[rest], 1)]
        return found, Ask(MAIL_MISSPELT, slips, one[slips], other[slips])

    def phone(self, some: Couples) -> Levels:
        """Levels of the phone number."""
        one, other = some.one("digits"), some.other("digits")
        both, same = some.both("digits"), some.equal("digits")
        found = first_of([~both, same], [PHONE.at("missing"), PHONE.at("same")], PHONE.at("different"))
        rest = np.flatnonzero(both & ~same)
        one, other = one[rest], other[rest]
        found[rest[self._digits.same_beginning(one, other, AREA)]] = PHONE.at("different, same area")
        found[rest[self._digits.one_off(one, other)]] = PHONE.at("one digit off")
        return found

    def firm(self, some: Couples) -> tuple[Levels, Ask]:
        """Levels of the company name; a pair with one company and one person has a level of its own."""
        one, other, both, same = some.one("firm"), some.other("firm"), some.both("firm"), some.equal("firm")
        cases = [same & ~both, ~both, same]
        found = first_of(
            cases, [FIRM.at(level) for level in ("missing", "only one has one", "same")], FIRM.at("different")
        )
        rest = np.flatnonzero(both & ~same)
        maybe = rest[may_be_same_firm(self._firms, one[rest], other[rest])]
        return found, Ask(FIRM_MISSPELT, maybe, one[maybe], other[maybe])

    def firm_rarity(self, some: Couples) -> Levels:
        """Records that have this very company name."""
        found = np.full(len(some), FIRM_RARITY.at("missing"), np.uint8)
        same = np.flatnonzero(some.same("firm"))
        found[same] = self._firm_seen[some.one("firm")[same]]
        return found
