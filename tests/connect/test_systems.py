"""How fast each system may be called is a setting."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from he_sync.cli.house import settings_of
from he_sync.connect.systems import connect, limits
from he_sync.connect.throttle import Limit
from he_sync.model.errors import FixSettings
from he_sync.sandbox.server import Sandbox
from he_sync.settings import RATES, Settings, rate, read_settings


def environment(sandbox: Sandbox, home: Path, **more: str) -> dict[str, str]:
    return {
        "HE_HOME": str(home),
        "HE_HEARTLAND_URL": sandbox.heartland,
        "HE_HEARTLAND_TOKEN": "sandbox-heartland-token",
        "HE_GP_URL": sandbox.gp,
        "HE_GP_APP_ID": "sandbox-app",
        "HE_GP_APP_KEY": "sandbox-app-key",
        "HE_EPICOR_URL": sandbox.epicor,
        "HE_EPICOR_COMPANY": "EPIC06",
        "HE_EPICOR_USER": "he-sync",
        "HE_EPICOR_PASSWORD": "sandbox",
        "HE_EPICOR_API_KEY": "sandbox-api-key",
        **more,
    }


def test_the_rate_of_each_system_is_a_setting_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    settings: Settings = read_settings(environment(sandbox, tmp_path, HE_EPICOR_RATE="20", HE_HEARTLAND_RATE="0.5"))
    assert limits(settings.rates) == {
        "epicor": Limit(20, 20),
        "heartland": Limit(0.5, 1),
        "processor": Limit(RATES["processor"], RATES["processor"]),
    }


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", "20000"])
def test_a_rate_that_is_none_is_refused_with_what_to_set(text: str) -> None:
    with pytest.raises(FixSettings, match=r"HE_EPICOR_RATE is .*; set it to calls a second, above 0 and at most 10000"):
        rate("epicor", {"HE_EPICOR_RATE": text})


def test_calls_keep_the_rate_that_the_settings_name(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whatever this process's own environment says: a rate comes with its settings."""
    slow = settings_of(environment(sandbox, tmp_path, HE_HEARTLAND_RATE="5"))
    with connect(slow) as systems:
        began = time.monotonic()
        for _ in range(8):
            systems.heartland.count("items")
    assert time.monotonic() - began >= 0.55, "five at once, then three at five a second"
