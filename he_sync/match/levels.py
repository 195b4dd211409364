"""Fields of a comparison and their levels, in words: the vocabulary of the model, the reports and the explanations.

Level 0 of a field with `blank` says that nothing can be compared; it weighs nothing in any class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Field:
    """A compared field: its levels in words, whether level 0 stands for missing, and levels that identify nobody.

    Records that only `far` levels join were brought together by a split of a large block as much as by chance. Levels
    of a `pooled` field say nothing for or against a class until the file shows that they do.
    """

    name: str
    levels: tuple[str, ...]
    blank: bool = True
    far: tuple[str, ...] = ()
    pooled: bool = False

    def __len__(self) -> int:
        """Levels."""
        return len(self.levels)

    def at(self, level: str) -> int:
        """The number of a level."""
        return self.levels.index(level)

    def among(self, found: npt.NDArray[np.uint8], *levels: str) -> npt.NDArray[np.bool_]:
        """Which of the levels found are one of these; compared one by one, five times as fast as a look-up."""
        wanted: npt.NDArray[np.bool_] = found == self.at(levels[0])
        for level in levels[1:]:
            wanted |= found == self.at(level)
        return wanted


FIRST = Field(
    "first name", ("missing", "same", "short form", "same initial", "misspelt", "different", "in the other's mailbox")
)
LAST = Field("last name", ("missing", "same", "misspelt", "one part the same", "different", "same initial"))
EMAIL = Field(
    "e-mail",
    ("missing", "same", "same user, other host", "misspelt", "different", "same company host", "same numbered user"),
)
PHONE = Field("phone", ("missing", "same", "one digit off", "different, same area", "different"))
ADDRESS = Field(
    "address",
    (
        "missing", "same street and place", "same street, other unit", "same street, other place", "street misspelt",
        "same ZIP, street missing", "same ZIP, other street", "same town, other street", "same state", "different",
        "same town, street missing", "same state, street missing", "other state, street missing",
    ),
    far=(
        "same ZIP, other street", "same town, other street", "same state", "different", "same state, street missing",
        "other state, street missing",
    ),
)  # fmt: skip
GENERATION = Field(
    "generation", ("none", "same", "different", "only one says", "namesake in the house has one"), blank=False
)
MIDDLE = Field("middle initial", ("missing", "same", "different"))
FIRM = Field("company", ("missing", "same", "misspelt", "different", "only one has one"))
SIDES = Field("sources", ("both left", "across", "both right"), blank=False)

EXPECTED = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Namesakes that chance gives a name of this frequency, the steps of the rarity field."""
SEEN = (3, 4, 5, 9)
"""Records that have exactly this name, its second step."""
_EXPECTED_WORDS = ("under 0.1", "0.1 to 0.3", "0.3 to 1", "1 to 3", "3 to 10", "10 to 30", "over 30")
_SEEN_WORDS = ("2", "3", "4", "5 to 8", "9 or more")
RARITY = Field(
    "name rarity",
    ("missing", *(f"{by} expected, {of} seen" for by in _EXPECTED_WORDS for of in _SEEN_WORDS)),
    pooled=True,
)
FIRM_SEEN = (3, 4, 6, 9)
BIRTH = Field(
    "birth date",
    ("missing", "same", "day and month exchanged", "one digit off", "different", "a generation apart"),
)
IDENTIFIER = Field("identifier", ("missing", "same", "one character off", "different"))
FIRM_RARITY = Field(
    "company rarity", ("missing", "2 seen", "3 seen", "4 or 5 seen", "6 to 8 seen", "9 or more seen"), pooled=True
)

PEOPLE_FIELDS = (RARITY, FIRST, LAST, PHONE, ADDRESS, GENERATION, MIDDLE, EMAIL, SIDES, BIRTH, IDENTIFIER)
FIRM_FIELDS = (FIRM_RARITY, FIRM, FIRST, LAST, PHONE, ADDRESS, EMAIL, SIDES, IDENTIFIER)
FIELDS = (
    RARITY, FIRM_RARITY, FIRST, LAST, PHONE, ADDRESS, GENERATION, MIDDLE, EMAIL, FIRM, SIDES, BIRTH, IDENTIFIER,
)  # fmt: skip
