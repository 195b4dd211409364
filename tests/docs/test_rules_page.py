"""The commands of the page on rules, in its order, on files of the shapes that it names."""

import json
import shlex
import sys

import numpy as np
import pandas as pd
import pytest

from he_sync.cli.main import main
from he_sync.flows.spec import parse
from he_sync.quality.rules.breaking import BREAKS
from he_sync.quality.rules.rule import KINDS
from tests.docs.test_docs import ROOT, blocks

PAGE = (ROOT / "docs/rules.md").read_text()
FLOW = next(block for block in blocks((ROOT / "docs/flows.md").read_text(), "yaml") if "name: outlet_orders" in block)


NAMED = {"LINES_TOTAL": ("proposals.json", "total = net + tax"), "ORDERS_OVER": ("routes.json", '"over"')}


def lines(seed):
    draw = np.random.default_rng(seed)
    net, tax = draw.integers(100, 9_000, 300), draw.integers(1, 900, 300)
    items = draw.integers(0, 30, 300)
    return pd.DataFrame({"line_id": range(300), "item_no": items, "net": net, "tax": tax, "total": net + tax})


def history():
    draw, n = np.random.default_rng(2), 3_000
    amount = draw.integers(1, 9_000, n)
    rejected = draw.random(n) < np.where(amount > 5_000, 0.3, 0.002)
    return pd.DataFrame({"amount": amount, "decision": np.where(rejected, "rejected", "approved")})


@pytest.fixture
def he_sync(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "next").mkdir()
    (tmp_path / "faulty").mkdir()
    lines(1).to_csv("lines.csv", index=False)
    lines(2).to_csv("next/lines.csv", index=False)
    lines(3).assign(total=7).to_csv("faulty/lines.csv", index=False)
    pd.DataFrame({"item_no": range(30)}).to_csv("items.csv", index=False)
    history().to_csv("decisions.csv", index=False)
    tender = np.array(["visa", "cash"] * 200)
    ledger = pd.DataFrame({"payment_type": tender, "account": np.where(tender == "visa", 1150, 1155)})
    ledger.to_csv("ledger.csv", index=False)
    (tmp_path / "defs.yaml").write_text(FLOW)

    def call(line):
        monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capfd.readouterr().err

    return call


def _with_id(line, folder):
    """The page names a rule by what it says; a person has its id from the file."""
    for word, (name, said) in NAMED.items():
        if word in line:
            given = json.loads((folder / name).read_text())
            listed = (*given["rules"], *given.get("routes", ()))
            line = line.replace(word, next(one["id"] for one in listed if said in json.dumps(one)))
    return line


def test_every_command_of_the_page_ends_as_it_says(he_sync, tmp_path):
    for line in "".join(blocks(PAGE, "sh")).splitlines():
        code, err = he_sync(_with_id(line, tmp_path))
        assert code == int("exit 1" in line), f"{line}\n{err}"
    assert parse(tmp_path / "defs.yaml").route[0].over == 5_000
    assert len(json.loads((tmp_path / "rules.json").read_text())["rules"]) == 2


def test_the_table_of_kinds_is_that_of_the_code():
    table = PAGE[PAGE.index("| kind | what it says") :]
    named = {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")} - {"kind"}
    assert named == set(KINDS) - {"account"} == set(BREAKS) - {"account"}
