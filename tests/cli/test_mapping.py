"""`he-sync mapping`: suggestions from files, decisions that hold, and one line for what cannot be read."""

import json
import sys

import pytest

from he_sync.cli.main import main

ITEMS = """public_id,description,price,custom@season
100001,Trail Boot - Red,49.95,FW26
100002,Coastal Hat - Blue,19.99,SS26
"""
PARTS = """PartNum,PartDescription,UnitPrice,OnHold
100120,Alpine Sock - Grey,14.5,False
100121,Urban Belt - Tan,29.5,False
"""


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "parts.csv").write_text(PARTS)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["he-sync", "mapping", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def suggested(folder):
    return {one["source"]: one for one in json.loads((folder / "out.json").read_text())}


def test_a_sample_of_each_side_gives_candidates_with_reasons(run, tmp_path):
    code, said, _ = run("suggest", "items.csv", "parts.csv", "--out", "out.json", "--json")
    assert (code, json.loads(said)["fields"]) == (0, 4)
    found = suggested(tmp_path)
    assert found["description"]["candidates"][0]["target"] == "PartDescription"
    assert found["price"]["candidates"][0]["target"] == "UnitPrice"
    assert set(found["price"]["candidates"][0]) == {"target", "score", "reason"}
    assert found["custom@season"]["none"]


def test_json_schemas_do_as_well_as_samples(run, tmp_path):
    schema = {"properties": {"sku": {"type": "string"}, "address": {"$ref": "#/$defs/place"}},
              "$defs": {"place": {"properties": {"city": {"type": ["string", "null"]}}}}}  # fmt: skip
    (tmp_path / "item.json").write_text(json.dumps(schema))
    (tmp_path / "part.json").write_text(
        json.dumps({"properties": {"City": {"type": "string"}, "Hazmat": {"type": "boolean"}}})
    )
    assert run("suggest", "item.json", "part.json", "--out", "out.json")[0] == 0
    assert suggested(tmp_path)["address.city"]["candidates"][0]["target"] == "City"


def test_a_decision_is_remembered_from_run_to_run(run, tmp_path):
    assert run("decide", "memory.json", "--accept", "custom@season=OnHold", "--reject", "price=UnitPrice")[0] == 0
    assert run("decide", "memory.json", "--accept", "description=-")[0] == 0
    run("suggest", "items.csv", "parts.csv", "--out", "out.json", "--memory", "memory.json")
    found = suggested(tmp_path)
    assert found["custom@season"]["auto"] == "OnHold"
    assert "UnitPrice" not in [one["target"] for one in found["price"]["candidates"]]
    assert found["description"]["none"]


BAD = {
    "missing": (None, "no such file"),
    "empty": (b"", "no fields"),
    "twice": (b"a,b,a\n1,2,3\n", "'a' is there twice"),
    "unnamed": (b"a,,c\n1,2,3\n", "field 2 has no name"),
    "ragged": (b"a,b\n1,2\n1,2,3\n", "row 3 has 3 cells"),
    "latin": ("name,ort\nJosé,Köln\n".encode("latin-1"), "--encoding"),
    "binary": (b"\x00\x01\xff\xfe\x93", "--encoding"),
    "endless": (b'a,b\n"' + b"x" * (17 << 20) + b"\n", "cannot be read as CSV"),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_read_is_one_line_and_leaves_nothing(run, tmp_path, content, says):
    if content is not None:
        (tmp_path / "bad.csv").write_bytes(content)
    before = set(tmp_path.iterdir())
    code, _, error = run("suggest", "bad.csv", "parts.csv", "--out", "out.json")
    assert (code, error.count("\n")) == (2, 1)
    assert "bad.csv" in error
    assert says in error
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("s.json", "[", ("suggest", "s.json", "parts.csv", "--out", "out.json")),
        ("s.json", '{"type": "object"}', ("suggest", "s.json", "parts.csv", "--out", "out.json")),
        ("m.json", '{"accepted": 3}', ("suggest", "items.csv", "parts.csv", "--out", "out.json", "--memory", "m.json")),
        ("m.json", "{}", ("suggest", "items.csv", "parts.csv", "--out", "no/out.json", "--memory", "m.json")),
        ("m.json", "{}", ("decide", "n.json", "--accept", "price")),
        ("m.json", "{}", ("decide", "n.json")),
        ("m.json", "{}", ("suggest", "items.csv", "parts.csv", "--out", "out.json", "--encoding", "klingon")),
    ],
)
def test_a_wrong_schema_memory_decision_or_option_is_one_line(run, tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    code, _, error = run(*words)
    assert (code, error.count("\n")) == (2, 1)


def test_a_cell_of_a_megabyte_and_a_mark_of_an_encoding_are_no_hindrance(run, tmp_path):
    (tmp_path / "items.csv").write_text(ITEMS.replace("Trail Boot - Red", "x" * (1 << 20)), encoding="utf-16")
    assert run("suggest", "items.csv", "parts.csv", "--out", "out.json")[0] == 0
    assert suggested(tmp_path)["price"]["candidates"][0]["target"] == "UnitPrice"
