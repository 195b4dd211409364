"""A worker killed with -9 at any point loses nothing and doubles nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from he_sync.store import effects
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from tests.store.examples import EVENING, effect, later
from tests.store.victim import POINTS, post

ROOT = Path(__file__).parents[2]


def kill_at(url: str, erp: Path, point: str) -> None:
    line = [sys.executable, "-m", "tests.store.victim", url, str(erp), point]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "here\n"
        victim.kill()


def go_on(url: str, erp: Path) -> None:
    """Another worker the next morning: what is ready is sent, what is in doubt is looked up first."""
    morning = later(EVENING, 60) + QUARANTINE
    with open_store(url) as store:
        claimed = effects.claim(store, "next", 60, morning)
        if claimed is None:
            claimed = effects.resume_doubtful(store, "next", 60, morning)
            if claimed is None:
                return
            assert claimed.may_have_landed
            if claimed.effect.key in erp.read_text().split():
                assert effects.confirm(store, claimed, "found")
                return
            claimed = effects.send_again(store, claimed, morning)
            assert claimed is not None
        post(erp, claimed.effect.key)
        assert effects.confirm(store, claimed, "sent")


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_any_point_leaves_one_document_and_a_confirmed_effect(
    store_url: str, tmp_path: Path, point: str
) -> None:
    erp = tmp_path / "erp"
    erp.touch()
    change = effect("ticket 1")
    with open_store(store_url) as store:
        effects.plan(store, [change])
    kill_at(store_url, erp, point)
    go_on(store_url, erp)
    assert erp.read_text().split() == [change.key]
    with open_store(store_url) as store:
        found = effects.find(store, change.key)
    assert found is not None
    assert found.state == "confirmed"
    expected = {"before intent": "sent", "before sending": "sent", "after confirmation": "5001"}
    assert found.reference == expected.get(point, "found")
