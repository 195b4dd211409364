"""How fast each system may be called is a setting."""

from __future__ import annotations

import pytest

from he_sync.connect.systems import RATES, limits
from he_sync.connect.throttle import Limit
from he_sync.model.errors import FixSettings


def test_the_rate_of_each_system_is_a_setting_of_its_own() -> None:
    assert limits({"HE_EPICOR_RATE": "20", "HE_HEARTLAND_RATE": "0.5"}) == {
        "epicor": Limit(20, 20),
        "heartland": Limit(0.5, 1),
        "processor": Limit(RATES["processor"], RATES["processor"]),
    }


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", "20000"])
def test_a_rate_that_is_none_is_refused_with_what_to_set(text: str) -> None:
    with pytest.raises(FixSettings, match=r"HE_EPICOR_RATE is .*; set it to calls a second, above 0 and at most 10000"):
        limits({"HE_EPICOR_RATE": text})
