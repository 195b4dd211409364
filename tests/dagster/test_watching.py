"""The sensor `watching` looks with the settings of its code location, and says in its tick what fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from he_sync.model.errors import FixInput
from he_sync.store import inbox
from he_sync.store.database import open_store
from he_sync.watch.looking import look
from resources.memory import MemoryResource
from sensors.watching import watching
from tests.store.examples import arrival


def tick(home: Path) -> str:
    memory = MemoryResource(home=str(home), profile=str(home / "profile.yaml"))
    context = dg.build_sensor_context(resources={"memory": memory})
    return watching(look).evaluate_tick(context).skip_message or ""


def test_a_tick_judges_the_rules_and_starts_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HE_STORE_URL", raising=False)
    with open_store(tmp_path / "he_sync.db") as store:
        inbox.put(store, [arrival("a")], datetime.now(UTC) - timedelta(hours=1))
    (tmp_path / "alerts.yaml").write_text("rules: [{alert: events_wait, for: 0s}]\n")
    assert tick(tmp_path).startswith("1 fire (events_wait); told 0")
    assert tick(tmp_path).startswith("1 fire (events_wait); told 0")
    (tmp_path / "alerts.yaml").write_text("rules: [{alert: events_wait, above: much}]\n")
    with pytest.raises(FixInput, match=r"alerts\.yaml: rules\.events_wait\.above"):
        tick(tmp_path)
