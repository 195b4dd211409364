"""The first hour of docs/operations.md, typed as it stands there, with the installed wheel outside of the tree."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from he_sync.cli import check
from he_sync.sandbox.server import running
from he_sync.store import effects
from he_sync.store.database import open_store
from he_sync.watch.memory import memory
from tests.docs.test_docs import ROOT, blocks
from tests.watch.stand_ins import taking_posts

DAY = "2026-11-20"
TITLE = "## A new customer's first hour\n"
INSTALL, SERVE = "pip install", "sandbox serve"
STEP = "== step"


@dataclass(frozen=True)
class Hour:
    """What each block printed, in order, and what was heard at the address of the alarms."""

    world: str
    init: str
    doctor: str
    sync: str
    close: str
    alert: str
    heard: list[Any]
    home: Path
    problems: list[str]
    written: int


def typed(texts: list[str], place: Path, programs: Path) -> list[str]:
    """What a shell prints for blocks typed one after the other; a command that fails ends it."""
    script = "".join(f"echo '{STEP}'\n{text}" for text in texts)
    path = f"{programs}:{os.environ['PATH']}"
    words = ["bash", "-euo", "pipefail", "-c", script]
    environ = {"PATH": path, "HOME": str(place)}
    done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.split(f"{STEP}\n")[1:]


@pytest.fixture(scope="module")
def hour(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Hour:
    place = tmp_path_factory.mktemp("hour")
    page = (ROOT / "docs/operations.md").read_text().partition(TITLE)[2].partition("\n## ")[0]
    install, world, serve, *others = blocks(page, "sh")
    assert (INSTALL in install, SERVE in serve) == (True, True)
    [made] = typed([world], place, installed)
    with running(place / "trial") as sandbox, taking_posts() as alarms:
        names = {7101: sandbox.urls["heartland"], 7102: sandbox.urls["processor"], 7103: sandbox.urls["epicor"]}
        for port, url in {**names, 7299: f"http://127.0.0.1:{alarms.port}"}.items():
            others = [one.replace(f"http://127.0.0.1:{port}", url) for one in others]
        told = typed(others, place, installed)
        with open_store(place / "shop" / "he_sync.db") as store:
            confirmed = [one.effect for one in effects.listing(store, states=["confirmed"])]
        problems = check.once_each(sandbox.state, confirmed)
    return Hour(made, *told, [json.loads(body) for _, body in alarms.posts], place / "shop", problems, len(confirmed))


def test_the_doctor_of_a_new_installation_finds_nothing_to_do(hour: Hour) -> None:
    marks = [line[:3] for line in hour.doctor.splitlines()]
    assert marks.count("ok ") > 30
    assert set(marks) <= {"ok ", "may"}


def test_the_first_sync_writes_to_both_sides_each_thing_once(hour: Hour) -> None:
    rows = [[cell.strip() for cell in line.split("│")] for line in hour.sync.splitlines() if "│" in line]
    assert {row[3] for row in rows if row[2] == "confirmed"} == {"heartland", "epicor"}
    assert "waiting_approval" in {row[2] for row in rows}
    assert hour.problems == []


def test_the_first_close_shows_its_plan_then_writes_what_the_sync_left(hour: Hour) -> None:
    plan, _, closed = hour.close.partition("Remaining")
    assert "Would be written\n" in plan
    [written] = re.findall(r"^Written (\d+), waiting for approval [1-9]", closed, flags=re.MULTILINE)
    assert int(written) > 0
    assert hour.sync.count(" confirmed ") + int(written) == hour.written
    assert DAY in closed


def test_the_first_alert_reaches_who_the_file_names(hour: Hour) -> None:
    trial, alert = hour.heard
    assert "trial" in json.dumps(trial)
    assert (alert["type"], alert["data"]["alert"]) == ("alert.firing", "approvals_wait")
    assert re.search(r"^firing +approvals_wait", hour.alert, flags=re.MULTILINE)
    with memory(hour.home) as kept:
        assert kept.mark("tried desk"), "what the doctor asks for in production"
