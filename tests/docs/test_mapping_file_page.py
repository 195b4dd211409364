"""What the page says of mapping files happens: its file is right, its commands run, its lists are the lists."""

import json
import re
import shlex
import sys

import pytest

from he_sync.cli.main import main
from he_sync.mapping.expressions.functions import SPOKEN
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.schema import schema
from he_sync.mapping.spec.steps import STEPS
from he_sync.mapping.spec.trying import tried
from tests.docs.test_docs import ROOT, blocks

PAGE = (ROOT / "docs/mapping.md").read_text()
[FILE] = blocks(PAGE, "yaml")


def test_the_file_shown_is_right_and_its_tests_hold():
    assert [one.wrong for one in tried(engine(FILE))] == ["", ""]


def test_the_commands_run_on_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "mapping.yaml").write_text(FILE)
    orders = [
        {"id": 7, "status": "open", "total": 120.1, "lines": []},
        {"id": 8, "status": "odd"},
        {"id": 9, "status": "void"},
    ]
    (tmp_path / "orders.json").write_text(json.dumps(orders))
    monkeypatch.chdir(tmp_path)
    for line in blocks(PAGE, "sh")[1].strip().splitlines():
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, line
    assert "1 mapped, 1 left out, 1 rejected" in capsys.readouterr().out
    [mapped] = [json.loads(line) for line in (tmp_path / "mapped.jsonl").read_text().splitlines()]
    assert (mapped["PONum"], mapped["DocOrderAmt"], mapped["TermsCode"]) == ("WEB-7", 120.10, "N30")
    [rejected] = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert (rejected["row"], rejected["field"]) == (2, "TermsCode")


def test_without_a_place_for_rejected_records_nothing_is_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "mapping.yaml").write_text(FILE)
    (tmp_path / "orders.jsonl").write_text('{"id": 7, "status": "open"}\n{"id": 8, "status": "odd"}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["he-sync", "mapping", "apply", "mapping.yaml", "orders.jsonl", "--out", "out.jsonl"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "record 2: TermsCode 'odd' is not in the table terms" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_every_step_and_function_is_named_and_no_other():
    steps = re.search(r"\*\*Steps\*\*: (.*?)\. The canvas", PAGE, re.DOTALL)[1]
    assert re.findall(r"`(\w+)`", steps) == list(STEPS)
    functions = re.search(r"and the functions\s(.*?)\. A\s", PAGE, re.DOTALL)[1]
    assert [one.strip() for one in functions.replace("\n", " ").split(",")] == list(SPOKEN)


def test_an_editor_that_holds_the_file_against_the_schema_finds_what_the_check_finds():
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    judge = jsonschema.Draft202012Validator(schema())
    plain = yaml.load(FILE, yaml.BaseLoader)
    plain |= {"version": 1, "tests": []}
    for entry in plain["map"].values():
        for step in entry.get("steps", []):
            if isinstance(step, dict) and "round" in step:
                step["round"] = int(step["round"])
    assert list(judge.iter_errors(plain)) == []
    plain["map"]["PONum"] = {"form": "id"}
    plain["map"]["OTSCity"]["steps"] = ["trimm"]
    assert {tuple(one.absolute_path)[:2] for one in judge.iter_errors(plain)} == {("map", "PONum"), ("map", "OTSCity")}
