"""`he-sync match one` on a run that was kept: candidates as text and JSON, or one line that says what to correct."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from he_sync.cli.main import main
from tests.customer_world.world import WORLDS, world
from tests.match.people import written


@pytest.fixture
def call(monkeypatch, capfd):
    """A matching verb as a person calls it."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["he-sync", "match", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("sides")
    left, right, _ = world(1_500, 5, WORLDS["clean"])
    written(folder, "pos.csv", left)
    written(folder, "erp.csv", right)
    return folder, right


@pytest.fixture
def kept(call, files, tmp_path) -> Path:
    code, _, err = call("customers", files[0] / "pos.csv", files[0] / "erp.csv", "--out", tmp_path / "run", "--index")
    assert code == 0, err
    return tmp_path / "run"


def test_a_known_record_is_named_with_decision_and_reasons(call, kept, files, tmp_path, monkeypatch):
    record = next(row for row in files[1].to_dicts() if row["email"] and row["first_name"] and row["street"])
    asked = json.dumps({name: value for name, value in record.items() if name not in ("id", "created")})
    code, out, _ = call("one", kept, "--record", asked, "--json")
    best = json.loads(out)[0]
    assert code == 0
    assert best["id"] in out
    assert best["score"] > 0.9
    assert best["why"]["text"].endswith(f"against {best['why']['against']}")
    path = tmp_path / "record.json"
    path.write_text(asked)
    assert call("one", kept, "--record", path, "--json")[1] == out
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))
    assert call("one", kept, "--record", "-", "--json")[1] == out
    assert f"{best['decision']:6} {best['score']:.4f}" in call("one", kept, "--record", asked)[1]


def test_a_stranger_is_nobody(call, kept):
    asked = json.dumps({"first_name": "Xerxes", "last_name": "Quagmire-Zyx"})
    assert call("one", kept, "--record", asked)[1].startswith("nobody")
    assert json.loads(call("one", kept, "--record", asked, "--json")[1]) == []


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("{'a': 1}", "is no JSON"),
        ("[]", "holds list, not one record"),
        ('{"nickname": "Bob"}', "has no field 'nickname'"),
        ('{"email": ["a@b.co"]}', 'email is ["a@b.co"]; write a text'),
        ('{"id": "7", "email": " "}', "says nothing about a customer"),
        ("nowhere.json", "is neither JSON nor a file"),
    ],
)
def test_what_is_no_record_is_refused_with_one_line(call, kept, record, told):
    code, out, err = call("one", kept, "--record", record)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_a_run_without_an_index_says_how_to_make_one(call, files, tmp_path):
    assert call("customers", files[0] / "pos.csv", "--out", tmp_path / "run")[0] == 0
    code, _, err = call("one", tmp_path / "run", "--record", '{"first_name": "Ann"}')
    assert code == 2
    assert "holds no index" in err
    assert "--index" in err
    assert call("one", tmp_path / "run", "--record", '{"first_name": "Ann"}', "--side", "top")[0] == 2
