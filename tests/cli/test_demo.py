"""`he-sync demo` as a user runs it: a process of its own, through Dagster, judged by its exit code and its JSON."""

import json
import subprocess
import sys


def test_the_demo_finds_every_planted_difference_writes_each_once_and_nothing_the_second_time(tmp_path):
    command = [sys.executable, "-m", "he_sync.cli", "demo", "--json", "--home", str(tmp_path / "demo"), "--seed", "12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["problems"] == []
    assert outcome["written_again"] == 0
    assert outcome["written"] > 0
    assert len(outcome["classes"]) >= 20
