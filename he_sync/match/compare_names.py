"""Levels of the name fields of pairs: first and last name, also exchanged, middle initial, rarity."""

from __future__ import annotations

import numpy as np

from he_sync.match.codes import Bools, Ints, Places, Small, taken
from he_sync.match.couples import Ask, Couples, Known, Levels, Question, first_of
from he_sync.match.levels import EXPECTED, FIRST, LAST, MIDDLE, RARITY, SEEN
from he_sync.match.similar import Forms, may_be_misspelt, misspelt, shared_word

FIRST_MISSPELT = Question("first name", FIRST.at("misspelt"), "first", misspelt)
LAST_MISSPELT = Question("last name", LAST.at("misspelt"), "first", misspelt)
ONE_PART = Question("last name", LAST.at("one part the same"), "first", shared_word)
LONG_NAME = 3
"""Letters from which a name inside a mail user is no accident."""


class Names:
    """What comparing names needs to know of the vocabulary that first and last names share."""

    def __init__(self, known: Known) -> None:
        texts = known.codes("first").texts
        self.letters = known.letters("first")
        self.forms = Forms(texts)
        self._single = self.letters.lengths == 1
        self._several = texts.str.contains(" ", literal=True).to_numpy()
        self._people, self._names = known.records.people, known.records.stats["name"]
        self._rarities = np.digitize(np.arange(SEEN[-1] + 1), SEEN).astype(np.uint8)

    def levels(self, some: Couples) -> tuple[Levels, Levels, list[Ask]]:
        """Levels of first and last name; exchanged names are compared the right way round."""
        one, family = some.one("first"), some.one("last")
        other, theirs = _turned(some)
        first, asked = self._first(one, other)
        last, also = self._last(family, theirs)
        return first, last, [asked, *also]

    def _first(self, one: Small, other: Small) -> tuple[Levels, Ask]:
        missing, same = (one == 0) | (other == 0), one == other
        short = taken(self._single, one) | taken(self._single, other)
        rest = np.flatnonzero(~(missing | same | short))
        nick = self.forms.among(taken(one, rest), taken(other, rest))
        letter = self._same_initial(short, one, other)
        cases = [missing, letter, same]
        found = first_of(
            cases, [FIRST.at(level) for level in ("missing", "same initial", "same")], FIRST.at("different")
        )
        found[rest[nick]] = FIRST.at("short form")
        return found, self._near(FIRST_MISSPELT, rest[~nick], one, other)

    def _last(self, one: Small, other: Small) -> tuple[Levels, list[Ask]]:
        missing, same = (one == 0) | (other == 0), one == other
        short = taken(self._single, one) | taken(self._single, other)
        letter = self._same_initial(short, one, other)
        cases = [missing, same, letter]
        found = first_of(cases, [LAST.at(level) for level in ("missing", "same", "same initial")], LAST.at("different"))
        rest = np.flatnonzero(found == LAST.at("different"))
        parts = rest[self._several[one[rest]] | self._several[other[rest]]]
        return found, [self._near(LAST_MISSPELT, rest, one, other), Ask(ONE_PART, parts, one[parts], other[parts])]

    def _same_initial(self, short: Bools, one: Small, other: Small) -> Bools:
        """Of the pairs with an initial those whose names begin alike."""
        ask, same = np.flatnonzero(short), short.copy()
        same[ask] = taken(self.letters.initials, one[ask]) == taken(self.letters.initials, other[ask])
        return same

    def _near(self, question: Question, rest: Ints, one: Small, other: Small) -> Ask:
        maybe = rest[may_be_misspelt(self.letters, taken(one, rest), taken(other, rest))]
        return Ask(question, maybe, one[maybe], other[maybe])

    def rarity(self, some: Couples) -> Levels:
        """How many namesakes chance would give, by the rarer of both names, and how many have this very name."""
        given, family = (np.minimum(some.one(name), some.other(name)) for name in ("root seen", "last seen"))
        expected = given.astype(np.int64) * family / self._people
        seen = np.zeros(len(some), np.uint8)
        same = np.flatnonzero(some.same("name"))
        seen[same] = self._rarities[np.minimum(self._names[some.left[same]], len(self._rarities) - 1)]
        level = seen + np.uint8(1)
        for least in EXPECTED:
            level += (expected >= least).view(np.uint8) * np.uint8(len(SEEN) + 1)
        return first_of([(given == 0) | (family == 0)], [RARITY.at("missing")], level)


def _turned(some: Couples) -> tuple[Small, Small]:
    """Names of the right records, exchanged where the fields agree only crosswise."""
    other, theirs = some.other("first"), some.other("last")
    turned = np.flatnonzero(_crosswise(some.one("first"), other, some.one("last"), theirs))
    if not len(turned):
        return other, theirs
    first, last = other.copy(), theirs.copy()
    first[turned], last[turned] = theirs[turned], other[turned]
    return first, last


def _crosswise(one: Small, other: Small, family: Small, theirs: Small) -> Bools:
    """Pairs whose fields agree only crosswise, in at least one direction."""
    straight = ((one == other) & (one > 0)) | ((family == theirs) & (family > 0))
    crosswise: Bools = ~straight & (((one == theirs) & (one > 0)) | ((family == other) & (family > 0)))
    return crosswise


def in_mailbox(known: Known, left: Places, right: Places, first: Levels) -> None:
    """One record has no first name, and its mail user contains the other's: set in the levels of all pairs."""
    given, family, user = (known.codes(name).at for name in ("first", "last", "user"))
    ask = np.flatnonzero(first == FIRST.at("missing"))
    one, other = left[ask], right[ask]
    turned = _crosswise(given[one], given[other], family[one], family[other])
    mine, theirs = given[one], np.where(turned, family[other], given[other])
    blank, named = np.where(mine == 0, one, other), np.where(mine == 0, other, one)
    asked = np.flatnonzero(((mine == 0) != (theirs == 0)) & (user[blank] > 0))
    named, user = given[named[asked]], user[blank[asked]]
    names, users = known.letters("first"), known.letters("user")
    maybe = ((names.marks[named] & ~users.marks[user]) == 0) & (names.lengths[named] >= LONG_NAME)
    asked, named, user = asked[maybe], named[maybe], user[maybe]
    texts = zip(known.codes("first").texts.gather(named), known.codes("user").texts.gather(user), strict=True)
    first[ask[asked][np.array([name in text for name, text in texts], bool)]] = FIRST.at("in the other's mailbox")


def middle(some: Couples) -> Levels:
    """Levels of the middle initial."""
    cases = [~some.both("middle"), some.equal("middle")]
    return first_of(cases, [MIDDLE.at("missing"), MIDDLE.at("same")], MIDDLE.at("different"))
