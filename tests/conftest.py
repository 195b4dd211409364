"""Fixtures that several rooms share: a running sandbox, a real Postgres, a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg2
import pytest
from hypothesis import HealthCheck, settings

from he_sync.model.errors import FixSettings
from tests import postgres

if TYPE_CHECKING:
    from he_sync.sandbox.server import Sandbox

ALL_OF_IT = "HE_TEST_ALL"
"""Set by .ci/run: what a test needs has to be there."""
LONG = (
    *("exact/test_killed_anywhere_on_postgres", "exact/test_killed_anywhere", "flows/test_night"),
    *("exact/test_seeded_bugs", "cli/test_stack", "exact/test_killed_by_syscall", "browser/test_back_fill"),
    *("receiver/test_limits", "settlement_world/test_again", "exact/test_storm", "dagster/test_nightly_close"),
)
"""Files that take minutes. Begun last, as xdist begins files of few tests, one runs on while the other core idles."""


# A machine that is busy with something else fails no property: it had, after 2.7 s in which two inputs were made.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all others in their order."""
    place = {str(Path(__file__).parent / f"{name}.py"): number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(str(item.path), len(place)))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The three stand-ins and the admin port on free ports, their state under the test's own folder."""
    from he_sync.sandbox.server import running  # noqa: PLC0415 - a broken stand-in stops the tests that need it, only

    with running(tmp_path / "sandbox") as started:
        yield started


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`host:port` of one Postgres for the session (one per xdist worker)."""
    cluster = postgres.running()
    try:
        address = cluster.__enter__()
    except (OSError, FixSettings, subprocess.SubprocessError) as error:
        _without(f"Postgres cannot start here: {error}")
    yield address
    cluster.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A database of the test's own, as a SQLAlchemy URL that names the driver (a bare postgresql:// is psycopg 3)."""
    name = f"t{uuid.uuid4().hex}"
    admin = psycopg2.connect(f"postgresql://postgres@{postgres_server}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"postgresql+psycopg2://postgres@{postgres_server}/{name}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; the tests that need one are skipped where `make test` could not install it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        _without("no chromium on this machine; `make test` installs it where root and apt are there")
    return found


def _without(why: str) -> NoReturn:
    """Skipped on a person's machine, red in CI: 227 tests were once left out there and all was green."""
    if os.environ.get(ALL_OF_IT):
        pytest.fail(why)
    pytest.skip(why)
