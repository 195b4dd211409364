"""What the page says of files is what the code reads and writes: columns, classes of findings, and its rules file."""

import re

import pytest

from he_sync.reconcile.chain.rules import read_rules
from he_sync.reconcile.given.columns import RATES, RELATIONS
from he_sync.reconcile.output import BREAKS, LINKS
from tests.docs.test_docs import ROOT, blocks

PAGE = (ROOT / "docs/reconciliation.md").read_text()
FILES = PAGE[PAGE.index("| file of DIR |") : PAGE.index("Money is int64")]
OUT = PAGE[PAGE.index("| file of OUT |") : PAGE.index("Rows with one key")]


@pytest.mark.parametrize("name", [*RELATIONS, RATES.name])
def test_every_file_is_in_the_table_with_its_key_and_all_its_columns(name):
    relation = RELATIONS.get(name, RATES)
    [row] = [line for line in FILES.strip().splitlines() if f"`{name}`" in line.split("|")[1]]
    said = set(re.findall(r"[a-z_]+", row))
    assert {one.name for one in relation.columns} - {"currency"} <= said
    assert set(relation.key) <= said


@pytest.mark.parametrize(("name", "columns"), [("links", LINKS), ("breaks", BREAKS)])
def test_the_columns_of_the_outputs_are_listed_in_their_order(name, columns):
    [row] = [line for line in OUT.splitlines() if line.startswith(f"| `{name}`")]
    assert re.sub(r" \(`[^)]*\)", "", row.split("|")[2].split(";")[0]).strip() == ", ".join(columns)


def test_the_rules_file_of_the_page_is_read_and_does_what_it_says(tmp_path):
    [text] = blocks(PAGE, "yaml")
    (tmp_path / "rules.yaml").write_text(text)
    rules = read_rules(tmp_path / "rules.yaml")
    assert not rules.uses("PL", "amount_day_before")
    assert rules.uses("PL", "amount_day")
    assert rules.tolerance("BD", "USD", 9001).allows(1000, 5)
