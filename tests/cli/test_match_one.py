"""`he-sync match one` on a run that was kept: candidates as text and JSON, or one line that says what to correct."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from he_sync.cli.main import main
from he_sync.match.online.index import index
from he_sync.match.online.stored import save
from he_sync.match.reading import customers
from he_sync.match.run import match
from he_sync.match.writing import write
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


@pytest.fixture(scope="module")
def kept(files) -> Path:
    """A run of both files with its index."""
    outcome = match(*(customers(files[0] / f"{side}.csv") for side in ("pos", "erp")))
    write(outcome, files[0] / "run")
    save(index(outcome), files[0] / "run")
    return files[0] / "run"


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


def test_a_later_run_compares_what_is_new_and_says_when_to_learn_anew(call, kept, files, tmp_path):
    left = pl.read_csv(files[0] / "pos.csv", infer_schema=False)
    grown = left.vstack(left.head(20).with_columns(id="N" + pl.col("id")))
    more = written(tmp_path, "more.csv", grown)
    out = tmp_path / "later"
    asked = ("customers", more, files[0] / "erp.csv", "--previous", kept, "--out", out, "--index")
    code, text, err = call(*asked, "--json")
    assert code == 0, err
    told = json.loads(text)["previous"]
    assert (told["new"], told["changed"], told["removed"], told["full_run_due"]) == (20, 0, 0, False)
    assert 20 <= told["compared"] < 0.1 * json.loads(text)["candidates"]
    assert "20 new, 0 changed, 0 gone" in call(*asked)[1]
    first, second = (pl.read_csv(folder / "clusters.csv", infer_schema=False) for folder in (kept, out))
    both = first.join(second, on=["id", "side"])
    assert (both["cluster_id"] == both["cluster_id_right"]).mean() > 0.99
    assert call("one", out, "--record", '{"first_name": "Ann"}')[0] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--precision", "0.9"), "ran with --precision 0.99"),
        (("--clean", "left"), "its own --clean"),
        ((), "ran on two files"),
    ],
)
def test_what_an_earlier_run_cannot_give_is_refused(call, kept, options, told):
    folder = kept.parent
    sides = (folder / "pos.csv", folder / "erp.csv") if options else (folder / "pos.csv",)
    code, _, err = call("customers", *sides, "--previous", kept, "--out", folder / "no", *options)
    assert (code, err.count("\n")) == (2, 1)
    assert told in err
    assert not (folder / "no").exists()
