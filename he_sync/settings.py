"""Where things are and with which credentials, read from the environment; secrets also from files (`NAME_FILE`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from he_sync.model.errors import FixSettings

STORE_FILE = "he_sync.db"
DAY_SECONDS = 86_400
RATES = {"heartland": 200.0, "processor": 50.0, "epicor": 300.0}
"""Calls a second, and as many at once. No system documents a limit: a 429 pauses all calls whatever stands here.

An order takes one write and a share of two reads in Epicor, and one write and a share of a read in Heartland.
"""
FASTEST = 10_000.0


@dataclass(frozen=True)
class Settings:
    """Everything one installation needs to know. Secrets are kept out of `repr`."""

    home: Path
    profile: Path
    heartland_url: str
    gp_url: str
    gp_app_id: str
    portico_url: str
    epicor_url: str
    epicor_company: str
    epicor_user: str
    epicor_plant: str
    heartland_token: str = field(repr=False)
    gp_app_key: str = field(repr=False)
    portico_key: str = field(repr=False)
    epicor_password: str = field(repr=False)
    epicor_api_key: str = field(repr=False)
    store_url: str = field(default="", repr=False)
    rates: Mapping[str, float] = field(default_factory=lambda: dict(RATES))
    """Calls a second by system."""

    @property
    def store(self) -> str | Path:
        """Where the store is: a file of this home, or the database that HE_STORE_URL names."""
        return self.store_url or self.home / STORE_FILE


def variable(name: str, environ: Mapping[str, str], default: str | None = None) -> str:
    """One setting: NAME, or the content of the file that NAME_FILE names. Raises FixSettings when neither is there."""
    if value := environ.get(name):
        return value
    if path := environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise FixSettings(f"{name}_FILE names {path}, which cannot be read ({error.strerror})") from error
    if default is None:
        raise FixSettings(f"{name} is not set; set it or {name}_FILE (see README, 'Connect the real systems')")
    return default


def seconds(name: str, otherwise: float, environ: Mapping[str, str] = os.environ) -> float:
    """A span of time. Raises FixSettings for what is no number of seconds from 0 to a day."""
    text = variable(name, environ, str(otherwise))
    try:
        span = float(text)
    except ValueError:
        span = -1.0
    if not 0 <= span <= DAY_SECONDS:
        raise FixSettings(f"{name} is {text!r}; set it to seconds, from 0 to {DAY_SECONDS}")
    return span


def rate(system: str, environ: Mapping[str, str] = os.environ) -> float:
    """How fast a system may be called: HE_<SYSTEM>_RATE, or RATES. Raises FixSettings naming the variable."""
    name = f"HE_{system.upper()}_RATE"
    text = variable(name, environ, str(RATES[system]))
    try:
        calls = float(text)
    except ValueError:
        calls = 0.0
    if not 0 < calls <= FASTEST:
        raise FixSettings(f"{name} is {text!r}; set it to calls a second, above 0 and at most {FASTEST:g}")
    return calls


def store_address(environ: Mapping[str, str] = os.environ) -> str | Path:
    """The store of an installation whose systems need not be known: HE_STORE_URL, or a file of HE_HOME."""
    return variable("HE_STORE_URL", environ, "") or Path(variable("HE_HOME", environ, "var")) / STORE_FILE


def home_and_profile(environ: Mapping[str, str] = os.environ) -> tuple[Path, Path]:
    """The folder and the profile of an installation whose systems need not be known."""
    home = Path(variable("HE_HOME", environ, "var"))
    return home, Path(variable("HE_PROFILE", environ, str(home / "profile.yaml")))


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of this process. Raises FixSettings naming the first missing variable."""
    home, profile = home_and_profile(environ)
    return Settings(
        home=home,
        profile=profile,
        heartland_url=variable("HE_HEARTLAND_URL", environ),
        gp_url=variable("HE_GP_URL", environ),
        gp_app_id=variable("HE_GP_APP_ID", environ),
        portico_url=variable("HE_PORTICO_URL", environ, ""),
        epicor_url=variable("HE_EPICOR_URL", environ),
        epicor_company=variable("HE_EPICOR_COMPANY", environ),
        epicor_user=variable("HE_EPICOR_USER", environ),
        epicor_plant=variable("HE_EPICOR_PLANT", environ, ""),
        heartland_token=variable("HE_HEARTLAND_TOKEN", environ),
        gp_app_key=variable("HE_GP_APP_KEY", environ),
        portico_key=variable("HE_PORTICO_KEY", environ, ""),
        epicor_password=variable("HE_EPICOR_PASSWORD", environ),
        epicor_api_key=variable("HE_EPICOR_API_KEY", environ),
        store_url=variable("HE_STORE_URL", environ, ""),
        rates={system: rate(system, environ) for system in RATES},
    )
