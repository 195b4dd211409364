"""Two addresses as one level: the same house is seen through a misspelt street, and through another town's name."""

from __future__ import annotations

import numpy as np
import pytest

from he_sync.match.compare import compared
from he_sync.match.levels import ADDRESS
from he_sync.match.standardise import standardised
from he_sync.match.table import table
from tests.match.people import records


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (("8358 Harbor Blvd W", "Marietta"), ("8358 Harbor Blvd West", "Marietta"), "same street and place"),
        (("8358 Harbor Blvd West", "Marietta"), ("8358 Harbor Blvd", "Marietta"), "street misspelt"),
        (("8358 Harbor Blvd", "Marietta"), ("8358 Harbor Blvd", "Devola"), "same street, other place"),
        (("8358 Harbor Blvd West", "Marietta"), ("8358 Harbor Blvd", "Devola"), "same street, other place"),
        (("8358 Harbor Blvd", "Marietta"), ("8359 Harbor Blvd", "Devola"), "different"),
        (("12 Birch Lane", "Marietta"), ("12 Quarry Street", "Devola"), "different"),
        (("12 Birch Lane", "Marietta"), ("12 Quarry Street", "Marietta"), "same town, other street"),
    ],
)
def test_a_house_is_the_same_in_a_misspelt_street_and_under_another_town_and_no_other_is(one, other, level):
    rows = ({"street": street, "city": city} for street, city in (one, other))
    known = table(standardised(records(*rows)), np.array([0, 1]))
    found = compared(known, np.array([0]), np.array([1]))["address"]
    assert ADDRESS.levels[found[0]] == level
