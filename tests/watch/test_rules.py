"""Rules are data: what is wrong in a file is one line with file, place and rule; limits are an installation's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from he_sync.model.errors import FixInput
from he_sync.watch.rules import load
from he_sync.watch.targets import Quiet

WRONG = {
    "rules: [{alert: events_wait, above: many}]": r"rules\.events_wait\.above: Input should be a valid number",
    "rules: [{alert: events_wait, for: 2 minutes}]": r"rules\.events_wait\.for: '2 minutes' is no span",
    "rules: [{alert: events_wait, metric: he_nothing}]": "events_wait names he_nothing, which is no figure of ours",
    "rules: [{alert: events_wait, where: {sate: new}}]": "he_event_oldest_age_seconds has no label sate",
    "rules: [{alert: mine, says: x, severity: page, owner: me, metric: he_events}]": "mine needs above or below",
    "rules: [{alert: mine, says: x, severity: loud, owner: me, metric: he_events, above: 1}]": r"rules\.mine\.severity",
    "rules: [{alert: events_wait, abvoe: 1}]": r"rules\.events_wait\.abvoe: Extra inputs are not permitted",
    "rules: 7": "must be a list of entries under each of",
    "rules: [7]": "must be a list of entries under each of",
    "[]\n": None,
    "targets: [{name: a, kind: pigeon}]": "pigeon",
    "routes: [{to: [nobody]}]": "names nobody, which no target is called",
    "slos: [{slo: mine, says: x, objective: 0.9}]": "nothing is judged by mine; choose events_answered",
    "quiet: {from: 20:00, until: '07:00', zone: America/New_York}": "write times in quotes",
    "quiet: {from: '20:00', until: '07:00', zone: Newyork}": "Newyork is no time zone",
    "rules: [": "not YAML",
    "rules: [!!python/object/apply:os.system [ls]]": "not YAML",
    "targets: [{name: a, kind: slack}, {name: a, kind: slack}]": "two of target a",
}


@pytest.mark.parametrize("content", WRONG)
def test_what_is_wrong_in_a_file_is_one_line_that_names_file_place_and_rule(tmp_path: Path, content: str) -> None:
    (tmp_path / "alerts.yaml").write_text(content)
    expected = WRONG[content]
    if expected is None:
        assert load(tmp_path).by_name == load().by_name
        return
    with pytest.raises(FixInput) as refused:
        load(tmp_path)
    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'alerts.yaml'}: ")
    assert re.search(expected, line), line
    assert "\n" not in line


def test_an_installation_changes_a_limit_turns_a_rule_off_and_adds_one_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("""
rules:
  - {alert: events_wait, above: 900}
  - {alert: backup_old, enabled: false}
  - {alert: disk_low, above: 0.5}
  - {alert: many_events, says: "$value wait", severity: ticket, owner: shop, metric: he_events, above: 1000}
""")
    ours, mine = load().by_name, load(tmp_path).by_name
    assert mine["events_wait"].above == 900
    assert mine["events_wait"].held == ours["events_wait"].held == timedelta(minutes=2)
    assert (mine["disk_low"].above, mine["disk_low"].below) == (0.5, None)
    assert set(ours) ^ set(mine) == {"backup_old", "many_events"}


@pytest.mark.parametrize(
    ("local", "ends"),
    [
        ("2026-11-20T19:59", "2026-11-20T19:59"),
        ("2026-11-20T20:00", "2026-11-21T07:00"),
        ("2026-11-21T06:59", "2026-11-21T07:00"),
        ("2026-11-21T07:00", "2026-11-21T07:00"),
    ],
)
def test_quiet_hours_pass_midnight_in_the_zone_of_those_who_sleep(local: str, ends: str) -> None:
    quiet = Quiet.model_validate({"from": "20:00", "until": "07:00", "zone": "America/New_York"})

    def instant(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}-05:00").astimezone(UTC)

    assert quiet.ends(instant(local)) == instant(ends)
