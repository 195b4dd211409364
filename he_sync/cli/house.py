"""The environment that Dagster and the flows run in: one folder for everything, settings for a sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from he_sync.model.errors import FixSettings
from he_sync.model.retailer import Retailer, dump_retailer
from he_sync.sandbox.server import Sandbox
from he_sync.settings import Settings, read_settings

FRIDAY = 4


def last_friday(today: date | None = None) -> date:
    """The last Friday before today: its weekend batches merge into Monday, which makes it a good day to look at."""
    day = (today or datetime.now(UTC).date()) - timedelta(days=1)
    while day.weekday() != FRIDAY:
        day -= timedelta(days=1)
    return day


def project_root() -> Path:
    """The folder of definitions.py and dagster.yaml. Raises FixSettings where this is no checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "dagster.yaml").exists():
        raise FixSettings(f"{root} holds no dagster.yaml; run from a checkout of he-sync")
    return root


def sandbox_environment(sandbox: Sandbox, home: Path, retailer: Retailer) -> dict[str, str]:
    """Settings of a process that works on a running sandbox; writes the profile into `home`."""
    home.mkdir(parents=True, exist_ok=True)
    profile = home / "profile.yaml"
    profile.write_text(dump_retailer(retailer), encoding="utf-8")
    return {
        "HE_HOME": str(home.resolve()),
        "HE_STORE_URL": "",  # whatever the shell says: a sandbox's events never go into another installation's store
        "HE_PROFILE": str(profile.resolve()),
        "HE_TIMEZONE": retailer.timezone,
        "HE_HEARTLAND_URL": sandbox.heartland,
        "HE_HEARTLAND_TOKEN": "sandbox-heartland-token",
        "HE_GP_URL": sandbox.gp,
        "HE_GP_APP_ID": "sandbox-app",
        "HE_GP_APP_KEY": "sandbox-app-key",
        "HE_PORTICO_URL": sandbox.urls["processor"],
        "HE_PORTICO_KEY": "skapi_sandbox",
        "HE_EPICOR_URL": sandbox.epicor,
        "HE_EPICOR_COMPANY": retailer.epicor.company,
        "HE_EPICOR_USER": "he-sync",
        "HE_EPICOR_PASSWORD": "sandbox",
        "HE_EPICOR_API_KEY": "sandbox-api-key",
    }


def with_dagster(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """The same plus an instance under `home/dagster` with this project's dagster.yaml."""
    folder = home.resolve() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project_root() / "dagster.yaml", folder / "dagster.yaml")
    return {**os.environ, **environment, "DAGSTER_HOME": str(folder)}


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Settings of an environment."""
    return read_settings(environment)


def run_job(job: str, day: date, environment: Mapping[str, str], log: Path) -> int:
    """Run one Dagster job for one business date in its own process; output goes to `log`. Gives the exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    tags = f'{{"dagster/partition": "{day}"}}'
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "definitions", "-j", job, "--tags", tags]
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=project_root(), env=dict(environment), stdout=output, stderr=output, check=False
        )
    return done.returncode
