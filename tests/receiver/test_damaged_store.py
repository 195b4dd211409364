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
from he_sync.store.sqlite_file import WHOLE, check, shorten_log
from tests.store.examples import arrival

ROOT = Path(__file__).parents[2]


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


LIMITED = """
import resource, signal, sys
from pathlib import Path
from he_sync.model.errors import TryLater
from he_sync.store import inbox
from he_sync.store.database import open_store
from tests.store.examples import arrival

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, number, refused = Path(sys.argv[1]), 0, 0
with open_store(path) as store:
    most = path.with_name(f"{path.name}-wal").stat().st_size + 100_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    while refused < 3:
        number += 1
        try:
            inbox.put(store, [arrival(f"e{number}", f"order {number}")])
            print(f"e{number}")
        except TryLater:
            refused += 1
            store.close()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    inbox.put(store, [arrival("after", "order 0")])
    print("after")
"""


def test_a_store_at_its_file_size_limit_takes_nothing_and_is_whole(tmp_path: Path) -> None:
    """What was taken is there, and when there is room again it takes again (fault F20)."""
    path = tmp_path / "he_sync.db"
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    taken = set(ended.stdout.split())
    with open_store(path) as store:
        check(store, WHOLE)
        assert {kept.event.event_id for kept in inbox.listing(store)} >= taken > {"after"}
