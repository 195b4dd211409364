"""The verbs of a backup on an installation, in processes of their own: made, listed, checked, put back, refused."""

import json
import os
import shutil
import subprocess
import sys

from he_sync.store import effects
from he_sync.store.database import open_store
from tests.store.examples import effect


def said(environ, *words):
    done = subprocess.run(
        [sys.executable, "-m", "he_sync.cli", "backup", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.strip()


def test_an_installation_is_backed_up_listed_checked_and_put_back_by_its_verbs(tmp_path):
    home = tmp_path / "home"
    environ = {**os.environ, "HE_HOME": str(home), "HE_BACKUPS": str(tmp_path / "kept"), "HE_STORE_URL": ""}
    environ |= {"HE_PROFILE": str(home / "profile.yaml")}
    with open_store(home / "he_sync.db") as store:
        effects.plan(store, [effect("order 1")])
    (home / "profile.yaml").write_text("name: Nord\n")
    code, out, error = said(environ, "create", "--json")
    assert (code, error) == (0, "")
    name = json.loads(out)["name"]
    assert [one["name"] for one in json.loads(said(environ, "list", "--json")[1])] == [name]
    assert said(environ, "verify")[0] == 0
    code, _, error = said(environ, "restore")
    assert (code, error.count("\n")) == (2, 0)
    assert "he_sync.db is there; move it away" in error
    shutil.rmtree(home)
    code, out, _ = said(environ, "restore")
    assert code == 0
    assert f"{name} restored" in out
    assert (home / "profile.yaml").read_text() == "name: Nord\n"
    with open_store(home / "he_sync.db") as store:
        assert [one.effect.entity for one in effects.listing(store)] == ["order 1"]
    assert said(environ, "verify", "2001-01-01")[0] == 2
