"""`he-sync match customers` on files: complete results, or one line that says what to correct and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from he_sync.cli.main import main
from tests.customer_world.world import WORLDS, world
from tests.match.people import records, written

FILES = {"pairs.csv", "clusters.csv", "households.csv", "golden.csv", "blocking.csv", "summary.json", "report.html"}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capfd) -> Callable[..., Done]:
    """The verb as a person calls it."""

    def call(*arguments: object) -> Done:
        monkeypatch.setattr("sys.argv", ["he-sync", "match", "customers", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def refused(run, tmp_path) -> Callable[..., str]:
    """The one line with which bad input is refused; nothing is written."""

    def call(*arguments: object) -> str:
        done = run(*arguments, "--out", tmp_path / "out")
        assert done.code == 2, done.err
        assert done.err.count("\n") == 1, done.err
        assert not (tmp_path / "out").exists()
        return done.err

    return call


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("sides")
    left, right, _ = world(1_500, 5, WORLDS["middling"])
    return written(folder, "pos.csv", left), written(folder, "erp.csv", right)


def test_two_files_are_linked_with_reasons_and_each_record_is_in_one_customer_and_household(run, sides, tmp_path):
    done = run(*sides, "--out", tmp_path, "--json")
    told = json.loads(done.out)
    pairs, clusters = pl.read_csv(tmp_path / "pairs.csv"), pl.read_csv(tmp_path / "clusters.csv")
    households, golden = pl.read_csv(tmp_path / "households.csv"), pl.read_csv(tmp_path / "golden.csv")
    everybody = sum(told["records"].values())
    assert done.code == 0
    assert pairs.columns == ["left_id", "right_id", "score", "decision", "reasons"]
    assert pairs["score"].min() >= 0.01
    assert pairs["left_id"].str.starts_with("A").all()
    assert pairs["right_id"].str.starts_with("B").all()
    assert pairs["reasons"].str.contains("against").all()
    assert clusters.columns == ["id", "side", "cluster_id"]
    assert len(clusters) == len(households) == everybody == clusters.n_unique(["side", "id"])
    assert len(golden) == clusters["cluster_id"].n_unique() == told["customers"]
    assert set(told["traps"]) == {"jr_sr", "twin", "child", "spouse or child", "moved", "maiden", "branch"}
    for looks in told["traps"].values():
        assert looks["match"] + looks["review"] + looks["no"] == looks["candidates"] >= looks["expected"]
    assert households.group_by("cluster_id").agg(pl.col("household_id").n_unique())["household_id"].max() == 1


def test_a_report_is_a_promise_that_all_files_are_there(run, sides, tmp_path):
    assert run(*sides, "--out", tmp_path).code == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= FILES
    assert not [name for name in names if name.endswith(".part")]
    assert "<script" not in (tmp_path / "report.html").read_text()
    last = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert last.name in {"report.html", "summary.json"}


def test_the_summary_says_what_moved_since_an_earlier_run_and_is_the_same_bytes_without_one(run, sides, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    assert run(*sides, "--out", one).code == 0
    assert run(*sides, "--out", other, "--compare-with", one).code == 0
    first, second = (json.loads((folder / "summary.json").read_text()) for folder in (one, other))
    assert second.pop("model_drift")["moved"] == 0
    assert second == first
    mails = pl.read_csv(sides[0], infer_schema=False).with_columns(phone=pl.lit("5035550188"), email=pl.lit(""))
    moved = written(tmp_path, "moved.csv", mails.with_columns(first_name=pl.col("first_name").str.slice(0, 1)))
    done = run(moved, sides[1], "--out", other, "--compare-with", one, "--json")
    worst = json.loads(done.out)["model_drift"]["most"][0]
    assert (worst["of"], worst["field"]) == ("people", "first name")
    assert run(*sides, "--out", other, "--compare-with", tmp_path / "none").code == 2


def test_one_file_is_de_duplicated(run, sides, tmp_path):
    assert run(sides[1], "--out", tmp_path).code == 0
    pairs = pl.read_csv(tmp_path / "pairs.csv")
    assert len(pairs) > 20
    assert pairs["right_id"].str.starts_with("B").all()


def test_columns_of_other_names_are_mapped(run, sides, tmp_path):
    renamed = pl.read_csv(sides[0], infer_schema=False).rename({"first_name": "Given", "phone": "Tel"})
    path = written(tmp_path, "renamed.csv", renamed)
    assert run(path, "--out", tmp_path / "out", "--columns", "first_name=Given,phone=Tel").code == 0


def test_missing_columns_are_named_with_what_to_do(refused, sides, tmp_path):
    path = written(tmp_path, "thin.csv", pl.read_csv(sides[0], infer_schema=False).drop("phone", "zip"))
    assert "thin.csv: lacks phone, zip" in (said := refused(path, sides[1]))
    assert "--columns phone=NAME" in said


def test_an_unknown_encoding_is_named_by_row(run, refused, sides, tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(",".join(records().columns).encode() + b"\nA1,Jos\xe9,Lee,,,,,,,,\n")
    assert "old.csv: row 2 is not utf-8 (byte 0xe9)" in refused(path, sides[1])
    assert run(path, sides[1], "--out", tmp_path / "fine", "--encoding", "latin-1").code == 0


def test_an_empty_side_is_refused(refused, sides, tmp_path):
    assert "none.csv: has no customers" in refused(sides[0], written(tmp_path, "none.csv", records()))


def test_an_id_that_comes_twice_or_not_at_all_is_named_by_row(refused, sides, tmp_path):
    twice = written(tmp_path, "twice.csv", records({"id": "7"}, {"id": "8"}, {"id": "7"}))
    blank = written(tmp_path, "blank.csv", records({"id": "7"}, {"id": " "}))
    assert "id 7 is on rows 2 and 4" in refused(twice, sides[1])
    assert "row 3 has no id" in refused(blank, sides[1])


def test_names_in_any_script_and_files_of_nobody_in_particular_pass(run, tmp_path):
    odd = records({"first_name": "محمد", "last_name": "علي"}, {"first_name": "😀"}, {}, {"last_name": "x" * 5000})
    path = written(tmp_path, "odd.csv", odd)
    assert run(path, path, "--out", tmp_path / "out").code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A1,Ann,Lee,,,,,,,,,,,\n", "odd.csv: row 3 has 14 fields and the header names 11"),
        (b'A1,"Ann,Lee,,,,,,,,\n', "odd.csv: cannot be read as a table"),
        ("\ufeffA1".encode("utf-16"), "odd.csv: row 3 is not utf-8"),
    ],
)
def test_what_is_no_table_is_named_by_row(refused, sides, tmp_path, content, said):
    path = tmp_path / "odd.csv"
    path.write_bytes(",".join(records().columns).encode() + b"\nA0,Ann,Lee,,,,,,,,\n" + content)
    assert said in refused(path, sides[1])


def test_utf_16_is_named_and_semicolons_and_tabs_are_read(run, refused, sides, tmp_path):
    text = pl.read_csv(sides[0], infer_schema=False).write_csv(separator=";")
    wide, tabs = tmp_path / "wide.csv", tmp_path / "tabs.csv"
    wide.write_bytes(text.encode("utf-16"))
    tabs.write_text(text.replace(";", "\t"))
    assert "wide.csv: is UTF-16; name its encoding with --encoding utf-16" in refused(wide, sides[1])
    assert run(wide, "--out", tmp_path / "one", "--encoding", "utf-16").code == 0
    assert run(tabs, "--out", tmp_path / "two").code == 0
    assert (tmp_path / "one" / "pairs.csv").read_bytes() == (tmp_path / "two" / "pairs.csv").read_bytes()


@pytest.mark.parametrize("value", [["2075550123"], b"\xff", {"home": "1"}])
def test_a_column_that_holds_no_text_is_named(refused, sides, tmp_path, value):
    people = pl.read_csv(sides[0], infer_schema=False)
    people.with_columns(phone=pl.Series([value] * len(people))).write_parquet(tmp_path / "odd.parquet")
    assert "odd.parquet: column phone holds" in refused(tmp_path / "odd.parquet", sides[1])


def test_a_folder_in_which_a_file_could_not_be_written_has_no_report(run, sides, tmp_path):
    (tmp_path / "clusters.csv" / "in the way").mkdir(parents=True)
    assert run(*sides, "--out", tmp_path).code == 2
    assert not (tmp_path / "report.html").exists()
