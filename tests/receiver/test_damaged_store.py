"""A receiver takes nothing into a store that is damaged, and says so in one line (fault F22)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from he_sync.cli.doctor_house import house_probes
from he_sync.connect.doctor import diagnose
from he_sync.model.errors import FixSettings
from he_sync.store import inbox
from he_sync.store.database import open_store
from he_sync.store.sqlite_file import shorten_log
from tests.store.examples import arrival


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A store of some events, half a page of which is not what was written."""
    path = tmp_path / "he_sync.db"
    with open_store(path) as store:
        inbox.put(store, [arrival(f"e{number}", f"order {number}") for number in range(200)])
        assert shorten_log(store)
    content = bytearray(path.read_bytes())
    content[-4096:-2048] = b"\xff" * 2048
    path.write_bytes(content)
    return path


def test_a_receiver_does_not_start_on_a_store_with_a_torn_page_and_leaves_it_as_it_is(torn: Path) -> None:
    before = torn.read_bytes()
    line = [sys.executable, "-m", "he_sync.web.receiver", "--port", "0"]
    told = {**os.environ, "HE_HOME": str(torn.parent), "HE_STORE_URL": f"sqlite:///{torn}"}
    ended = subprocess.run(line, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    [said] = ended.stderr.splitlines()
    assert "is damaged" in said
    assert "restore it, docs/operations.md says how" in said
    assert torn.read_bytes() == before


def test_the_doctor_names_a_store_with_a_torn_page(torn: Path) -> None:
    store, *_ = diagnose(house_probes(torn, {}))
    assert not store.ok
    assert "is damaged" in store.say


def test_whoever_meets_the_damage_later_is_told_what_to_do(torn: Path) -> None:
    with open_store(torn) as store, pytest.raises(FixSettings, match=r"damaged.*operations\.md"):
        store.run(lambda connection: connection.exec_driver_sql("SELECT sum(length(body)) FROM inbox").all())
