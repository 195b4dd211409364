"""What the page says of suggestions happens: its commands run on its files and give what it shows."""

import json
import shlex
import sys

import pytest

from he_sync.cli.main import main
from tests.docs.test_docs import ROOT, blocks

PAGE = (ROOT / "docs/mapping.md").read_text()


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder in which every command of the page has run."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in zip(("items.csv", "parts.csv"), blocks(PAGE, "csv"), strict=True):
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in blocks(PAGE, "sh")[0].strip().splitlines():
            patch.setattr(sys, "argv", shlex.split(line))
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 0, line
    return folder


def test_the_entry_shown_is_one_of_those_written(ran):
    [shown] = json.loads(blocks(PAGE, "json")[0])
    [written] = [one for one in json.loads((ran / "suggestions.json").read_text()) if one["source"] == shown["source"]]
    assert set(written) == set(shown)
    assert written["auto"] == shown["auto"]
    [first, *_], [said] = written["candidates"], shown["candidates"]
    assert (first["target"], round(first["score"], 3)) == (said["target"], said["score"])
    assert first["reason"].startswith(said["reason"])


def test_the_decisions_of_the_page_hold(ran):
    found = {one["source"]: one for one in json.loads((ran / "suggestions.json").read_text())}
    assert found["custom@season"]["auto"] == "UserChar1"
    assert found["sort_key"]["none"]
    assert found["sort_key"]["candidates"] == []
