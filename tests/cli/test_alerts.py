"""`he-sync alerts` as a person uses it: what fires, who is at it, and files for Prometheus and Grafana."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from he_sync.cli.alerts import app
from he_sync.model.errors import FixInput
from he_sync.store import inbox
from he_sync.store.database import open_store
from tests.store.examples import arrival
from tests.watch.stand_ins import taking_posts


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HE_HOME", str(tmp_path))
    monkeypatch.delenv("HE_STORE_URL", raising=False)
    return tmp_path


def says(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_fires_is_shown_told_acknowledged_and_over(home: Path) -> None:
    with open_store(home / "he_sync.db") as store, taking_posts() as posts:
        inbox.put(store, [arrival("a")], datetime.now(UTC) - timedelta(hours=1))
        (home / "alerts.yaml").write_text(
            "rules: [{alert: events_wait, for: 0s}]\n"
            f"targets: [{{name: desk, kind: webhook, url: 'http://127.0.0.1:{posts.port}/'}}]\n"
            "routes: [{owners: [integration], to: [desk]}]\n"
        )
        assert "told to nobody: approvals_wait, store_days_late, close_late" in says("check")
        done = json.loads(says("look", "--json"))
        assert (done["fired"], done["sent"]) == (["events_wait"], 1)
        assert "desk took it" in says("try", "desk")
        assert [json.loads(body)["data"]["alert"] for _, body in posts.posts] == ["events_wait", "trial"]
    assert "events_wait is acknowledged" in says("ack", "events_wait", "--note", "at it", "--who", "ana")
    shown = json.loads(says("status", "--json"))
    [one] = [one for one in shown["alerts"] if one["state"] == "firing"]
    assert (one["alert"], one["acknowledged"]) == ("events_wait", "acknowledged by ana: at it")
    assert "firing  events_wait" in says("status")


@pytest.mark.usefixtures("home")
def test_an_alert_or_a_target_that_is_not_there_is_one_line_that_names_those_that_are() -> None:
    with pytest.raises(FixInput, match="'nothing' does not fire; nothing does"):
        says("ack", "nothing", "--note", "x")
    with pytest.raises(FixInput, match="'pager' is no target of"):
        says("try", "pager")
    assert says("status") == "nothing fires\n"


def test_files_for_prometheus_and_grafana_hold_the_installations_own_limits(home: Path) -> None:
    (home / "alerts.yaml").write_text("rules: [{alert: events_wait, above: 777}]\n")
    says("prometheus", str(home / "rules.yaml"))
    [group] = yaml.safe_load((home / "rules.yaml").read_text())["groups"]
    assert "he_event_oldest_age_seconds > 777" in [rule["expr"] for rule in group["rules"]]
    assert '"value": 777.0' in says("dashboard")
    assert sorted(path.name for path in home.iterdir()) == ["alerts.yaml", "rules.yaml"]
